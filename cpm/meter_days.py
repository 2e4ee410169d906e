"""Days of readings as bytes, and back: numpy over blocks of days, without a database.

Energy is exact to the mWh, if none of a day's readings is over 2 MWh: a day is stored in the coarsest power of ten of
Wh, and in the shortest integers, that hold all of its readings. What is known of each is a byte of choices.Quality.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .choices import Quality

DAY_S = 86_400
FINEST = -3  # powers of ten of Wh: mWh
INTEGERS: tuple[np.dtype[Any], ...] = (np.dtype("<i2"), np.dtype("<i4"))

Wh = NDArray[np.float64]
Qualities = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


class Packed(NamedTuple):
    """Days that are stored alike: their places in the block, and the bytes of each, (days, bytes)."""

    places: NDArray[np.intp]
    scale: int
    readings: Bytes


def pack(wh: Wh, quality: Qualities) -> Iterator[Packed]:
    """Store days of readings in Wh, (days, intervals); what is missing is stored as 0."""
    mwh = wh * 1000.0
    np.rint(mwh, out=mwh)
    mwh[(quality == Quality.MISSING) | np.isnan(mwh)] = 0.0
    highest = np.maximum(mwh.max(axis=1, initial=0.0), -mwh.min(axis=1, initial=0.0))
    left = np.arange(len(mwh))
    for scale in range(0, FINEST - 1, -1):
        unit = 10.0 ** (scale - FINEST)
        units = mwh[left] / unit
        is_exact = np.ones(len(left), bool) if scale == FINEST else (np.rint(units) == units).all(axis=1)
        for integer in INTEGERS:
            if (fits := np.flatnonzero(is_exact & (highest[left] / unit <= np.iinfo(integer).max))).size:
                yield Packed(left[fits], scale, _bytes_of(units[fits].astype(integer)))
                is_exact[fits] = False
                highest[left[fits]] = np.inf  # done
        left = left[np.isfinite(highest[left])]
        if not left.size:
            return
    # Too large to be exact: to the Wh.
    whole = np.clip(np.rint(mwh[left] / 1000.0), -(2**31) + 1, 2**31 - 1)
    yield Packed(left, 0, _bytes_of(whole.astype(INTEGERS[1])))


class Alike(NamedTuple):
    """Days that are stored alike: of each the register, the place of its meter, and how many days after the first.

    The bytes of their readings, and of their qualities, lie one after the other; no bytes of qualities: all are good.
    """

    interval_s: int
    scale: int
    are_reverse: NDArray[np.bool_]
    places: NDArray[np.int64]
    days: NDArray[np.int64]
    readings: bytes | memoryview
    quality: bytes | memoryview

    def only(self, some: NDArray[np.bool_]) -> "Alike":
        """Some of the days."""
        stored = self.readings, self.quality
        readings, quality = (np.frombuffer(one, np.uint8).reshape(len(self.days), -1)[some].tobytes() for one in stored)
        columns = self.are_reverse[some], self.places[some], self.days[some]
        return Alike(self.interval_s, self.scale, *columns, readings, quality)


def unpack(readings: bytes, *, days: int, intervals: int, scale: int) -> Wh:
    """The readings in Wh of days that are stored alike, (days, intervals)."""
    return np.asarray(_values(readings, days, intervals), np.float64) / 10.0**-scale


def unpack_kwh(alike: Alike) -> NDArray[np.float32]:
    """Readings in kWh, (days, intervals): as near to what is stored as 32 bits allow."""
    values = _values(alike.readings, len(alike.days), DAY_S // alike.interval_s)
    # What has 16 bits, and so small a power of ten, is exact in 32 bits, and so is rounded once.
    exact = np.float32 if values.dtype.itemsize == 2 else np.float64
    kwh: NDArray[Any] = np.divide(values, exact(10.0 ** (3 - alike.scale)), dtype=exact)
    return np.asarray(kwh, np.float32)


def unpack_quality(quality: bytes, *, days: int, intervals: int) -> Qualities:
    """The qualities of days, (days, intervals): all good if they have no bytes."""
    if not quality:
        return np.zeros((days, intervals), np.uint8)
    return np.frombuffer(quality, np.uint8).reshape(days, intervals)


def _values(readings: bytes | memoryview, days: int, intervals: int) -> NDArray[Any]:
    width = len(readings) // max(1, days * intervals)
    return np.frombuffer(readings, INTEGERS[0] if width == 2 else INTEGERS[1]).reshape(days, intervals)


def judged(
    wh: Wh, quality: Qualities, *, most_wh: NDArray[np.float64], may_be_negative: NDArray[np.bool_]
) -> Qualities:
    """The qualities with what a reading itself shows: missing, negative, or more than its meter can measure.

    most_wh, may_be_negative: of each day's meter, (days,).
    """
    found = quality.copy()
    found[(wh < 0) & ~may_be_negative[:, None]] = Quality.NEGATIVE
    found[np.abs(wh) > most_wh[:, None]] = Quality.IMPOSSIBLE
    found[np.isnan(wh)] = Quality.MISSING
    return found


def total_wh(wh: Wh, quality: Qualities) -> NDArray[np.int64]:
    """The energy of each day, of the readings that count."""
    counted = np.where(quality < Quality.NEGATIVE, np.nan_to_num(wh), 0.0)
    return np.asarray(np.rint(counted.sum(axis=1)), np.int64)


def _bytes_of(values: NDArray[Any]) -> Bytes:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
