"""Gridcall's own forecasts of load, and keeping every forecast with its time of issue."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction

from derms.forecasting import BAND, DAYS_AHEAD, LEAST_DAYS, LOOKED_BACK, SUNDAY, Days, Floats, Forecast, forecast_load
from integration.seam import sql
from integration.seam.sql import statement

from ..choices import ForecastSource
from ..models import ControlZone, IssuedForecast, Temperature
from ..queries.forecast_age import zones_with_old_forecast
from .forecast_age import close_old_forecast
from .locks import lock_zone

HOUR = timedelta(hours=1)
LEARNED_FROM = timedelta(days=400)  # a year, and the weeks before it
KEPT = timedelta(days=400)


class Learned(NamedTuple):
    """What a zone's forecast is made of: its days, the first of them, and the forecast that was in force then, kW."""

    known: Days
    first: date
    in_force: Floats


def issue_forecasts(*, now: datetime) -> None:
    """Forecast the load of each zone from its metered hours, and reckon how good forecasts were.

    Zones without metered hours of the last six days keep what they have, and so do those whose hours to come were
    issued within the last hour: work of several times of day is due at once when Gridcall starts.
    """
    holidays = set(sql.column(statement("derms", "holidays_of_programs")))
    for zone in ControlZone.objects.order_by("pk"):
        if learned := learn(zone, holidays, now=now):
            _issue(zone, learned, now)
    IssuedForecast.objects.filter(hour__lt=now - KEPT).delete()


def learn(zone: ControlZone, holidays: set[date], *, now: datetime) -> Learned | None:
    """Return what is known of a zone's load by now; None if that isn't enough to forecast the next hour."""
    since = now - LEARNED_FROM
    params = {"zone": zone.pk, "since": since, "now": now, "time_zone": zone.time_zone}
    rows = sorted(sql.rows(statement("derms", "load_to_learn"), params))
    if not rows:
        return None
    first, (last, hour, *_) = rows[0][0], rows[-1]
    today, hour = (last - first).days + (hour + 1) // 24, (hour + 1) % 24
    if (zone.local_day(now) - first).days >= today + DAYS_AHEAD:
        return None
    load, in_force = np.full((2, today + DAYS_AHEAD, 24), np.nan)
    for day, at, kw, forecast_kw, _hour in rows:
        load[(day - first).days, at], in_force[(day - first).days, at] = kw, forecast_kw
    days = [first + timedelta(days=n) for n in range(len(load))]
    kind = np.array([SUNDAY if day in holidays else day.weekday() for day in days])
    return Learned(Days(load, _temperatures(zone, first, len(load)), kind, today, hour), first, in_force)


def keep_issued(zone_ids: list[int], *, now: datetime) -> None:
    """Give forecasts that a file or a program just said their band, and keep them with their time of issue.

    To be called in the transaction that wrote them.
    """
    params = {"zones": zone_ids, "now": now}
    sql.execute(statement("derms", "band_of_files"), params)
    sql.execute(statement("derms", "keep_issued"), params)


@transaction.atomic
def _issue(zone: ControlZone, learned: Learned, now: datetime) -> None:
    forecast = forecast_load(learned.known)
    hours = list(_hours_to_come(zone, learned, forecast, now))
    lock_zone(zone.pk)  # of two at the same time, the second sees what the first issued
    if hours and _was_issued(zone, hours[-1][0], now):
        return
    _keep_skill(zone, learned, forecast, now)
    if not hours:
        return
    params = {
        "zone": zone.pk,
        "source": ForecastSource.MODEL,
        "now": now,
        "hours": [hour for hour, _place in hours],
        "kw": [_whole(forecast.load[place]) for _hour, place in hours],
        "low": [_whole(forecast.low[place]) for _hour, place in hours],
        "high": [_whole(forecast.high[place]) for _hour, place in hours],
    }
    sql.execute(statement("derms", "issue_forecast"), params)
    sql.execute(statement("derms", "band_of_files"), {"zones": [zone.pk], "now": now})
    close_old_forecast({zone.pk} - zones_with_old_forecast(now).keys())  # a file's hours may be old and in force


def _was_issued(zone: ControlZone, hour: datetime, now: datetime) -> bool:
    """Whether Gridcall issued its forecast of this hour, the last of those to come, within the last hour."""
    own = IssuedForecast.objects.filter(zone=zone, hour=hour, source=ForecastSource.MODEL)
    return own.filter(issued_at__gt=now - HOUR).exists()


def _hours_to_come(
    zone: ControlZone, learned: Learned, forecast: Forecast, now: datetime
) -> Iterator[tuple[datetime, tuple[int, int]]]:
    """Each hour that hasn't begun and has a forecast, with its place in the tables of the forecast."""
    hour, time_zone = zone.hour_of(now) + HOUR, ZoneInfo(zone.time_zone)
    while True:
        local = hour.astimezone(time_zone)
        row = (local.date() - learned.first).days - learned.known.today
        if row >= DAYS_AHEAD:
            return
        if row >= 0 and np.isfinite(forecast.load[row, local.hour]):
            yield hour, (row, local.hour)
        hour += HOUR


def _keep_skill(zone: ControlZone, learned: Learned, forecast: Forecast, now: datetime) -> None:
    known = learned.known
    lately = slice(max(0, known.today - LOOKED_BACK), known.today)
    load, in_force = known.load[lately], learned.in_force[lately]
    off = load - in_force
    around = np.concatenate([np.roll(off, shift, axis=1) for shift in (-1, 0, 1)])
    params = {
        "zone": zone.pk,
        "now": now,
        "method": forecast.method,
        "days": forecast.days,
        "own": [_number(one) for one in forecast.errors],
        "naive": [_number(one) for one in forecast.naive_errors],
        "in_force": [_number(_mean(np.abs(off[:, h]) / np.maximum(np.abs(load[:, h]), 1) * 100)) for h in range(24)],
        "low": [_whole(np.minimum(0.0, _percentile(around[:, h], BAND[0]))) for h in range(24)],
        "high": [_whole(np.maximum(0.0, _percentile(around[:, h], BAND[1]))) for h in range(24)],
    }
    sql.execute(statement("derms", "keep_skill"), params)


def _temperatures(zone: ControlZone, first: date, days: int) -> Floats:
    """The table of a zone's temperatures by local day and hour, from its first day on."""
    table, time_zone = np.full((days, 24), np.nan), ZoneInfo(zone.time_zone)
    begins = datetime(first.year, first.month, first.day, tzinfo=time_zone)
    rows = Temperature.objects.filter(zone=zone, hour__gte=begins, hour__lt=begins + timedelta(days=days + 1))
    for hour, celsius in rows.values_list("hour", "celsius"):
        local = hour.astimezone(time_zone)
        if (row := (local.date() - first).days) < days:
            table[row, local.hour] = celsius
    return table


def _percentile(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, share)) if len(known) >= LEAST_DAYS else np.nan


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _whole(value: float) -> int | None:
    return round(float(value)) if np.isfinite(value) else None
