"""Event participations: what is stored, and the status derived from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.outcomes import Outcome
from integration.seam.sql import Sql, compose, statement

from .participation_orders import (
    NEWEST_FIRST,
    RowOrder,
    by_value,
    direction,
    first_rows,
    in_order,
    row_order,
    without_value,
)
from .wanted import Wanted, candidates, matching, parameters

# A device has one row per program event, so one statement may search many program events.
PROGRAM_EVENTS_AT_ONCE = 100
# Of one program event the partition's key provides the order.
_BY_DEVICE = compose("p.device_id")
_BY_EVENT_AND_DEVICE = compose("array_position(%(order)s::bigint[], p.program_event_id), p.device_id")


class ParticipationKey(NamedTuple):
    """Identifies a participation."""

    program_event_id: int
    device_id: int


class Place(NamedTuple):
    """A place in the list: a row, and the value by which the list is ordered; None if it has none."""

    key: ParticipationKey
    value: Any = None


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

    def place(self, sort: str) -> Place:
        """Its place in a list of this order."""
        return Place(self.key, self._values[sort.removeprefix("-")] if row_order(sort) else None)

    @property
    def _values(self) -> dict[str, Any]:
        """Its values by the name of the order of rows."""
        facts = self.facts
        return {
            "customer": self.device.location.customer.number,
            "outcome": facts.code,
            "actual": facts.started_at,
            "expected": facts.expected_w,
            "reduction": facts.reduction_w,
        }


def participations(
    wanted: Wanted, *, sort: str = NEWEST_FIRST, after: Place | None = None, limit: int
) -> list[ParticipationRow]:
    """Participations in an order, downwards with a leading "-"; one of rows needs a filter by one program event."""
    order = row_order(sort)
    found = _sorted(wanted, order, sort, after, limit) if order else _by_event(wanted, sort, after, limit)
    events = ProgramEvent.objects.select_related("program__type").in_bulk({f.program_event_id for f in found})
    devices = Device.objects.select_related("location__customer").in_bulk({f.device_id for f in found})
    return [ParticipationRow(f, events[f.program_event_id], devices[f.device_id]) for f in found]


def stretches(
    wanted: Wanted, sort: str = NEWEST_FIRST, after: ParticipationKey | None = None
) -> Iterator[tuple[tuple[int, ...], int]]:
    """The program events to search in each statement, and the device after which to continue.

    A list searches them one by one, because only then does the partition's key provide the order. The few rows of
    chosen devices are sorted instead.
    """
    events = candidates(wanted)
    if after and events.filter(pk=after.program_event_id).exists():
        yield (after.program_event_id,), after.device_id
    rest = list(in_order(events, sort, after and after.program_event_id).values_list("pk", flat=True))
    step = 1 if wanted.device_ids is None else PROGRAM_EVENTS_AT_ONCE
    for start in range(0, len(rest), step):
        yield tuple(rest[start : start + step]), 0


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


def _by_event(wanted: Wanted, sort: str, after: Place | None, limit: int) -> list[Facts]:
    found: list[Facts] = []
    for ids, after_device in stretches(wanted, sort, after and after.key):
        order = _BY_DEVICE if len(ids) == 1 else _BY_EVENT_AND_DEVICE
        params = {**parameters(wanted, ids, after_device), "order": list(ids), "limit": limit - len(found)}
        found += _facts(params, order=order)
        if len(found) == limit:
            break
    return found


def _sorted(wanted: Wanted, order: RowOrder, sort: str, after: Place | None, limit: int) -> list[Facts]:
    """The rows of the one program event: those with a value first, then those without."""
    ids = tuple(candidates(wanted).values_list("pk", flat=True))
    if not ids:
        return []
    if len(ids) > 1:
        raise ValueError(f"An order by {sort} needs a filter by one program event.")
    words, found = direction(sort), list[Facts]()
    params = parameters(wanted, ids) | ({"after_value": after.value, "after_row": after.key.device_id} if after else {})
    if not after or after.value is not None:
        beyond = first_rows(order, words, wanted.of_rows, is_after=after is not None)
        found = _facts({**params, "limit": limit}, joined=order.joined, beyond=beyond, order=by_value(order, words))
    if len(found) < limit:
        beyond = without_value(order, words, is_after=after is not None and after.value is None)
        by_device = compose("p.device_id {word}", word=words.word)
        params["limit"] = limit - len(found)
        found += _facts(params, joined=order.joined, beyond=beyond, order=by_device)
    return found


def _facts(params: dict[str, Any], *, order: Sql, joined: Sql | None = None, beyond: Sql | None = None) -> list[Facts]:
    query = statement(
        "cpm",
        "participations",
        status=statement("cpm", "participation_status"),
        matching=matching(joined=joined),
        beyond=beyond or compose(""),
        order=order,
    )
    return [Facts(*row) for row in sql.rows(query, params)]
