"""Reads."""

from .customers import (
    customers,
    customers_like,
    enrollments,
    past_participations,
    reservations,
)
from .participations import (
    ParticipationKey,
    ParticipationRow,
    Wanted,
    device_ids,
    participation_status,
    participations,
)
from .program_events import (
    loads_under_way,
    program_event_named,
    program_events,
    programs_with_use,
    what_happened,
)

__all__ = [
    "ParticipationKey",
    "ParticipationRow",
    "Wanted",
    "customers",
    "customers_like",
    "device_ids",
    "enrollments",
    "loads_under_way",
    "participation_status",
    "participations",
    "past_participations",
    "program_event_named",
    "program_events",
    "programs_with_use",
    "reservations",
    "what_happened",
]
