"""Reading environment variables for the settings."""

import os

from django.core.exceptions import ImproperlyConfigured


def env_required(name: str, what: str) -> str:
    """A variable that has no default. Raises ImproperlyConfigured, which names it."""
    if not os.environ.get(name):
        raise ImproperlyConfigured(f"Set {name}: {what}. Without servers of your own, start Gridcall by manage.py.")
    return os.environ[name]


def env_bool(name: str, default: bool) -> bool:
    """Whether a variable says yes: 1, true, yes or on, in any case."""
    return os.environ.get(name, str(int(default))).lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str) -> list[str]:
    """The entries of a variable, which commas separate; the default has the same form."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]
