"""Prepares a database for Gridcall."""

from django.core.management import call_command


def prepare_database() -> None:
    """Apply migrations and create the cache's table; what exists already stays."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
