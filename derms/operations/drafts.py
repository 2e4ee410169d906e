"""Drafts of events: what a person typed on New Event, kept until they save it or start over."""

from datetime import datetime
from typing import Any

from ..models import EventDraft


def keep_draft(*, person: Any, typed: str, now: datetime) -> EventDraft:
    """Keep the form's contents in place of the person's previous draft."""
    draft, _is_new = EventDraft.objects.update_or_create(person=person, defaults={"typed": typed, "kept_at": now})
    return draft


def discard_draft(*, person: Any) -> None:
    """Delete the person's draft: it was saved as an event, or they start over."""
    EventDraft.objects.filter(person=person).delete()
