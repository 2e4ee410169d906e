"""Loading a forecast: hourly load and reduction factors of zones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import IntegerField, Max
from django.db.models.functions import Abs, Coalesce, Greatest

from ..choices import ForecastSource
from ..models import ControlZone, LoadForecast, ReductionFactor
from .forecast_age import close_old_forecast
from .forecast_file import ForecastRefused, Row, read_rows
from .issuing import keep_issued

HOUR = timedelta(hours=1)
BATCH = 2_000
PLAUSIBLE = 10  # times the highest load known of a zone, or as a fraction of it: kW and MW differ by 1,000


class ForecastLoaded(NamedTuple):
    """The number of rows loaded (one per zone and hour), from the first hour's start to the last hour's end.

    `kept` is how many of them stay as they were, because their hour has begun.
    """

    rows: int
    starts_at: datetime
    ends_at: datetime
    kept: int


class ForecastImplausible(Exception):
    """The loads are far from what is known of their zones; a person has to confirm them, and nothing was loaded."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__(" ".join(warnings))
        self.warnings = warnings


def load_forecast(*, lines: Iterable[str], now: datetime, confirmed: bool = False) -> ForecastLoaded:
    """Load CSV lines with the columns of COLUMNS: every row or none.

    `hour` is the start of the hour with its offset, the load is in MW, factors are 0 to 1. Hours to come that already
    exist are replaced; an hour that has begun keeps the values people decided on, and metered values stay. Raises
    ForecastRefused, also if every hour is over by `now`: such a file is an old one loaded by mistake. Raises
    ForecastImplausible, unless somebody `confirmed` the loads.
    """
    rows, faults = read_rows(lines)
    if not faults:
        faults = _faults_of_the_whole(rows, now)
    if faults:
        raise ForecastRefused(faults)
    if not confirmed and (warnings := _implausible(rows)):
        raise ForecastImplausible(warnings)
    rows.sort(key=lambda row: (row.zone.pk, row.hour))  # so that two loads at once lock rows in the same order
    kept = _save(rows, now)
    return ForecastLoaded(len(rows), min(row.hour for row in rows), max(row.hour for row in rows) + HOUR, kept)


def _faults_of_the_whole(rows: list[Row], now: datetime) -> list[tuple[int, str]]:
    if not rows:
        return [(1, "no row follows the heading")]
    if all(row.hour + HOUR <= now for row in rows):
        return [(2, "every hour of the file is over")]
    return []


def _implausible(rows: list[Row]) -> list[str]:
    """A sentence for each zone whose highest load is far from the highest known, or from its limit."""
    highest = Greatest(Max(Abs("load__forecast_kw")), Max(Abs("load__metered_kw")))
    zones = ControlZone.objects.annotate(known=Coalesce(highest, "limit_kw", output_field=IntegerField()))
    known = dict(zones.values_list("pk", "known"))
    most = dict[ControlZone, int]()
    for row in rows:
        most[row.zone] = max(most.get(row.zone, 0), abs(row.load_kw))
    return [
        f"The highest load of {zone.code} would be {kw / 1000:,.1f} MW; the highest known is {usual / 1000:,.1f} MW."
        for zone, kw in most.items()
        if (usual := known[zone.pk]) and not usual / PLAUSIBLE <= kw <= usual * PLAUSIBLE
    ]


@transaction.atomic
def _save(rows: list[Row], now: datetime) -> int:
    """Replace the hours to come and add those that have begun; return how many of these existed."""
    begun, coming = [row for row in rows if row.hour <= now], [row for row in rows if row.hour > now]
    hours = LoadForecast.objects.filter(hour__in={row.hour for row in begun}).values_list("zone_id", "hour")
    kept = set(hours) & {(row.zone.pk, row.hour) for row in begun}
    _write([row for row in begun if (row.zone.pk, row.hour) not in kept])
    _write(coming)
    zones = {row.zone.pk for row in rows}
    keep_issued(sorted(zones), now=now)
    close_old_forecast(zones)
    return len(kept)


def _write(rows: list[Row]) -> None:
    LoadForecast.objects.bulk_create(
        [
            LoadForecast(zone=row.zone, hour=row.hour, forecast_kw=row.load_kw, source=ForecastSource.FILE)
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["zone", "hour"],
        update_fields=["forecast_kw", "low_kw", "high_kw", "source", "loaded_at"],
        batch_size=BATCH,
    )
    ReductionFactor.objects.bulk_create(
        [
            ReductionFactor(zone=row.zone, device_class=name, hour=row.hour, factor=factor)
            for row in rows
            for name, factor in row.factors.items()
        ],
        update_conflicts=True,
        unique_fields=["zone", "device_class", "hour"],
        update_fields=["factor"],
        batch_size=BATCH,
    )
