"""Reads."""

import math
from datetime import datetime, timedelta

from django.db.models import F, Max, Q, QuerySet

from .choices import FINAL_STAGE_STATES, Approval, EventState, Objective, StageState
from .models import Event, LoadForecast, Stage

START_GRACE = timedelta(seconds=60)
END_GRACE = timedelta(minutes=5)


def event_ids_to_schedule(now: datetime) -> QuerySet[Event, int]:
    return Event.objects.filter(schedule_due_at__lte=now, state=EventState.APPROVED).values_list("pk", flat=True)


def stage_ids_to_extract(now: datetime) -> QuerySet[Stage, int]:
    """Stages whose reservations stand but have not been told to anybody."""
    return Stage.objects.filter(state=StageState.SCHEDULED, reservations_sent_at=None).values_list("pk", flat=True)


def stage_ids_to_close(now: datetime) -> QuerySet[Stage, int]:
    """Stages that ran and whose raw outcomes are all in, or are waited for no longer."""
    waited_enough = Q(ended_at__lte=now - F("event__type__outcome_timeout_s") * timedelta(seconds=1))
    return (
        Stage.objects.filter(outcomes_sent_at=None, started_at__isnull=False, state__in=FINAL_STAGE_STATES)
        .filter(Q(raw_outcomes_at__isnull=False) | waited_enough)
        .values_list("pk", flat=True)
    )


def stage_ids_unstarted(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have started a minute ago, of which Live Energy Connect has said nothing."""
    late = Stage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now - START_GRACE)
    return late.filter(unstarted_reported_at=None).values_list("pk", flat=True)


def stage_ids_unended(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have ended five minutes ago, of which Live Energy Connect has said nothing."""
    late = Stage.objects.filter(state=StageState.IN_PROGRESS, ends_at__lte=now - END_GRACE)
    return late.filter(unended_reported_at=None).values_list("pk", flat=True)


def hours_without_forecast(event: Event, stages: list[Stage]) -> int:
    """How many hours of the stages' windows have no forecast for the event's zone."""
    hours = {hour for stage in stages for hour in _hours(stage.starts_at, stage.ends_at)}
    return len(hours) - LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=hours).count()


def stage_goals(event: Event, stages: list[Stage]) -> dict[int, float | None]:
    """What each stage has to reach in kW, by its id; None where there is no target (domain.md, Device selection)."""
    return {stage.pk: _goal_kw(event, stage, stages) for stage in stages}


def shortfall_kw(stages: list[Stage]) -> int:
    """How much the reserved stages lack of their goals together, in whole kW, rounded up."""
    return sum(missing_kw(stage.goal_kw, stage.reserved_w) for stage in stages)


def missing_kw(goal_kw: float | None, reserved_w: int) -> int:
    """What a stage lacks of its goal, in whole kW, rounded up."""
    return 0 if goal_kw is None else max(0, math.ceil(round(goal_kw - reserved_w / 1000, 3)))


def earliest_start(stages: list[Stage]) -> datetime:
    return min(stage.starts_at for stage in stages)


def overlapping_pair(stages: list[Stage]) -> tuple[Stage, Stage] | None:
    """Two stages of one program whose windows overlap, if there are any."""
    ordered = sorted(stages, key=lambda s: (s.program_id, s.starts_at))
    pairs = zip(ordered, ordered[1:], strict=False)
    return next(((a, b) for a, b in pairs if a.program_id == b.program_id and b.starts_at < a.ends_at), None)


def events_for_list() -> QuerySet[Event]:
    return Event.objects.select_related("zone", "strategy", "type").prefetch_related("stages")


def events_waiting_for_approval() -> QuerySet[Event]:
    return events_for_list().filter(state=EventState.SUBMITTED, approval=Approval.REQUIRED)


def _goal_kw(event: Event, stage: Stage, stages: list[Stage]) -> float | None:
    if event.objective == Objective.MAXIMUM_REDUCTION:
        return None
    if event.objective == Objective.MANUAL:
        return None if stage.target_kw is None else float(stage.target_kw)
    if event.objective == Objective.LOAD_REDUCTION:
        whole = float(event.target_kw or 0)
    else:
        whole = max(0.0, _highest_forecast_kw(event, stage) - (event.threshold_kw or 0))
    return whole * _share(stage, stages)


def _share(stage: Stage, stages: list[Stage]) -> float:
    """Stages that run at the same time share the amount, equally where no share is given."""
    if stage.share_pct is not None:
        return stage.share_pct / 100
    beside = [s for s in stages if s.starts_at < stage.ends_at and s.ends_at > stage.starts_at]
    return 1 / len(beside)


def _highest_forecast_kw(event: Event, stage: Stage) -> float:
    hours = LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=_hours(stage.starts_at, stage.ends_at))
    return float(hours.aggregate(peak=Max("forecast_kw"))["peak"] or 0)


def _hours(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    first = starts_at.replace(minute=0, second=0, microsecond=0)
    count = math.ceil((ends_at - first) / timedelta(hours=1))
    return [first + timedelta(hours=n) for n in range(count)]
