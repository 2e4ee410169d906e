"""Reads."""

from .customers import current_enrollments, customers, customers_like, ended_enrollments, past_participations
from .participations import (
    ParticipationKey,
    ParticipationRow,
    Wanted,
    device_ids,
    participation_status,
    participations,
)
from .program_events import (
    event_history,
    is_settled,
    loads_under_way,
    participation_history,
    program_event_named,
    program_events,
    programs_with_use,
)

__all__ = [
    "ParticipationKey",
    "ParticipationRow",
    "Wanted",
    "current_enrollments",
    "customers",
    "customers_like",
    "device_ids",
    "ended_enrollments",
    "event_history",
    "is_settled",
    "loads_under_way",
    "participation_history",
    "participation_status",
    "participations",
    "past_participations",
    "program_event_named",
    "program_events",
    "programs_with_use",
]
