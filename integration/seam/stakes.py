"""What depends on a stage: how many kW and customers an alert is about."""

from uuid import UUID

from django.utils.module_loading import import_string

from .routes import STAKES


def stakes_of(stage_uid: UUID | None) -> str:
    """Return a sentence for the end of an alert, with a space before it; empty if nothing is known of the stage."""
    known = [] if stage_uid is None else [import_string(name)(stage_uid) for name in STAKES]
    words = ", ".join(filter(None, known))
    return f" At stake: {words}." if words else ""
