"""What an event has to reach, over time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from ..choices import EventState
from ..models import Event, LoadForecast, Stage
from ..objectives import OBJECTIVES
from .powers import stage_powers
from .profile import StagePower, Target, TargetStep

HOUR = timedelta(hours=1)
RESERVING_STATES = (EventState.SCHEDULED, EventState.IN_PROGRESS)


def target_of(event: Event, stages: Sequence[Stage]) -> Target:
    """Return the target an event is measured against: as stored by Schedule, or before that as it would be now."""
    aim = OBJECTIVES[event.objective]
    if aim.follows_forecast:
        return Target(steps=frozen_steps(event) or needed_steps(event, stages))
    if aim.is_shared:
        return Target(kw=float(event.target_kw or 0))
    return Target(is_per_stage=aim.stage_needs == "target_kw")


def needed_steps(
    event: Event, stages: Sequence[Stage], forecast: Mapping[datetime, float] | None = None
) -> tuple[TargetStep, ...]:
    """Return by how much the zone's load exceeds the event's threshold while stages run, less what others reserved.

    `forecast` has kW by hour; if it isn't given, the zone's own is read. Forecast values are means over their hour. An
    hour without a forecast needs nothing (Submit refuses it).
    """
    edges = sorted({edge for stage in stages for edge in (stage.starts_at, stage.ends_at)})
    if not edges:
        return ()
    others = _powers_of_others(event, edges[0], edges[-1])
    if forecast is None:
        forecast = _forecast_kw(event.zone_id, edges[0], edges[-1])
    moments = sorted({*edges, *_inner_edges(others, forecast, edges[0], edges[-1])})
    return tuple(
        TargetStep(start, end, _needed_kw(event, start, forecast, others))
        for start, end in pairwise(moments)
        if any(stage.starts_at <= start < stage.ends_at for stage in stages)
    )


def kept_steps(target: Target) -> list[tuple[str, str, float]] | None:
    """Return the steps as Schedule stores them with the event; None if the target doesn't follow the forecast."""
    return [(start.isoformat(), end.isoformat(), kw) for start, end, kw in target.steps] or None


def frozen_steps(event: Event) -> tuple[TargetStep, ...]:
    """Return the steps that Schedule stored with the event."""
    return tuple(
        TargetStep(datetime.fromisoformat(start), datetime.fromisoformat(end), kw)
        for start, end, kw in event.target_steps or ()
    )


def _needed_kw(event: Event, at: datetime, forecast: Mapping[datetime, float], others: Sequence[StagePower]) -> float:
    load = forecast.get(event.zone.hour_of(at), 0.0)
    reserved = sum(stage.reserved_at(at) for stage in others if stage.runs(at))
    return max(0.0, load - reserved - (event.threshold_kw or 0))


def _powers_of_others(event: Event, begins: datetime, ends: datetime) -> list[StagePower]:
    """The power of other events' stages in the zone during this time."""
    others = Stage.objects.filter(event__zone_id=event.zone_id, event__state__in=RESERVING_STATES)
    return stage_powers(list(others.filter(starts_at__lt=ends, ends_at__gt=begins).exclude(event_id=event.pk)))


def _forecast_kw(zone_id: int, begins: datetime, ends: datetime) -> dict[datetime, float]:
    hours = LoadForecast.objects.filter(zone_id=zone_id, hour__gt=begins - HOUR, hour__lt=ends)
    return {hour: float(kw) for hour, kw in hours.values_list("hour", "forecast_kw")}


def _inner_edges(
    others: Sequence[StagePower], hours: Iterable[datetime], begins: datetime, ends: datetime
) -> Iterator[datetime]:
    yield from (hour for hour in hours if begins < hour < ends)
    for stage in others:
        changes = (stage.starts_at, stage.until, *(at for at, _ in stage.leavers))
        yield from (at for at in changes if begins < at < ends)
