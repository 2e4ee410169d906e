"""Reading environment variables for the settings."""

import os

from django.core.exceptions import ImproperlyConfigured


def env_required(name: str, what: str) -> str:
    """A variable without a default. Raises ImproperlyConfigured, naming it, if it is not set."""
    if not os.environ.get(name):
        raise ImproperlyConfigured(f"Set {name}: {what}. Without your own servers, start Gridcall with manage.py.")
    return os.environ[name]


def env_bool(name: str, default: bool) -> bool:
    """Whether a variable is 1, true, yes or on, in any case."""
    return os.environ.get(name, str(int(default))).lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str) -> list[str]:
    """The entries of a comma-separated variable; the default has the same form."""
    return [entry.strip() for entry in os.environ.get(name, default).split(",") if entry.strip()]
