"""The goal of each stage, and how much of it is missing."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integration.seam import clock

from ..figures.powers import stage_powers
from ..figures.profile import Figures, StagePower, Target, Window, figures_of, profile
from ..figures.targets import target_of
from ..models import ControlZone, Event, LoadForecast, Stage

HOUR = timedelta(hours=1)


def hours_without_forecast(event: Event, stages: list[Stage]) -> list[datetime]:
    """Return the hours of the stages' windows that have no forecast for the event's zone, the first one first."""
    hours = {hour for stage in stages for hour in _hours(event.zone, stage.starts_at, stage.ends_at)}
    known = LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=hours).values_list("hour", flat=True)
    return sorted(hours - set(known))


def stage_goals(event: Event, stages: list[Stage]) -> dict[int, float | None]:
    """Return each stage's goal in kW by its id; None if it has no target.

    Stages that run at a moment share its target by their shares, or equally. Each takes the most that any moment of its
    window asks of it, so that every moment is covered. The rule: docs/reference/choosing.md, How many are taken.
    """
    target = target_of(event, stages)
    return {stage.pk: _goal_kw(target, stage, stages) for stage in stages}


def shortfall(event: Event, stages: list[Stage]) -> Window | None:
    """Return when the reserved stages are the most short of the event's target, and by how much; None if never."""
    return _figures(event, stages, stage_powers(stages)).missing_in


def expected_figures(event: Event, stages: list[Stage], watts: Sequence[int]) -> Figures:
    """Return the figures of an event that isn't scheduled, if so many W were reserved for each of its stages."""
    powers = [replace(power, reserved_kw=w / 1000) for power, w in zip(stage_powers(stages), watts, strict=True)]
    return _figures(event, stages, powers)


def missing_kw(goal_kw: float | None, reserved_w: int) -> int:
    """Return how much a stage is short of its goal, in kW, rounded up."""
    return 0 if goal_kw is None else max(0, math.ceil(round(goal_kw - reserved_w / 1000, 3)))


def earliest_start(stages: list[Stage]) -> datetime:
    return min(stage.starts_at for stage in stages)


def overlapping_pairs(stages: list[Stage]) -> list[tuple[Stage, Stage]]:
    """Return the stages of one program whose windows overlap, each two that do."""
    pairs = itertools.combinations(stages, 2)
    return [
        (a, b) for a, b in pairs if a.program_id == b.program_id and a.starts_at < b.ends_at and b.starts_at < a.ends_at
    ]


def uneven_shares(stages: list[Stage]) -> list[list[Stage]]:
    """Return the groups of stages that run at the same time and whose shares, if any, don't add up to 100 %."""
    together = (_running_at(stage.starts_at, stages) for stage in sorted(stages, key=lambda stage: stage.starts_at))
    groups = {tuple(stage.pk for stage in group): group for group in together}
    return [group for group in groups.values() if not _shares_come_out(group)]


def _figures(event: Event, stages: list[Stage], powers: list[StagePower]) -> Figures:
    return figures_of(profile(powers, target_of(event, stages)), now=clock.now())


def _goal_kw(target: Target, stage: Stage, stages: list[Stage]) -> float | None:
    if target.is_per_stage or (stage.generated and stage.target_kw is not None):
        return None if stage.target_kw is None else float(stage.target_kw)
    if target.kw is None and not target.steps:
        return None
    changes = {*(s.starts_at for s in stages), *(s.ends_at for s in stages), *(step.starts_at for step in target.steps)}
    moments = [stage.starts_at, *(at for at in changes if stage.starts_at < at < stage.ends_at)]
    return max(target.event_kw(at) * _share(stage, _running_at(at, stages)) for at in moments)


def _share(stage: Stage, running: list[Stage]) -> float:
    """The stage's part of a goal shared by stages that run at the same time: its own share, else an equal one."""
    return 1 / len(running) if stage.share_pct is None else stage.share_pct / 100


def _shares_come_out(stages: list[Stage]) -> bool:
    given = [stage.share_pct for stage in stages if stage.share_pct is not None]
    return not given or (len(given) == len(stages) and sum(given) == 100)


def _running_at(moment: datetime, stages: list[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.starts_at <= moment < stage.ends_at]


def _hours(zone: ControlZone, starts_at: datetime, ends_at: datetime) -> list[datetime]:
    first = zone.hour_of(starts_at)
    count = math.ceil((ends_at - first) / timedelta(hours=1))
    return [first + timedelta(hours=n) for n in range(count)]
