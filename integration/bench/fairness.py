"""Who is called, and is what was expected delivered? Many events for one small fleet, through all three systems.

Each event is planned, approved, reserved, executed, collected and closed by the systems' own operations at its own
time, on days that are past, so that nothing is waited for. The devices are the simulator's.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from derms import operations
from derms.choices import CallOrder, Category, Control, Objective
from derms.models import Event, EventType, Stage, Strategy
from integration.commands.journey import Journey, person_of
from integration.console.roles import APPROVER, OPERATOR
from integration.demo.history import perform
from integration.demo.load import add_flat_load
from integration.seam import sql
from integration.seam.settling import settle

GINI_GOAL, REACHED_GOAL = 0.10, 0.9
REALISED_GOAL = 0.97, 1.03
PATIENCE_S = 300
PLANNED_BEFORE, SCHEDULED_BEFORE = timedelta(hours=20), timedelta(hours=18)
NOMINAL_KW = "SELECT sum(rated_w) * 0.0005 FROM derms_candidate WHERE program_id = %s"  # the load's factor is a half
CALLED = """
SELECT count(r.device_id) FILTER (WHERE o.code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER'))
  FROM (SELECT DISTINCT device_id FROM derms_candidate WHERE program_id = %(program)s) c
  LEFT JOIN derms_stage s ON s.program_id = %(program)s
  LEFT JOIN derms_reservation r ON r.stage_id = s.id AND r.device_id = c.device_id
  LEFT JOIN derms_outcome o ON o.stage_id = s.id AND o.device_id = c.device_id
 GROUP BY c.device_id ORDER BY 1
"""


class Outcome(NamedTuple):
    """One event: its target, what was expected of the reserved devices, and what they gave, each a mean in kW."""

    target_kw: float
    expected_kw: float
    realised_kw: float


class Fairness(NamedTuple):
    """The events of one order, and the calls of each device, fewest first."""

    order: str
    events: list[Outcome]
    calls: list[int]

    @property
    def gini(self) -> float:
        return gini(self.calls)

    @property
    def realised(self) -> float:
        """What all events together gave, as a share of what was expected."""
        return sum(e.realised_kw for e in self.events) / sum(e.expected_kw for e in self.events)

    @property
    def reached(self) -> float:
        """The share of events that gave their target."""
        return sum(e.realised_kw >= e.target_kw for e in self.events) / len(self.events)

    @property
    def ok(self) -> bool:
        """Whether all goals are met."""
        least, most = REALISED_GOAL
        return self.gini <= GINI_GOAL and least <= self.realised <= most and self.reached >= REACHED_GOAL


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient of values in ascending order: 0 if all are equal, near 1 if one has everything."""
    total = sum(values)
    if not total:
        return 0.0
    area = sum(accumulate(values)) / (total * len(values))
    return (len(values) + 1) / len(values) - 2 * area


def measure(
    *, order: CallOrder, devices: int, events: int, target_share: float, say: Callable[[str], object]
) -> Fairness:
    """Run the events, one a day, each for a target of this share of what the whole fleet could give."""
    say(f"{order}: making {devices:,} devices ...")
    journey = Journey(devices=devices, stages=1, stage_seconds=3600)
    journey.make_fleet()
    settle(timeout_s=PATIENCE_S)
    first = journey.began_at.replace(minute=0, second=0, microsecond=0) - timedelta(days=events + 3)
    add_flat_load(zone=journey.zone, start=first, hours=(events + 2) * 24)
    program = int(sql.value("SELECT id FROM derms_program WHERE code = %s", [journey.tag]))
    target_kw = round(float(sql.value(NOMINAL_KW, [program])) * target_share)
    strategy = _strategy(journey, order)
    for day in range(events):
        event = _approved(strategy, program, first + timedelta(days=day, hours=20), target_kw)
        perform(event, schedules_at=event.stages.get().starts_at - SCHEDULED_BEFORE)
        if (day + 1) % 10 == 0:
            say(f"{order}: {day + 1} of {events} events")
    stages = Stage.objects.filter(program_id=program).order_by("starts_at")
    return Fairness(order, [_outcome(stage, target_kw) for stage in stages], sql.column(CALLED, {"program": program}))


def rows(found: Iterable[Fairness]) -> list[dict[str, Any]]:
    """The result as objects, one an order."""
    return [
        {
            "order": one.order,
            "events": len(one.events),
            "devices": len(one.calls),
            "gini": round(one.gini, 3),
            "calls_fewest": one.calls[0],
            "calls_median": one.calls[len(one.calls) // 2],
            "calls_most": one.calls[-1],
            "realised": round(one.realised, 3),
            "reached": round(one.reached, 3),
        }
        for one in found
    ]


def _strategy(journey: Journey, order: CallOrder) -> Strategy:
    kind, _ = EventType.objects.get_or_create(category=Category.ECONOMIC)
    return Strategy.objects.create(
        name=f"{journey.tag} {order}",
        zone=journey.zone,
        type=kind,
        objective=Objective.LOAD_REDUCTION,
        call_order=order,
    )


def _approved(strategy: Strategy, program: int, starts_at: datetime, target_kw: int) -> Event:
    """One hour for the whole fleet, submitted by one person and approved by another on the day before."""
    operator, approver = person_of("journey.operator", OPERATOR), person_of("journey.approver", APPROVER)
    planned_at = starts_at - PLANNED_BEFORE
    asked = {"program_id": program, "control": Control.OFF, "control_value": 0.0, "share_pct": 100}
    window = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
    event = operations.create_event(
        strategy_id=strategy.pk,
        starts_at=starts_at,
        by=operator,
        now=planned_at,
        details=operations.EventDetails(target_kw=target_kw),
        stages=[operations.PlannedStage(None, asked | window, [])],
    )
    operations.submit_event(event_id=event.pk, by=operator, now=planned_at, accepted_kw=0)
    operations.approve_event(event_id=event.pk, by=approver, now=planned_at)
    return event


def _outcome(stage: Stage, target_kw: float) -> Outcome:
    return Outcome(target_kw, stage.reserved_w / 1000, (stage.reduction_w or 0) / 1000)
