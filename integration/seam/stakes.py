"""What depends on a stage: how many kW and customers an alert is about."""

from uuid import UUID

from django.utils.module_loading import import_string

from .recorded import recorded
from .routes import STAKES

AT_STAKE = recorded("At stake: %(what)s.")


def stakes_of(stage_uid: UUID | None) -> str:
    """Return a sentence for the end of an alert, empty if nothing is known of the stage."""
    known = [] if stage_uid is None else [import_string(name)(stage_uid) for name in STAKES]
    words = ", ".join(filter(None, known))
    return AT_STAKE(what=words) if words else ""
