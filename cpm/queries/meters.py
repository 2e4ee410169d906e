"""Readings of many meters as one block of numbers."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.choices import Quality, Registers
from cpm.meter_days import DAY_S, Alike, unpack_kwh, unpack_quality
from cpm.models.meters import Meter
from cpm.queries.meter_archive import archived_days
from integration.seam import sql
from integration.seam.binary_rows import rows_of_file
from integration.seam.sql import statement

Kwh = NDArray[np.float32]
Qualities = NDArray[np.uint8]


_METERS_OF_PLACES = """
SELECT m.id, place - 1, (m.registers = %(both)s)::integer
  FROM unnest(%(locations)s::bigint[]) WITH ORDINALITY wanted (location_id, place)
  JOIN cpm_meter m USING (location_id)
 WHERE m.starts_at < %(ends_at)s AND (m.ends_at IS NULL OR m.ends_at > %(starts_at)s)
 ORDER BY place, m.starts_at
"""


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
    both = np.isin(meters, _with_both_registers(meters))
    return _read(meters, both, (starts_at, ends_at), interval_s, as_of)


def _read(
    meters: Sequence[int],
    both: NDArray[np.bool_],
    between: tuple[datetime, datetime],
    interval_s: int,
    as_of: datetime | None,
) -> Readings:
    begin, end = (_seconds(moment, interval_s) for moment in between)
    first, days = begin // DAY_S, -(-end // DAY_S) - begin // DAY_S
    taken = _Block((len(meters), days, DAY_S // interval_s))
    given = _Block(taken.kwh.shape) if both.any() else None
    for alike in _days(meters, first, days, as_of):
        taken.put(alike, ~alike.are_reverse, interval_s)
        if given:
            given.put(alike, alike.are_reverse, interval_s)
    if given:
        taken.kwh[both] -= given.kwh[both]
        taken.quality[both] = np.maximum(taken.quality[both], given.quality[both])
    columns = slice((begin - first * DAY_S) // interval_s, (end - first * DAY_S) // interval_s)
    rows = len(meters), -1
    return Readings(taken.kwh.reshape(rows)[:, columns], taken.quality.reshape(rows)[:, columns])


def location_readings(
    locations: Sequence[int], starts_at: datetime, ends_at: datetime, *, interval_s: int, as_of: datetime | None = None
) -> Readings:
    """The same of device locations (ids, each once): a meter that was exchanged is followed by the next one."""
    params = {"locations": list(locations), "starts_at": starts_at, "ends_at": ends_at, "both": str(Registers.BOTH)}
    found = np.array(sql.rows(_METERS_OF_PLACES, params), np.int64).reshape(-1, 3)
    meters, at, both = found[:, 0].tolist(), found[:, 1], found[:, 2].astype(np.bool_)
    of_meters = _read(meters, both, (starts_at, ends_at), interval_s, as_of)
    if np.array_equal(at, np.arange(len(locations))):
        return of_meters
    kwh = np.full((len(locations), of_meters.kwh.shape[1]), np.nan, np.float32)
    quality = np.full(kwh.shape, Quality.MISSING, np.uint8)
    # Meters of a place have no interval in common; what one lacks is another's, or missing. Few places have several.
    first = np.unique(at, return_index=True)[1]
    quality[at[first]], kwh[at[first]] = of_meters.quality[first], of_meters.kwh[first]
    rest = np.setdiff1d(np.arange(len(at)), first)
    np.minimum.at(quality, at[rest], of_meters.quality[rest])
    np.fmax.at(kwh, at[rest], of_meters.kwh[rest])
    return Readings(kwh, quality)


class _Block:
    """Readings of whole days, (meters, days, intervals), still without any."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.kwh = np.full(shape, np.nan, np.float32)
        self.quality = np.full(shape, Quality.MISSING, np.uint8)

    def put(self, alike: Alike, some: NDArray[np.bool_], interval_s: int) -> None:
        """Put some of the days that are stored alike into their places."""
        if alike.interval_s > interval_s or not some.any():
            return
        kwh, quality = unpack_kwh(alike), None
        if len(alike.quality):
            quality = unpack_quality(bytes(alike.quality), days=len(kwh), intervals=kwh.shape[1])
            kwh[quality >= Quality.NEGATIVE] = np.nan
        if alike.interval_s < interval_s:
            parts = len(kwh), DAY_S // interval_s, interval_s // alike.interval_s
            kwh = kwh.reshape(parts).sum(axis=2, dtype=np.float64).astype(np.float32)
            quality = None if quality is None else quality.reshape(parts).max(axis=2)
        here = (alike.places, alike.days)
        if not some.all():
            here, kwh, quality = (alike.places[some], alike.days[some]), kwh[some], _some_of(quality, some)
        self.kwh[here] = kwh
        self.quality[here] = Quality.GOOD if quality is None else quality


def _some_of(quality: Qualities | None, some: NDArray[np.bool_]) -> Qualities | None:
    return None if quality is None else quality[some]


def _days(meters: Sequence[int], first: int, days: int, as_of: datetime | None) -> Iterator[Alike]:
    """The days of meters, those that are stored alike together."""
    day = datetime.fromtimestamp(first * DAY_S, UTC).date()
    last = day + timedelta(days=days - 1)
    yield from _kept_days(meters, day, last, as_of)
    # What is put away meanwhile is read twice, which changes nothing.
    yield from archived_days(meters, day, last, as_of)


def _kept_days(meters: Sequence[int], first: date, last: date, as_of: datetime | None) -> Iterator[Alike]:
    """The latest version of each day in the table; in binary, as text would be twice as long."""
    out = BytesIO()
    params = {"meters": list(meters), "first": first, "last": last, "as_of": as_of}
    sql.copy_out(statement("cpm", "meter_days"), params, out, form="binary")
    rows = list(rows_of_file(out.getbuffer()))
    keys = [np.frombuffer(row[2], ">i8").astype(np.int64) for row in rows]
    latest = _latest(np.concatenate(keys)) if keys else None
    for (interval_s, scale, _keys, readings, quality), key in zip(rows, keys, strict=True):
        counted = None if latest is None else np.isin(key, latest)
        found = Alike(
            _integer(interval_s), _integer(scale), (key >> 32 & 1).astype(np.bool_), key >> 33, key >> 16 & 0xFFFF,
            readings, quality,
        )  # fmt: skip
        yield found if counted is None else found.only(counted)


def _latest(keys: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The keys of the latest version of each day; None if no day has another version than its first."""
    if ((keys & 0xFFFF) == 1).all():
        return None
    ordered = np.sort(keys)
    is_last = np.append(ordered[1:] >> 16 != ordered[:-1] >> 16, True)
    return np.asarray(ordered[is_last])


def _integer(field: bytes | memoryview) -> int:
    return int.from_bytes(field, "big", signed=True)


def _with_both_registers(meters: Sequence[int]) -> list[int]:
    return list(Meter.objects.filter(pk__in=meters, registers=Registers.BOTH).values_list("pk", flat=True))


def _seconds(moment: datetime, interval_s: int) -> int:
    seconds = int(moment.timestamp())
    if seconds % interval_s or moment.timestamp() != seconds:
        raise NotOnInterval(f"{moment:%Y-%m-%d %H:%M:%S%z} is not between two intervals of {interval_s} s.")
    return seconds
