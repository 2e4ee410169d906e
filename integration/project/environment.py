"""Reading environment variables for the settings."""

import os
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

SECRET_CHARACTERS = 32
PICTURES = (".svg", ".png", ".webp", ".jpg")
LARGEST_PICTURE = 262_144  # bytes; each page shows it


def env_required(name: str, what: str) -> str:
    """A variable without a default. Raises ImproperlyConfigured, naming it, if it is not set."""
    if not os.environ.get(name):
        raise ImproperlyConfigured(f"Set {name}: {what}. Without your own servers, start Gridcall with manage.py.")
    return os.environ[name]


def env_secret(name: str, what: str) -> str:
    """A secret. Raises ImproperlyConfigured, naming it, if it is not set or could be guessed."""
    secret = env_required(name, what)
    if len(secret) < SECRET_CHARACTERS:
        raise ImproperlyConfigured(
            f"{name} has {len(secret)} characters; it needs {SECRET_CHARACTERS} or more: {what}."
        )
    return secret


def env_bool(name: str, default: bool) -> bool:
    """Whether a variable is 1, true, yes or on, in any case."""
    return os.environ.get(name, str(int(default))).lower() in {"1", "true", "yes", "on"}


def env_month_day(name: str, default: str) -> str:
    """A day of every year, MM-DD. Raises ImproperlyConfigured, naming the variable, if it is none or 29 February."""
    value = os.environ.get(name, default)
    try:
        if date.fromisoformat(f"2001-{value}").strftime("%m-%d") == value:
            return value
    except ValueError:
        pass
    raise ImproperlyConfigured(f"{name} is “{value}”; it must be a month and a day, such as 04-01 for 1 April.")


def env_zone(name: str, default: str) -> ZoneInfo:
    """A time zone. Raises ImproperlyConfigured, naming the variable, if there is none of this name."""
    value = os.environ.get(name) or default
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as problem:
        raise ImproperlyConfigured(f"{name} is “{value}”; it must be a time zone such as Europe/Berlin.") from problem


def env_picture(name: str) -> Path | None:
    """The file of a picture, None without one. Raises ImproperlyConfigured, naming it, for a file that is no picture.

    What is in the file is not looked at: only who runs Gridcall chooses it.
    """
    if not os.environ.get(name):
        return None
    path = Path(os.environ[name])
    if path.suffix.lower() not in PICTURES or not path.is_file():
        raise ImproperlyConfigured(f"{name} is “{path}”; it must be a file that ends in {', '.join(PICTURES)}.")
    if (size := path.stat().st_size) > LARGEST_PICTURE:
        raise ImproperlyConfigured(f"{name}: “{path}” has {size:,} bytes; at most {LARGEST_PICTURE:,} are accepted.")
    return path


def env_list(name: str, default: str) -> list[str]:
    """The entries of a comma-separated variable; the default has the same form."""
    return [entry.strip() for entry in os.environ.get(name, default).split(",") if entry.strip()]


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """The networks of a comma-separated variable. Raises ImproperlyConfigured, naming it, if an entry is none."""
    try:
        return [ip_network(entry) for entry in env_list(name, "")]
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name}: {problem}; it lists networks such as 192.0.2.0/24.") from problem


def env_pairs(name: str) -> list[tuple[str, str]]:
    """The entries “left=right” of a comma-separated variable. Raises ImproperlyConfigured, naming it, for another."""
    pairs = [entry.rpartition("=") for entry in env_list(name, "")]
    if not all(left and right for left, _, right in pairs):
        raise ImproperlyConfigured(f"{name}: each entry is like value=Role, and entries are separated by commas.")
    return [(left.strip(), right.strip()) for left, _, right in pairs]


def env_broker(name: str) -> str:
    """The address of a broker for MQTT, empty for none. Raises ImproperlyConfigured, naming it, without its value."""
    value = os.environ.get(name, "")
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("mqtt", "mqtts") and parts.hostname and parts.port != 0
        is_plain = not (parts.path.strip("/") or parts.query or parts.fragment)
    except ValueError:  # of the port
        is_one = is_plain = False
    if value and not (is_one and is_plain):
        raise ImproperlyConfigured(f"{name} must have the form mqtts://user:password@host:8883.")
    return value
