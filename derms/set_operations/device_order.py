"""The order in which a stage asks its candidates, as parts of sql/candidates.sql.

Every order is one small integer, a device's rank, lower first: a choice sums up over ranks instead of sorting devices.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import F

from derms.choices import CallOrder, StageState
from derms.models import Availability, Stage
from derms.set_operations.candidates import called_before
from integration.seam.sql import Sql, compose, identifier, integer, statement

_EXPECTED = "round(c.rated_w * c.share * c.rate_pm * {available})::integer"
_COUNTED = compose("(CASE WHEN c.season = %(season)s THEN c.season_events ELSE 0 END)")
# The devices of each event that isn't counted are joined: faster than counting the events of each device.
_JOIN = "LEFT JOIN ({devices}) {event} ON {event}.device_id = c.device_id"
_HELD = "({event}.device_id IS NOT NULL)::integer"


class Order(NamedTuple):
    """Two whole numbers from 0, the first one before the second, and how many values each may have."""

    first: str
    first_values: int
    second: str
    second_values: int


ORDERS: Mapping[str, Order] = {
    CallOrder.FAIR: Order(
        "least({events}, 99)", 100, "49 - least(greatest(%(day)s::date - c.last_called_on, 0), 49)", 50
    ),
    CallOrder.FEWEST: Order("199 - least({expected} / 50, 199)", 200, "least({events}, 24)", 25),
    CallOrder.RELIABLE: Order("150 - c.rate_pm / 10", 151, "least({events}, 32)", 33),
}


class DeviceOrder(NamedTuple):
    """Parts of sql/candidates.sql: a candidate's rank and expected W, and the joins that they need."""

    rank: Sql
    expected: Sql
    not_counted: Sql


def device_order(stage: Stage) -> DeviceOrder:
    """Return the order that a stage's event asks for. Events that aren't counted yet are events of a device, too."""
    order, events = ORDERS[stage.event.call_order], _events_not_counted(stage)
    held = [compose(_HELD, event=_name(event)) for event in events]
    join = [compose(_JOIN, devices=devices, event=_name(event)) for event, devices in events.items()]
    rank = f"({order.first}) * {order.second_values} + {order.second}"
    expected = compose(_EXPECTED, available=_available())
    parts = {"events": compose(" + ".join([_COUNTED, *held])), "expected": expected}
    return DeviceOrder(compose(rank, **parts), expected, compose("\n  ".join(join)))


def _available() -> Sql:
    """The availability of a candidate's head end system, by which a rate in per mille becomes a share."""
    known = {one.head_end_id: one.share_pm for one in Availability.objects.filter(total__lt=F("n"))}
    cases = [compose("WHEN {head_end} THEN {pm}", head_end=integer(pk), pm=integer(pm)) for pk, pm in known.items()]
    if not cases:
        return compose("0.001::float8")
    return compose("(CASE c.head_end_id {cases} ELSE 1000 END) * 0.000001::float8", cases=compose(" ".join(cases)))


def _events_not_counted(stage: Stage) -> dict[int, Sql]:
    """The devices of each event of the season that has other stages which hold or called devices and aren't counted."""
    zone = stage.event.zone
    others = Stage.objects.filter(event__zone=zone, calls_counted_at=None).exclude(pk=stage.pk)
    others = others.exclude(state=StageState.NEW).exclude(state=StageState.CANCELED, started_at=None)
    open_stages, counted = defaultdict(list), defaultdict(list)
    for pk, event, starts_at in others.order_by("pk").values_list("pk", "event_id", "starts_at"):
        if zone.season(starts_at) == zone.season(stage.starts_at):
            open_stages[event].append(pk)
    known = Stage.objects.filter(event_id__in=open_stages).exclude(calls_counted_at=None)
    for pk, event in known.values_list("pk", "event_id"):
        counted[event].append(pk)
    return {event: _devices(stages, counted[event]) for event, stages in open_stages.items()}


def _devices(stages: list[int], counted: list[int]) -> Sql:
    """The devices of stages of one event, each once."""
    before = called_before(counted, "r.device_id")
    each = (statement("derms", "not_counted_devices", stage=integer(pk), called_before=before) for pk in stages)
    return compose(" UNION ".join(each))


def _name(event: int) -> Sql:
    return identifier(f"event_{event}")
