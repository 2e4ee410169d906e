"""Readings of many meters as one block of numbers."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.choices import Quality, Registers
from cpm.meter_days import DAY_S, unpack, unpack_quality
from cpm.models.meters import Meter
from cpm.queries.meter_archive import archived_days
from integration.seam import sql
from integration.seam.sql import statement

Kwh = NDArray[np.float32]
Qualities = NDArray[np.uint8]


class Readings(NamedTuple):
    """Energy per interval: kWh, (meters, columns), NaN where there is no reading to reckon with, and why."""

    kwh: Kwh
    quality: Qualities


class NotOnInterval(ValueError):
    """A range of readings doesn't begin or end with an interval."""


def meter_readings(
    meters: Sequence[int], starts_at: datetime, ends_at: datetime, *, interval_s: int, as_of: datetime | None = None
) -> Readings:
    """The readings of meters (ids, each once) over [starts_at, ends_at), in columns of `interval_s`.

    Taken less given, by the latest version of each day, or the latest that was there at `as_of`. Finer intervals are
    added up, if all are there; coarser ones are never split: they are missing. Raises NotOnInterval.
    """
    begin, end = (_seconds(moment, interval_s) for moment in (starts_at, ends_at))
    first, days = begin // DAY_S, -(-end // DAY_S) - begin // DAY_S
    shape = len(meters), days, DAY_S // interval_s
    taken, given = _Block(shape), _Block(shape)
    for row in _days(meters, first, days, as_of):
        (given if row["is_reverse"] else taken).put(row, interval_s)
    both = np.isin(meters, _with_both_registers(meters))
    kwh, quality = taken.kwh, taken.quality
    kwh[both] -= given.kwh[both]
    quality[both] = np.maximum(quality[both], given.quality[both])
    columns = slice((begin - first * DAY_S) // interval_s, (end - first * DAY_S) // interval_s)
    rows = len(meters), -1
    return Readings(kwh.reshape(rows)[:, columns], quality.reshape(rows)[:, columns])


def location_readings(
    locations: Sequence[int], starts_at: datetime, ends_at: datetime, *, interval_s: int, as_of: datetime | None = None
) -> Readings:
    """The same of device locations (ids, each once): a meter that was exchanged is followed by the next one."""
    found = (
        Meter.objects.filter(location__in=locations, starts_at__lt=ends_at)
        .exclude(ends_at__lte=starts_at)
        .order_by("starts_at")
    )
    meters = np.array(found.values_list("pk", "location_id"), np.int64).reshape(-1, 2)
    of_meters = meter_readings(meters[:, 0].tolist(), starts_at, ends_at, interval_s=interval_s, as_of=as_of)
    columns = of_meters.kwh.shape[1]
    kwh = np.full((len(locations), columns), np.nan, np.float32)
    quality = np.full(kwh.shape, Quality.MISSING, np.uint8)
    order = np.argsort(locations)
    at = order[np.searchsorted(locations, meters[:, 1], sorter=order)] if len(locations) else meters[:, 1]
    # Meters of a place have no interval in common; what one lacks is another's, or missing. Few places have several.
    first = np.unique(at, return_index=True)[1]
    quality[at[first]], kwh[at[first]] = of_meters.quality[first], of_meters.kwh[first]
    rest = np.setdiff1d(np.arange(len(at)), first)
    np.minimum.at(quality, at[rest], of_meters.quality[rest])
    np.fmax.at(kwh, at[rest], of_meters.kwh[rest])
    return Readings(kwh, quality)


class _Block:
    """Readings of whole days, (meters, days, intervals), still without any."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.kwh = np.full(shape, np.nan, np.float32)
        self.quality = np.full(shape, Quality.MISSING, np.uint8)

    def put(self, row: dict[str, Any], interval_s: int) -> None:
        """Put days that are stored alike into their places."""
        places, days = (np.frombuffer(row[name], ">i4") for name in ("places", "days"))
        alike = {"days": len(days), "intervals": DAY_S // row["interval_s"]}
        quality = unpack_quality(bytes(row["quality"]), **alike)
        wh = unpack(bytes(row["readings"]), scale=row["scale"], **alike)
        if row["interval_s"] > interval_s:
            return
        wh = np.where(quality < Quality.NEGATIVE, wh, np.nan)
        columns = len(days), DAY_S // interval_s, interval_s // row["interval_s"]
        self.kwh[places, days] = wh.reshape(columns).sum(axis=2) / 1000.0
        self.quality[places, days] = quality.reshape(columns).max(axis=2)


def _days(meters: Sequence[int], first: int, days: int, as_of: datetime | None) -> Iterator[dict[str, Any]]:
    """The days of meters, those that are stored alike in one row."""
    day = datetime.fromtimestamp(first * DAY_S, UTC).date()
    params: dict[str, Any] = {"meters": list(meters), "first": day, "as_of": as_of}
    params["last"] = day + timedelta(days=days - 1)
    names = ("interval_s", "scale", "is_reverse", "places", "days", "readings", "quality")
    rows = sql.rows(statement("cpm", "meter_days"), params)
    yield from (dict(zip(names, row[:-2], strict=True)) for row in rows)
    # What is put away meanwhile is read twice, which changes nothing.
    yield from archived_days(meters, day, params["last"], as_of)


def _with_both_registers(meters: Sequence[int]) -> list[int]:
    return list(Meter.objects.filter(pk__in=meters, registers=Registers.BOTH).values_list("pk", flat=True))


def _seconds(moment: datetime, interval_s: int) -> int:
    seconds = int(moment.timestamp())
    if seconds % interval_s or moment.timestamp() != seconds:
        raise NotOnInterval(f"{moment:%Y-%m-%d %H:%M:%S%z} is not between two intervals of {interval_s} s.")
    return seconds
