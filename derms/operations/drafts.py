"""What a person has typed on New Event, kept until they save it or start anew."""

from datetime import datetime
from typing import Any

from ..models import EventDraft


def keep_draft(*, person: Any, typed: str, now: datetime) -> EventDraft:
    """Keep what stands in the form, in place of what stood there before."""
    draft, _is_new = EventDraft.objects.update_or_create(person=person, defaults={"typed": typed, "kept_at": now})
    return draft


def discard_draft(*, person: Any) -> None:
    """Forget it: it was saved as an event, or the person starts anew."""
    EventDraft.objects.filter(person=person).delete()
