"""What the demo's customers are paid: methods with prices, and two runs, made once the meters have said what it saved.

The first run is approved, the second one waits for somebody to review it. They are made in the background, a step at a
time, after the last event of their days is measured.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from cpm import operations
from cpm.choices import SETTLED_STATES, MethodKind, SettlementState
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.models.settlement import SettlementMethod
from cpm.models.settlement_runs import SettlementRun
from cpm.queries.settlement import latest_measurements
from cpm.settlement import Hours

from .planning import BY

BEFORE = timedelta(days=60)  # methods hold for all events of the history
ENERGY = "Demo: kWh avoided"
PEAK = tuple(Hours(day, 15 * 60, 16 * 60 + 30, Decimal("0.65")) for day in range(7))
RUNS = 2
IN_FIRST_RUN = 2 / 3  # of the days with events
REVIEWER = "paul.manager"


class DemoMethod(NamedTuple):
    """A method of a program, what differs from a method's defaults, and its price for all times."""

    program: str
    name: str
    kind: str
    price: str
    fields: dict[str, Any]
    hours: tuple[Hours, ...] = ()


METHODS = (
    DemoMethod("COOL-SAVER", ENERGY, MethodKind.ENERGY, "0.35", {"override_percent": 50}, PEAK),
    DemoMethod("COOL-SAVER", "Demo: welcome", MethodKind.SIGN_UP, "25", {}),
    DemoMethod("WARM-TANK", "Demo: per event", MethodKind.EVENT, "1.25", {"override_percent": 40}),
    DemoMethod("CHARGE-LATER", "Demo: left early", MethodKind.EARLY_EXIT, "40", {"least_days": 180}),
    DemoMethod("BATTERY-SHARE", "Demo: reserved power", MethodKind.RESERVED, "0.90", {"override_percent": 25}),
    DemoMethod("PEAK-RESERVE", "Demo: highest drops", MethodKind.DROP, "12", {"top_percent": 50}),
)


def add_methods(now: datetime) -> None:
    """Add the methods that are missing, with their first prices."""
    for one in METHODS:
        program = Program.objects.get(code=one.program)
        if program.settlement_methods.filter(name=one.name).exists():
            continue
        starts_on = (now - BEFORE).date()
        fields = {"name": one.name, "kind": one.kind, "currency": "USD", "starts_on": starts_on, **one.fields}
        operations.add_settlement_method(
            program_id=program.pk, fields=fields, price=Decimal(one.price), hours=one.hours, by=BY, now=now,
            note="An invented price",
        )  # fmt: skip


def methods_to_settle(now: datetime) -> list[int]:
    """The method whose runs are to be made or approved next, if its events are measured; the demo's energy alone.

    Once people make runs of it, nothing more happens.
    """
    method = SettlementMethod.objects.filter(name=ENERGY).first() if settings.DEMO_METERS else None
    if method is None:
        return []
    runs = list(method.runs.order_by("pk")[:RUNS])
    if any(run.made_by != BY for run in runs):
        return []
    if runs and runs[0].state in (SettlementState.DRAFT, SettlementState.REVIEWED):
        return [method.pk]
    is_next = not runs or (len(runs) < RUNS and runs[0].state in SETTLED_STATES)
    return [method.pk] if is_next and _are_measured(_events(method, now)) else []


def settle_step(method_id: int, *, now: datetime) -> None:
    """Make the first run, review and approve it, or make the second one; whatever comes next."""
    method = SettlementMethod.objects.get(pk=method_id)
    runs = list(method.runs.order_by("pk")[:RUNS])
    if not runs:
        _make(method, 0, now)
    elif runs[0].state == SettlementState.DRAFT:
        operations.review_settlement_run(run_id=runs[0].pk, revision=runs[0].revision, by=REVIEWER, now=now)
    elif runs[0].state == SettlementState.REVIEWED:
        _approve(runs[0], now)
    elif len(runs) < RUNS:
        _make(method, 1, now)


def _make(method: SettlementMethod, number: int, now: datetime) -> None:
    """Make a run of the earlier (0) or of the later days with events (1)."""
    days = sorted({_day_of(event) for event in _events(method, now)})
    cut = round(len(days) * IN_FIRST_RUN)
    if ours := (days[:cut], days[cut:])[number]:
        operations.make_settlement_run(
            method_id=method.pk, prices_id=method.prices.latest("number").pk, starts_on=ours[0], ends_on=ours[-1],
            by=BY, now=now,
        )  # fmt: skip


def _approve(run: SettlementRun, now: datetime) -> None:
    operations.approve_settlement_run(run_id=run.pk, revision=run.revision, amount=run.amount, by=REVIEWER, now=now)


def _events(method: SettlementMethod, now: datetime) -> list[ProgramEvent]:
    """The program's events of the days before today that ran."""
    found = ProgramEvent.objects.filter(program=method.program_id, started_at__isnull=False, ends_at__lt=now)
    return [event for event in found if _day_of(event) < _today(event, now)]


def _are_measured(events: list[ProgramEvent]) -> bool:
    return bool(events) and len(latest_measurements([event.pk for event in events])) == len(events)


def _day_of(event: ProgramEvent) -> date:
    return event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()


def _today(event: ProgramEvent, now: datetime) -> date:
    return now.astimezone(ZoneInfo(event.time_zone)).date()
