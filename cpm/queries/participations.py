"""Event participations: what is stored, and the status that follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.outcomes import Outcome
from integration.seam.sql import statement

from ..choices import ParticipationStatus, ProgramEventState

# A device takes part in one program event after another, so one statement may look into many of them at once.
PROGRAM_EVENTS_AT_ONCE = 100
CALLED_OFF = Q(state=ProgramEventState.CANCELED, started_at=None)
# Which program events can hold rows of a status, by their counters alone.
_CAN_HOLD = {
    ParticipationStatus.CLOSED: Q(closed__gt=0),
    ParticipationStatus.CANCELED: CALLED_OFF & Q(closed__lt=F("participations")),
    ParticipationStatus.RESERVED: ~CALLED_OFF & Q(closed__lt=F("participations")),
}


class ParticipationKey(NamedTuple):
    """Names one participation, and by it a place in the list."""

    program_event_id: int
    device_id: int


@dataclass(frozen=True)
class Wanted:
    """What to look for: nothing means everything. `program_events` narrows these by their own fields."""

    program_events: Q = field(default_factory=Q)
    device_ids: list[int] | None = None
    status: str | None = None
    outcome: str | None = None


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
    """One participation with the program event and the device (and its customer) it belongs to."""

    facts: Facts
    program_event: ProgramEvent
    device: Device

    @property
    def key(self) -> ParticipationKey:
        return ParticipationKey(self.facts.program_event_id, self.facts.device_id)

    @property
    def outcome(self) -> str:
        """The outcome in words, empty while there is none."""
        return _(Outcome(self.facts.code).about.label) if self.facts.code else ""


def participations(wanted: Wanted, *, after: ParticipationKey | None = None, limit: int) -> list[ParticipationRow]:
    """Participations by program event, the newest first, and device."""
    found: list[Facts] = []
    for program_event_ids, after_device in _stretches(wanted, after):
        found += _facts(wanted, program_event_ids, after_device, limit - len(found))
        if len(found) == limit:
            break
    events = ProgramEvent.objects.select_related("program__type").in_bulk({f.program_event_id for f in found})
    devices = Device.objects.select_related("location__customer").in_bulk({f.device_id for f in found})
    return [ParticipationRow(f, events[f.program_event_id], devices[f.device_id]) for f in found]


def device_ids(*, device: str = "", customer: str = "", most: int) -> list[int] | None:
    """Devices by the beginning of their NIC id (or head end/NIC id), and by their customer's number or account.

    At most `most`; None where neither is asked for.
    """
    if not (device or customer):
        return None
    found = Device.objects.order_by("pk")
    if device:
        head_end, _, nic_id = device.rpartition("/")
        found = found.filter(nic_id__startswith=nic_id)
        found = found.filter(head_end=head_end) if head_end else found
    if customer:
        words = {customer, customer.upper()}
        found = found.filter(Q(location__customer__number__in=words) | Q(location__customer__account__in=words))
    return list(found.values_list("pk", flat=True)[:most])


def _stretches(wanted: Wanted, after: ParticipationKey | None) -> Iterator[tuple[tuple[int, ...], int]]:
    """Which program events to look into, one statement at a time, and behind which device in them.

    A list goes through them one by one, because only then does the partition's key give the order; the few rows of
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
    params: dict[str, Any] = {
        "program_events": program_event_ids,
        "after_device": after_device,
        "devices": wanted.device_ids,
        "outcome": wanted.outcome,
        "status": wanted.status,
        "limit": limit,
    }
    query = statement("cpm", "participations", status=statement("cpm", "participation_status"))
    return [Facts(*row) for row in sql.rows(query, params)]
