"""The order in which a stage asks its candidates, as parts of sql/candidates.sql.

Every order is one small integer, a device's rank, lower first: a choice sums up over ranks instead of sorting devices.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import F

from derms.choices import CallOrder, DeviceClass, StageState
from derms.models import Availability, Stage
from derms.queries.measured_shares import measured_shares
from derms.set_operations.uses import Uses
from integration.seam.sql import Sql, compose, integer

_EXPECTED = "round(c.rated_w * c.share * c.rate_pm * {available} * {confirmed})::integer"
_COUNTED = compose("(CASE WHEN c.season = %(season)s THEN c.season_events ELSE 0 END)")
_KINDS = {kind: compose("'{kind}'", kind=Sql(kind)) for kind in DeviceClass.values}
MOST_COMING = 255  # a byte; no order tells more apart


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
    """Parts of sql/candidates.sql: a candidate's rank and expected W, and their parameters."""

    rank: Sql
    expected: Sql
    params: dict[str, Any]


def device_order(stage: Stage, ids: range, *, is_ranked: bool) -> DeviceOrder:
    """Return the order that a stage's event asks for, for devices of these ids.

    Every rank is 0 if all eligible devices are taken anyway. Events not counted yet are events of a device, too.
    """
    expected = compose(_EXPECTED, available=_available(), confirmed=_confirmed(stage))
    if not is_ranked:
        return DeviceOrder(compose("0"), expected, {})
    order = ORDERS[stage.event.call_order]
    coming, params = _coming(stage, ids)
    events = compose("({counted} + {coming})", counted=_COUNTED, coming=coming)
    rank = compose(f"({order.first}) * {order.second_values} + {order.second}", events=events, expected=expected)
    return DeviceOrder(rank, expected, params)


def _available() -> Sql:
    """The availability of a candidate's head end system, by which a rate in per mille becomes a share."""
    known = {one.head_end_id: one.share_pm for one in Availability.objects.filter(total__lt=F("n"))}
    cases = [compose("WHEN {head_end} THEN {pm}", head_end=integer(pk), pm=integer(pm)) for pk, pm in known.items()]
    if not cases:
        return compose("0.001::float8")
    return compose("(CASE c.head_end_id {cases} ELSE 1000 END) * 0.000001::float8", cases=compose(" ".join(cases)))


def _confirmed(stage: Stage) -> Sql:
    """How much of what devices of a candidate's class and head end system report their meters confirm, as a share."""
    known = measured_shares(stage.starts_at)
    case = "WHEN c.head_end_id = {head_end} AND c.device_class = {kind} THEN {pm}"
    cases = [
        compose(case, head_end=integer(head_end), kind=_KINDS[kind], pm=integer(round(1000 * one.share)))
        for (head_end, kind), one in known.items()
    ]
    if not cases:
        return compose("1")
    return compose("(CASE {cases} ELSE 1000 END) * 0.001::float8", cases=compose(" ".join(cases)))


def _coming(stage: Stage, ids: range) -> tuple[Sql, dict[str, Any]]:
    """How many events of the season, not counted yet, hold a candidate in other stages; the SQL and its parameters.

    An event that has already called the device in a counted stage is counted.
    """
    zone = stage.event.zone
    others = Stage.objects.filter(event__zone=zone, calls_counted_at=None).exclude(pk=stage.pk)
    others = others.exclude(state=StageState.NEW).exclude(state=StageState.CANCELED, started_at=None)
    events, counted = defaultdict(list), defaultdict(list)
    for pk, event, starts_at in others.order_by("pk").values_list("pk", "event_id", "starts_at"):
        if zone.season(starts_at) == zone.season(stage.starts_at):
            events[event].append(pk)
    if not events:
        return compose("0"), {}
    known = Stage.objects.filter(event_id__in=events).exclude(calls_counted_at=None)
    for pk, event in known.values_list("pk", "event_id"):
        counted[event].append(pk)
    uses = Uses([pk for stages in events.values() for pk in stages])
    coming = uses.nobody().astype("uint16")
    for event, stages in events.items():
        held = uses.holders(stages)
        if counted[event]:
            held &= ~uses.called(counted[event])
        coming += held
    return uses.in_sql("coming_events", coming.clip(max=MOST_COMING).astype("uint8"), ids)
