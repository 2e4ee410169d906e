"""The check of a plan while it is typed: what it could reserve now, and what prevents it. Writes nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connection, transaction

from derms.choices import CLAIMING_STATES
from derms.figures.powers import stage_powers
from derms.figures.profile import Figures
from derms.models import Event, LeftOut, Stage, left_out_rows
from derms.pages.charts import Charts, charts_of
from derms.pages.power import power_of
from derms.pages.reserving import refusal_in_words, surplus_in_words
from derms.queries.goals import missing_kw, stage_goals
from derms.rules import RULE
from derms.set_operations.choosing import NOT_NEEDED, Chosen, wanted_w
from derms.set_operations.choosing_together import Goals, any_overlap, choose_for, kept_apart
from integration.seam.sql import execute

from .problems import plan_problems

# The longest a person who is typing waits for a count; Submit and Schedule take the time they need.
PATIENCE = timedelta(seconds=5)
QUERY_CANCELED = "57014"
Seen = TypeVar("Seen")


class StageCheck(NamedTuple):
    """What one stage would reserve and could reserve now, and its goal.

    If stages of the event overlap, neither counts a device twice, and a stage comes after the ones before it.
    `would` is what it would reserve, only counted if stages overlap.
    """

    stage: Stage
    goal_kw: float | None
    available: Chosen
    expected_w: int  # no more than its goal and the reserve margin
    would: Chosen | None = None

    @property
    def eligible(self) -> Chosen:
        """The devices that it may choose from next to what the stages before it would reserve, and the others."""
        if self.would is None:
            return self.available
        left_out, left_out_w = dict(self.would.left_out), dict(self.would.left_out_w)
        devices = self.would.devices + left_out.pop(NOT_NEEDED, 0)
        return Chosen(devices, self.would.watts + left_out_w.pop(NOT_NEEDED, 0), left_out, left_out_w)

    @property
    def missing_kw(self) -> int:
        return missing_kw(self.goal_kw, self.expected_w)

    @property
    def left_out(self) -> list[LeftOut]:
        """The devices it may not call, by reason, the most frequent first."""
        return left_out_rows(self.eligible.left_out, self.eligible.left_out_w)

    @property
    def broken_rule(self) -> str:
        """The program rule that leaves all its devices out, if one does."""
        reasons = list(self.eligible.left_out)
        leaves_all = len(reasons) == 1 and reasons[0].startswith(RULE) and not self.eligible.devices
        return reasons[0].removeprefix(RULE) if leaves_all else ""


class Check(NamedTuple):
    """The result of a check: `problems` keep the plan from being submitted; `counted`: counting did not time out.

    `refusal` says that Schedule would refuse the plan as it is, `surplus` that it reserves far too much at some moment.
    """

    problems: list[str]
    conflicts: list[Stage]
    stages: list[StageCheck]
    available: Figures  # if every eligible device were reserved
    planned: Figures  # would be reserved: no more than each stage's goal and its margin
    charts: Charts | None
    counted: bool
    refusal: str
    surplus: str

    @property
    def available_kw(self) -> float:
        """The most that could be reserved at any moment."""
        return self.available.reserved_kw

    @property
    def expected_kw(self) -> float:
        """The most that would be reserved at any moment."""
        return self.planned.reserved_kw

    @property
    def aimed_kw(self) -> float:
        """The most of it that is compared with the target: with targets per stage, of stages that have one."""
        return self.planned.reserved_kw if self.planned.target_kw is None else self.planned.aimed_kw

    @property
    def beside_kw(self) -> float:
        """How much more would be reserved at the highest moment by stages without a target."""
        return self.planned.reserved_kw - self.aimed_kw

    @property
    def goal_kw(self) -> float | None:
        return self.planned.target_kw

    @property
    def missing_kw(self) -> int:
        return self.planned.missing_kw


def check_plan(event: Event, stages: list[Stage], now: datetime) -> Check:
    """Check a plan, saved or only typed; one statement per stage counts its devices, two if stages overlap."""
    found = within_patience(lambda: _counted(event, stages, now))
    rows, counted = found or [], found is not None
    for row in rows:
        row.stage.goal_kw, row.stage.reserved_w = row.goal_kw, row.available.watts
    available = power_of(event, stages, stage_powers(stages), now).figures
    for row in rows:
        row.stage.reserved_w = row.expected_w
    planned = power_of(event, stages, stage_powers(stages), now).figures
    problems = list(plan_problems(event, stages, now))
    return Check(
        problems,
        conflicts(event, stages),
        rows,
        available,
        planned,
        charts_of(event, stages, stage_powers(stages), now),
        counted,
        refusal_in_words(event, planned, sum(row.available.devices for row in rows)) if counted and rows else "",
        surplus_in_words(event.zone, planned, overlaps=any_overlap(stages)),
    )


def within_patience(look: Callable[[], Seen]) -> Seen | None:
    """Return what looking returns; None if its statements took longer than PATIENCE."""
    try:
        return look()
    except OperationalError as problem:
        if getattr(problem.__cause__, "pgcode", "") != QUERY_CANCELED:
            raise
        return None


def conflicts(event: Event, stages: list[Stage]) -> list[Stage]:
    """Return stages of other events that need devices of the zone at the same time; no device is reserved for two."""
    if not stages:
        return []
    begins, ends = min(s.starts_at for s in stages), max(s.ends_at for s in stages)
    others = (
        Stage.objects.filter(event__zone_id=event.zone_id, event__state__in=CLAIMING_STATES)
        .filter(starts_at__lt=ends, ends_at__gt=begins)
        .exclude(event_id=event.pk)
        .select_related("event", "program")
        .order_by("starts_at", "pk")
    )
    return [o for o in others if any(o.starts_at < s.ends_at and s.starts_at < o.ends_at for s in stages)]


@contextmanager
def looking_only(until: float | None = None) -> Iterator[None]:
    """Run database work read-only; it is rolled back, which also resets that and the time limit.

    Its statements together end `until`, by the monotonic clock; if that is not given, after PATIENCE.
    """
    ends = _from_now() if until is None else until

    def in_time_left(run: Callable[..., Any], query: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        left_ms = max(1, int((ends - time.monotonic()) * 1000))  # 0 would be no limit
        context["cursor"].cursor.execute("SET LOCAL statement_timeout = %s", [left_ms])
        return run(query, params, many, context)

    with transaction.atomic():
        execute("SET LOCAL transaction_read_only = on")
        with connection.execute_wrapper(in_time_left):
            yield
        transaction.set_rollback(True)


def _from_now() -> float:
    return time.monotonic() + PATIENCE.total_seconds()


def _counted(event: Event, stages: list[Stage], now: datetime) -> list[StageCheck]:
    goals, until = stage_goals(event, stages), _from_now()
    available = _looked(stages, dict.fromkeys(goals), now, until)
    rows = zip(stages, available, strict=True)
    if not any_overlap(stages):
        return [StageCheck(s, goals[s.pk], could, _expected_w(event, goals[s.pk], could)) for s, could in rows]
    expected = _looked(stages, goals, now, until)
    return [
        StageCheck(stage, goals[stage.pk], could, would.watts, would)
        for (stage, could), would in zip(rows, expected, strict=True)
    ]


def _looked(stages: list[Stage], goals: Goals, now: datetime, until: float) -> list[Chosen]:
    with kept_apart(needed=any_overlap(stages)), looking_only(until):
        return choose_for(stages, goals, now=now)


def _expected_w(event: Event, goal_kw: float | None, available: Chosen) -> int:
    return available.watts if goal_kw is None else min(available.watts, wanted_w(event, goal_kw))
