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
    mwh = np.where(quality == Quality.MISSING, 0.0, np.rint(np.nan_to_num(wh) * 1000.0))
    highest = np.abs(mwh).max(axis=1, initial=0.0)
    left = np.ones(len(mwh), bool)
    for scale, most in _forms():
        unit = 10.0 ** (scale - FINEST)
        fits = left & (highest / unit <= np.iinfo(most).max)
        exact = fits if scale == FINEST else fits & ~np.any(np.mod(mwh, unit), axis=1)
        if (places := np.flatnonzero(exact)).size:
            yield Packed(places, scale, _bytes_of(np.rint(mwh[places] / unit).astype(most)))
            left[places] = False
    if (places := np.flatnonzero(left)).size:  # too large to be exact: to the Wh
        whole = np.clip(np.rint(mwh[places] / 1000.0), -(2**31) + 1, 2**31 - 1)
        yield Packed(places, 0, _bytes_of(whole.astype(INTEGERS[1])))


def unpack(readings: bytes, *, days: int, intervals: int, scale: int) -> Wh:
    """The readings in Wh of days that are stored alike, (days, intervals)."""
    width = len(readings) // max(1, days * intervals)
    values = np.frombuffer(readings, INTEGERS[0] if width == 2 else INTEGERS[1]).reshape(days, intervals)
    return np.asarray(values, np.float64) / 10.0**-scale


def unpack_quality(quality: bytes, *, days: int, intervals: int) -> Qualities:
    """The qualities of days, (days, intervals): all good if they have no bytes."""
    if not quality:
        return np.zeros((days, intervals), np.uint8)
    return np.frombuffer(quality, np.uint8).reshape(days, intervals)


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


def _forms() -> Iterator[tuple[int, np.dtype[Any]]]:
    for scale in range(0, FINEST - 1, -1):
        for integer in INTEGERS:
            yield scale, integer


def _bytes_of(values: NDArray[Any]) -> Bytes:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
