"""Event participations: what is stored, and the status derived from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.outcomes import Outcome
from integration.seam.sql import Sql, statement

from ..choices import ParticipationStatus, ProgramEventState

# A device has one row per program event, so one statement may search many program events.
PROGRAM_EVENTS_AT_ONCE = 100
CALLED_OFF = Q(state=ProgramEventState.CANCELED, started_at=None)
# Which program events can have rows with a status, according to their counters.
_CAN_HOLD = {
    ParticipationStatus.CLOSED: Q(closed__gt=0),
    ParticipationStatus.CANCELED: CALLED_OFF & Q(closed__lt=F("participations")),
    ParticipationStatus.RESERVED: ~CALLED_OFF & Q(closed__lt=F("participations")),
    ParticipationStatus.OPTED_OUT: ~CALLED_OFF & Q(closed__lt=F("participations"), reserved__lt=F("participations")),
    ParticipationStatus.RELEASED: ~CALLED_OFF & Q(closed__lt=F("participations"), reserved__lt=F("participations")),
}


class ParticipationKey(NamedTuple):
    """Identifies a participation, and so a place in the list."""

    program_event_id: int
    device_id: int


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
    def is_of_rows(self) -> bool:
        """Whether it asks for more than program events, so that their counters can't answer it."""
        asked = (self.device_ids, self.status, self.outcome, self.flag, self.head_end, self.feeder, self.reduction)
        return any(value is not None for value in asked)


class Facts(NamedTuple):
    """One row as it is stored, and its status."""

    program_event_id: int
    device_id: int
    reservation_flag: bool
    expected_w: int
    preemptive_opt_out: bool
    code: str | None
    started_at: datetime | None
    ended_at: datetime | None
    reduction_w: int | None
    error: str
    status: str


@dataclass(frozen=True)
class ParticipationRow:
    """One participation with its program event and its device (and customer)."""

    facts: Facts
    program_event: ProgramEvent
    device: Device

    @property
    def key(self) -> ParticipationKey:
        return ParticipationKey(self.facts.program_event_id, self.facts.device_id)

    @property
    def outcome(self) -> str:
        """The label of the outcome; empty while there is none."""
        return _(Outcome(self.facts.code).about.label) if self.facts.code else ""


def participations(wanted: Wanted, *, after: ParticipationKey | None = None, limit: int) -> list[ParticipationRow]:
    """Participations ordered by program event, the newest first, and device."""
    found: list[Facts] = []
    for program_event_ids, after_device in _stretches(wanted, after):
        found += _facts(wanted, program_event_ids, after_device, limit - len(found))
        if len(found) == limit:
            break
    events = ProgramEvent.objects.select_related("program__type").in_bulk({f.program_event_id for f in found})
    devices = Device.objects.select_related("location__customer").in_bulk({f.device_id for f in found})
    return [ParticipationRow(f, events[f.program_event_id], devices[f.device_id]) for f in found]


def participation_total(wanted: Wanted, *, of_one_event: bool) -> int | None:
    """Count what matches; None if that would read the devices of many program events."""
    if not wanted.is_of_rows:
        events = ProgramEvent.objects.filter(wanted.program_events)
        return int(events.aggregate(total=Sum("participations", default=0))["total"])
    if not of_one_event and wanted.device_ids is None:
        return None
    query = statement("cpm", "count_participations", matching=_matching())
    return sum(int(sql.row(query, _params(wanted, ids, after))[0]) for ids, after in _stretches(wanted, None))


def device_ids(*, device: str = "", customer: str = "", most: int) -> list[int] | None:
    """Find devices by the start of their NIC id (or head end/NIC id), and by their customer's number or account.

    Returns at most `most` ids; None if neither is given.
    """
    if not (device or customer):
        return None
    found = Device.objects.order_by("pk")
    if device:
        head_end, _, nic_id = device.rpartition("/")
        found = found.filter(nic_id__startswith=nic_id)
        found = found.filter(head_end=head_end) if head_end else found
    if customer:
        keys = {customer, customer.upper()}
        found = found.filter(Q(location__customer__number__in=keys) | Q(location__customer__account__in=keys))
    return list(found.values_list("pk", flat=True)[:most])


def _stretches(wanted: Wanted, after: ParticipationKey | None) -> Iterator[tuple[tuple[int, ...], int]]:
    """The program events to search in each statement, and the device after which to continue.

    A list searches them one by one, because only then does the partition's key provide the order. The few rows of
    chosen devices are sorted instead.
    """
    ids = _candidate_ids(wanted)
    if after and after.program_event_id in ids:
        yield (after.program_event_id,), after.device_id
    rest = [pk for pk in ids if not after or pk < after.program_event_id]
    step = 1 if wanted.device_ids is None else PROGRAM_EVENTS_AT_ONCE
    for start in range(0, len(rest), step):
        yield tuple(rest[start : start + step]), 0


def _candidate_ids(wanted: Wanted) -> list[int]:
    if wanted.device_ids == []:
        return []
    events = ProgramEvent.objects.filter(wanted.program_events, participations__gt=0)
    if wanted.status:
        events = events.filter(_CAN_HOLD[ParticipationStatus(wanted.status)])
    if wanted.outcome:
        events = events.filter(outcomes__has_key=wanted.outcome)
    return list(events.order_by("-pk").values_list("pk", flat=True))


def _facts(wanted: Wanted, program_event_ids: tuple[int, ...], after_device: int, limit: int) -> list[Facts]:
    query = statement("cpm", "participations", status=statement("cpm", "participation_status"), matching=_matching())
    return [
        Facts(*row) for row in sql.rows(query, {**_params(wanted, program_event_ids, after_device), "limit": limit})
    ]


def _matching() -> Sql:
    return statement("cpm", "matching_participations", status=statement("cpm", "participation_status"))


def _params(wanted: Wanted, program_event_ids: tuple[int, ...], after_device: int) -> dict[str, Any]:
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
