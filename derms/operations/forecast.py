"""Loading a forecast: hourly load and reduction factors of zones."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from django.db import transaction

from ..choices import DeviceClass
from ..models import ControlZone, LoadForecast, ReductionFactor
from .forecast_age import close_old_forecast

CLASSES: tuple[str, ...] = tuple(DeviceClass.values)
COLUMNS = ["zone", "hour", "load_mw", *CLASSES]
HOUR = timedelta(hours=1)
MOST_MW = 2_000_000  # converted to kW, just below the column's maximum
BATCH = 2_000
T = TypeVar("T")


class ForecastLoaded(NamedTuple):
    """The number of rows loaded (one per zone and hour), from the first hour's start to the last hour's end."""

    rows: int
    starts_at: datetime
    ends_at: datetime


class ForecastRefused(Exception):
    """The file has faults and nothing was loaded; `rows` holds (line number, reason) for each fault."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__(f"The forecast has {len(rows)} faults; nothing was loaded.")
        self.rows = list(rows)


class _Row(NamedTuple):
    zone_id: int
    hour: datetime
    load_kw: int
    factors: dict[str, float]


def load_forecast(*, lines: Iterable[str], now: datetime) -> ForecastLoaded:
    """Load CSV lines with the columns of COLUMNS: every row or none.

    `hour` is the start of the hour with its offset, the load is in MW, factors are 0 to 1. Hours that already exist are
    replaced; metered values stay. Raises ForecastRefused, also if every hour is over by `now`: such a file is an old
    one loaded by mistake.
    """
    rows, faults = _read(lines)
    if not faults:
        faults = _faults_of_the_whole(rows, now)
    if faults:
        raise ForecastRefused(faults)
    rows.sort(key=lambda row: (row.zone_id, row.hour))  # so that two loads at once lock rows in the same order
    _save(rows)
    return ForecastLoaded(len(rows), min(row.hour for row in rows), max(row.hour for row in rows) + HOUR)


def _faults_of_the_whole(rows: list[_Row], now: datetime) -> list[tuple[int, str]]:
    if not rows:
        return [(1, "no row follows the heading")]
    if all(row.hour + HOUR <= now for row in rows):
        return [(2, "every hour of the file is over")]
    return []


def _read(lines: Iterable[str]) -> tuple[list[_Row], list[tuple[int, str]]]:
    table = csv.reader(lines)
    if next(table, None) != COLUMNS:
        return [], [(1, f"the heading must be {','.join(COLUMNS)}")]
    zones = dict(ControlZone.objects.values_list("code", "pk"))
    rows, faults, seen = [], [], dict[tuple[int, datetime], int]()
    try:
        for cells in filter(None, table):
            row, reasons = _read_row(cells, zones)
            if row and (first := seen.setdefault((row.zone_id, row.hour), table.line_num)) != table.line_num:
                reasons = [f"line {first} has the same zone and hour"]
            rows += [row] if row else []
            faults += [(table.line_num, reason) for reason in reasons]
    except csv.Error as problem:
        faults.append((table.line_num, f"{problem}; the rest was not read"))
    return rows, faults


def _read_row(cells: list[str], zones: dict[str, int]) -> tuple[_Row | None, list[str]]:
    """Return the row, or else everything that is wrong with it."""
    if len(cells) != len(COLUMNS):
        return None, [f"it has {len(cells)} columns instead of {len(COLUMNS)}"]
    reasons: list[str] = []

    def read(column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(cells[COLUMNS.index(column)].strip())
        except _Fault as fault:
            reasons.append(f"{column} {fault}")
            return None

    zone = read("zone", lambda text: _known_zone(text, zones))
    hour, load_mw = read("hour", _start_of_hour), read("load_mw", lambda text: _number(text, MOST_MW))
    factors = {name: factor for name in CLASSES if (factor := read(name, lambda text: _number(text, 1))) is not None}
    if zone is None or hour is None or load_mw is None or len(factors) < len(CLASSES):
        return None, reasons
    return _Row(zone, hour, round(load_mw * 1000), factors), []


class _Fault(Exception):
    """What is wrong with one value; the text follows its column's name."""


def _known_zone(text: str, zones: dict[str, int]) -> int:
    if text not in zones:
        raise _Fault(f"“{text}” is no control zone")
    return zones[text]


def _start_of_hour(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise _Fault(f"“{text}” has no offset, such as -04:00")
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Fault(f"“{text}” is no ISO date and time") from None
    if moment != moment.replace(minute=0, second=0, microsecond=0):
        raise _Fault(f"“{text}” is not the start of an hour")
    return moment


def _number(text: str, most: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _Fault(f"“{text}” is no number") from None
    if not (math.isfinite(value) and 0 <= value <= most):
        raise _Fault(f"“{text}” is not between 0 and {most}")
    return value


@transaction.atomic
def _save(rows: list[_Row]) -> None:
    LoadForecast.objects.bulk_create(
        [LoadForecast(zone_id=row.zone_id, hour=row.hour, forecast_kw=row.load_kw) for row in rows],
        update_conflicts=True,
        unique_fields=["zone", "hour"],
        update_fields=["forecast_kw", "loaded_at"],
        batch_size=BATCH,
    )
    ReductionFactor.objects.bulk_create(
        [
            ReductionFactor(zone_id=row.zone_id, device_class=name, hour=row.hour, factor=factor)
            for row in rows
            for name, factor in row.factors.items()
        ],
        update_conflicts=True,
        unique_fields=["zone", "device_class", "hour"],
        update_fields=["factor"],
        batch_size=BATCH,
    )
    close_old_forecast({row.zone_id for row in rows})
