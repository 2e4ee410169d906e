"""What people look for in Event Participation: which program events can have it, and the condition on their rows."""

from dataclasses import dataclass, field, fields
from typing import Any

from django.db.models import F, Q, QuerySet

from cpm.models.program_events import ProgramEvent
from integration.seam.sql import Sql, compose, statement

from ..choices import ParticipationStatus, ProgramEventState

CALLED_OFF = Q(state=ProgramEventState.CANCELED, started_at=None)
_IS_OPEN = Q(closed__lt=F("participations"))
# Which program events can have rows with a status, according to their counters.
_CAN_HOLD = {
    ParticipationStatus.CLOSED: Q(closed__gt=0),
    ParticipationStatus.CANCELED: CALLED_OFF & _IS_OPEN,
    ParticipationStatus.RESERVED: ~CALLED_OFF & _IS_OPEN,
    ParticipationStatus.OPTED_OUT: ~CALLED_OFF & _IS_OPEN & Q(reserved__lt=F("participations")),
    ParticipationStatus.RELEASED: ~CALLED_OFF & _IS_OPEN & Q(reserved__lt=F("participations")),
}


@dataclass(frozen=True)
class Wanted:
    """What to look for; nothing means everything. `program_events` filters by their own fields."""

    program_events: Q = field(default_factory=Q)
    device_ids: list[int] | None = None
    status: str | None = None
    outcome: str | None = None
    flag: bool | None = None
    head_end: str | None = None
    feeder: str | None = None
    reduction: str | None = None

    @property
    def of_rows(self) -> frozenset[str]:
        """The names of the filters by facts of single rows."""
        names = {one.name for one in fields(self)} - {"program_events"}
        return frozenset(name for name in names if getattr(self, name) is not None)


def candidates(wanted: Wanted) -> QuerySet[ProgramEvent]:
    """The program events that can have such rows, according to their counters."""
    if wanted.device_ids == [] or (wanted.outcome and wanted.status not in (None, ParticipationStatus.CLOSED)):
        return ProgramEvent.objects.none()
    events = ProgramEvent.objects.filter(wanted.program_events, participations__gt=0)
    if wanted.status:
        events = events.filter(_CAN_HOLD[ParticipationStatus(wanted.status)])
    if wanted.outcome:
        events = events.filter(outcomes__has_key=wanted.outcome)
    return events


def matching(*, joined: Sql | None = None) -> Sql:
    """The part of a statement that finds the rows; `joined` are more joins to them."""
    status = statement("cpm", "participation_status")
    return statement("cpm", "matching_participations", status=status, joined=joined or compose(""))


def parameters(wanted: Wanted, program_event_ids: tuple[int, ...], after_device: int = 0) -> dict[str, Any]:
    """The parameters of `matching`: the rows of these program events after a device."""
    return {
        "program_events": program_event_ids,
        "after_device": after_device,
        "devices": wanted.device_ids,
        "outcome": wanted.outcome,
        "status": wanted.status,
        "flag": wanted.flag,
        "head_end": wanted.head_end,
        "feeder": wanted.feeder,
        "reduction": wanted.reduction,
    }
