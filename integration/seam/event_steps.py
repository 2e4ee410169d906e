"""What an event's planner committed to, counts on and hears of, for pages of other systems."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.module_loading import import_string

from .routes import EVENT_STEPS


class EventStep(NamedTuple):
    """A period in which nothing changes, in W: the target, what is expected of the devices, and what was reported."""

    starts_at: datetime
    ends_at: datetime
    committed_w: float | None
    expected_w: float
    reported_w: float | None


def steps_of(event_uid: UUID) -> list[EventStep]:
    """The steps of an event in chronological order; none if it was planned outside."""
    found: list[EventStep] = import_string(EVENT_STEPS)(event_uid)
    return found
