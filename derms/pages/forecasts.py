"""The data of a zone's forecast page."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ..models import ControlZone, ForecastSkill

BEFORE, AHEAD, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)


class ForecastPoint(NamedTuple):
    """A zone's load in one hour, MW: what is in force, the bounds of 90 %, and what was metered."""

    at: datetime
    forecast: float
    low: float | None
    high: float | None
    actual: float | None


class Errors(NamedTuple):
    """Mean absolute errors over the whole day, per cent: Gridcall's own, of like weekdays, of what was in force."""

    own: float | None
    like_weekdays: float | None
    in_force: float | None


def coming_load(zone: ControlZone, now: datetime) -> list[ForecastPoint]:
    """The hours of a zone that have a forecast, from a day ago to a week from now."""
    hours = zone.load.filter(hour__gte=now - BEFORE, hour__lt=now + AHEAD).order_by("hour")
    return [
        ForecastPoint(
            row.hour,
            row.forecast_kw / 1000,
            None if row.low_kw is None else row.low_kw / 1000,
            None if row.high_kw is None else row.high_kw / 1000,
            None if row.metered_kw is None or row.hour + HOUR > now else row.metered_kw / 1000,
        )
        for row in hours
    ]


def mean_errors(skill: Sequence[ForecastSkill]) -> Errors:
    own = _mean([row.error_pct for row in skill])
    return Errors(own, _mean([row.like_weekdays_pct for row in skill]), _mean([row.in_force_pct for row in skill]))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
