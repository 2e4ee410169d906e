"""Making a database ready for Gridcall."""

from django.core.management import call_command


def prepare_database() -> None:
    """Migrate, and make the table of the cache; what is there already stays."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
