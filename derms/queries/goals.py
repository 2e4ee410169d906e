"""The goal of each stage, and how much of it is missing."""

import itertools
import math
from datetime import datetime, timedelta

from django.db.models import Max

from ..models import Event, LoadForecast, Stage
from ..objectives import OBJECTIVES

HOUR = timedelta(hours=1)


def hours_without_forecast(event: Event, stages: list[Stage]) -> int:
    """Return how many hours of the stages' windows have no forecast for the event's zone."""
    hours = {hour for stage in stages for hour in _hours(stage.starts_at, stage.ends_at)}
    return len(hours) - LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=hours).count()


def stage_goals(event: Event, stages: list[Stage]) -> dict[int, float | None]:
    """Return each stage's goal in kW by its id; None if it has no target.

    The rule: docs/reference/choosing.md, How many are taken.
    """
    return {stage.pk: _goal_kw(event, stage, stages) for stage in stages}


def shortfall_kw(stages: list[Stage]) -> int:
    """Return how much all stages together are short of their goals, in kW; each stage is rounded up."""
    return sum(missing_kw(stage.goal_kw, stage.reserved_w) for stage in stages)


def missing_kw(goal_kw: float | None, reserved_w: int) -> int:
    """Return how much a stage is short of its goal, in kW, rounded up."""
    return 0 if goal_kw is None else max(0, math.ceil(round(goal_kw - reserved_w / 1000, 3)))


def earliest_start(stages: list[Stage]) -> datetime:
    return min(stage.starts_at for stage in stages)


def overlapping_pair(stages: list[Stage]) -> tuple[Stage, Stage] | None:
    """Return two stages of one program whose windows overlap, if there are any."""
    ordered = sorted(stages, key=lambda s: (s.program_id, s.starts_at))
    pairs = itertools.pairwise(ordered)
    return next(((a, b) for a, b in pairs if a.program_id == b.program_id and b.starts_at < a.ends_at), None)


def uneven_shares(stages: list[Stage]) -> list[Stage]:
    """Return stages that run at the same time and whose shares, if any are set, don't add up to 100 %."""
    together = (_running_at(stage.starts_at, stages) for stage in stages)
    return next((group for group in together if not _shares_come_out(group)), [])


def _goal_kw(event: Event, stage: Stage, stages: list[Stage]) -> float | None:
    aim = OBJECTIVES[event.objective]
    whole = aim.goal_kw(event, stage, lambda: _highest_forecast_kw(event, stage))
    return whole if whole is None or not aim.is_shared else whole * _share(stage, stages)


def _share(stage: Stage, stages: list[Stage]) -> float:
    """The stage's part of a goal shared by stages that run at the same time: its own share, else an equal one."""
    if stage.share_pct is not None:
        return stage.share_pct / 100
    starts = [s.starts_at for s in stages if stage.starts_at < s.starts_at < stage.ends_at]
    return 1 / max(len(_running_at(moment, stages)) for moment in (stage.starts_at, *starts))


def _shares_come_out(stages: list[Stage]) -> bool:
    given = [stage.share_pct for stage in stages if stage.share_pct is not None]
    return not given or (len(given) == len(stages) and sum(given) == 100)


def _running_at(moment: datetime, stages: list[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.starts_at <= moment < stage.ends_at]


def _highest_forecast_kw(event: Event, stage: Stage) -> float:
    hours = LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=_hours(stage.starts_at, stage.ends_at))
    return float(hours.aggregate(peak=Max("forecast_kw"))["peak"] or 0)


def _hours(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    first = starts_at.replace(minute=0, second=0, microsecond=0)
    count = math.ceil((ends_at - first) / timedelta(hours=1))
    return [first + timedelta(hours=n) for n in range(count)]
