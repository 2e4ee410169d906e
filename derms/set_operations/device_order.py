"""The order in which a stage asks its candidates, as parts of sql/candidates.sql.

Every order is one small integer, a device's rank, lower first: a choice sums up over ranks instead of sorting devices.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import F

from derms.choices import CallOrder, StageState
from derms.models import Availability, Departure, Stage
from derms.set_operations.candidates import called_before
from integration.seam.sql import Sql, compose, identifier, integer, statement, union_all

_EXPECTED = "round(c.rated_w * c.share * c.rate_pm * {available})::integer"
_COUNTED = compose("(CASE WHEN c.season = %(season)s THEN c.season_events ELSE 0 END)")
# How many of the events that aren't counted yet hold each device. A few events are joined one by one, which several
# processes share; more are counted by device first, so that memory doesn't grow with each.
JOINED = 3
_COMING = "LEFT JOIN ({events}) {name} ON {name}.device_id = c.device_id"
_ONE = "SELECT device_id, 1 AS events FROM ({devices}) held"
_SEVERAL = "SELECT device_id, count(*)::integer AS events FROM ({devices}) held GROUP BY device_id"


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
    """Parts of sql/candidates.sql: a candidate's rank and expected W, and the joins that the rank needs."""

    rank: Sql
    expected: Sql
    coming: Sql


def device_order(stage: Stage, *, is_ranked: bool) -> DeviceOrder:
    """Return the order that a stage's event asks for; every rank is 0 if all eligible devices are taken anyway.

    Events that aren't counted yet are events of a device, too.
    """
    expected = compose(_EXPECTED, available=_available())
    if not is_ranked:
        return DeviceOrder(compose("0"), expected, compose(""))
    order = ORDERS[stage.event.call_order]
    coming = {identifier(f"coming_{n}"): events for n, events in enumerate(_coming(stage))}
    terms = [compose("coalesce({name}.events, 0)", name=name) for name in coming]
    joins = [compose(_COMING, events=events, name=name) for name, events in coming.items()]
    events = compose("({terms})", terms=compose(" + ".join([_COUNTED, *terms])))
    rank = compose(f"({order.first}) * {order.second_values} + {order.second}", events=events, expected=expected)
    return DeviceOrder(rank, expected, compose("\n  ".join(joins)))


def _available() -> Sql:
    """The availability of a candidate's head end system, by which a rate in per mille becomes a share."""
    known = {one.head_end_id: one.share_pm for one in Availability.objects.filter(total__lt=F("n"))}
    cases = [compose("WHEN {head_end} THEN {pm}", head_end=integer(pk), pm=integer(pm)) for pk, pm in known.items()]
    if not cases:
        return compose("0.001::float8")
    return compose("(CASE c.head_end_id {cases} ELSE 1000 END) * 0.000001::float8", cases=compose(" ".join(cases)))


def _coming(stage: Stage) -> list[Sql]:
    """Queries of devices and their events of the season that have other stages with reservations, not counted yet."""
    zone = stage.event.zone
    others = Stage.objects.filter(event__zone=zone, calls_counted_at=None).exclude(pk=stage.pk)
    others = others.exclude(state=StageState.NEW).exclude(state=StageState.CANCELED, started_at=None)
    events, counted = defaultdict(list), defaultdict(list)
    for pk, event, starts_at in others.order_by("pk").values_list("pk", "event_id", "starts_at"):
        if zone.season(starts_at) == zone.season(stage.starts_at):
            events[event].append(pk)
    known = Stage.objects.filter(event_id__in=events).exclude(calls_counted_at=None)
    for pk, event in known.values_list("pk", "event_id"):
        counted[event].append(pk)
    each = [_devices(stages, counted[event]) for event, stages in events.items()]
    if len(each) > JOINED:
        return [compose(_SEVERAL, devices=union_all(each))]
    return [compose(_ONE, devices=devices) for devices in each]


def _devices(stages: list[int], counted: list[int]) -> Sql:
    """The devices of stages of one event, each once, without those that have left or are counted already."""
    left = set(Departure.objects.filter(stage_id__in=stages).values_list("stage_id", flat=True))
    without = {pk: statement("derms", "without_departed", stage=integer(pk)) for pk in left}
    parts = {"called_before": called_before(counted, "r.device_id")}
    each = (
        statement("derms", "not_counted_devices", stage=integer(pk), departed=without.get(pk, compose("")), **parts)
        for pk in stages
    )
    return compose(" UNION ".join(each))
