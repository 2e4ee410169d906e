"""What an approver decides on: figures of Submit and of today, the zone's load, who is asked, what stands against it.

Looks only, each statement within the time limit of the plan's check; the event's page shows it while it is Submitted.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from derms.choices import EventState
from derms.figures.powers import stage_powers
from derms.figures.profile import Figures
from derms.models import Event, Stage, Transition
from derms.pages.charts import LoadPoint, charts_of
from derms.pages.power import power_of
from derms.pages.reserving import refusal_in_words, surplus_in_words
from derms.queries.goals import stage_goals
from derms.queries.lists import stages_of
from derms.set_operations.choosing import KEPT, Chosen
from derms.set_operations.choosing_together import Goals, any_overlap, choose_apart, kept_apart
from integration.seam import sql
from integration.seam.program_rules import RULES
from integration.seam.sql import statement

from .check import conflicts, looking_only, within_patience
from .submitted_plans import Resubmitted, changed_since_last_time

KW_PER_MW = 1000


class StageDecision(NamedTuple):
    """One stage: its goal, and what it would reserve now. The stage itself holds what Submit found."""

    stage: Stage
    goal_kw: float | None
    today: Chosen

    @property
    def today_kw(self) -> float:
        return self.today.watts / 1000


class Peak(NamedTuple):
    """The zone's highest forecast load while the event runs, in kW: without the event, with it, and its limit."""

    without_kw: float
    with_kw: float
    limit_kw: float | None

    @property
    def is_above_limit(self) -> bool:
        return self.limit_kw is not None and self.with_kw > self.limit_kw


class Asked(NamedTuple):
    """How many devices would be called, each counted once, and in how many events they were this season.

    `customers` is how many people have these devices, each counted once.
    """

    devices: int
    mean_events: float
    most_events: int
    customers: int


class Today(NamedTuple):
    """What would be reserved if the event were scheduled now.

    `refusal` says that Schedule would refuse it, `surplus` that it reserves far too much at some moment.
    """

    stages: list[StageDecision]
    figures: Figures
    peak: Peak | None
    asked: Asked
    refusal: str
    surplus: str


class Decision(NamedTuple):
    """What the decision card shows. `submitted` is what Submit found; `today` is None if counting takes too long.

    `denied` is the last denial, if there was one; `resubmitted` what changed since the plan was submitted before.
    """

    submitted: Figures
    today: Today | None
    conflicts: list[Stage]
    overridden_rules: list[str]
    denied: Transition | None
    resubmitted: Resubmitted | None


class Counting:
    """Counts the customers behind the devices in KEPT. DERMS knows no customers: who composes the systems sets it."""

    customers: Callable[[], int]


def decision_of(event: Event, now: datetime) -> Decision:
    """Return what to decide on for a Submitted event; changes nothing."""
    stages = stages_of(event)
    for stage in stages:
        stage.reserved_w = stage.expected_w or 0
    submitted = power_of(event, stages, stage_powers(stages), now).figures
    rules = [RULES[name].reason if name in RULES else name for name in event.overridden_rules]
    today = within_patience(lambda: _today(event, stages, now))
    denied = event.transitions.filter(stage=None, to_state=EventState.DENIED).order_by("-revision").first()
    return Decision(submitted, today, conflicts(event, stages), rules, denied, changed_since_last_time(event))


def _today(event: Event, stages: list[Stage], now: datetime) -> Today:
    goals = stage_goals(event, stages)
    chosen, asked = _chosen(event, stages, goals, now)
    for stage, one in zip(stages, chosen, strict=True):
        stage.goal_kw, stage.reserved_w = goals[stage.pk], one.watts
    powers = stage_powers(stages)
    charts, figures = charts_of(event, stages, powers, now), power_of(event, stages, powers, now).figures
    return Today(
        [StageDecision(stage, goals[stage.pk], one) for stage, one in zip(stages, chosen, strict=True)],
        figures,
        _peak(charts.load, event.zone.limit_kw, stages) if charts else None,
        asked,
        refusal_in_words(event, figures, asked.devices),
        surplus_in_words(event.zone, figures, overlaps=any_overlap(stages)),
    )


def _chosen(event: Event, stages: list[Stage], goals: Goals, now: datetime) -> tuple[list[Chosen], Asked]:
    with kept_apart(needed=True), looking_only():
        chosen = choose_apart(stages, goals, now=now)
        season = event.zone.season(min(stage.starts_at for stage in stages))
        asked = sql.row(statement("derms", "asked_devices", kept=KEPT), {"zone": event.zone_id, "season": season})
        devices, mean_events, most_events = asked
        return chosen, Asked(devices, mean_events, most_events, Counting.customers())


def _peak(load: Sequence[LoadPoint], limit_kw: float | None, stages: Sequence[Stage]) -> Peak | None:
    during = [point for point in load if any(stage.starts_at <= point.at < stage.ends_at for stage in stages)]
    without = [point.before for point in during if point.before is not None]
    with_event = [point.after for point in during if point.after is not None]
    if not without or not with_event:
        return None
    return Peak(max(without) * KW_PER_MW, max(with_event) * KW_PER_MW, limit_kw)
