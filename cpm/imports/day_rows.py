"""Blocks of a file of readings as days in UTC: rows of one reading, and rows of a day with a column per interval."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from integration.importing.kinds import plain_name

MIDNIGHT, CLOCK, NUMBERED = time(), re.compile(r"(?:^|\D)(\d{1,2}):(\d{2})"), re.compile(r"(\d{1,3})$")
FEWEST = 23  # hours of a day in spring
LENGTHS = {23: 3600, 24: 3600, 25: 3600, 46: 1800, 48: 1800, 50: 1800, 92: 900, 96: 900, 100: 900,
           276: 300, 288: 300, 300: 300}  # fmt: skip
NOT_THERE = -1
DAY_S = 86_400
Seconds = NDArray[np.int64]


class Series(NamedTuple):
    """The columns of a day's readings in the order of time: by the clock, or counted from the day's start."""

    places: list[int]
    minutes: list[int] | None = None

    @property
    def interval_s(self) -> int:
        if self.minutes is None:
            return LENGTHS[len(self.places)]
        return (self.minutes[1] - self.minutes[0]) * 60


def series_of(heading: Sequence[str]) -> Series:
    """The columns of a heading that hold a day's readings; none if it has no such columns."""
    clocks = [(place, int(at[1]) * 60 + int(at[2])) for place, text in enumerate(heading) if (at := CLOCK.search(text))]
    if len(clocks) >= FEWEST:
        return _by_clock(clocks)
    counted = [
        (place, text[: at.start()], int(at[1])) for place, text in enumerate(heading) if (at := NUMBERED.search(text))
    ]
    named: dict[str, list[tuple[int, int]]] = {}
    for place, name, number in counted:
        named.setdefault(plain_name(name), []).append((place, number))
    for columns in named.values():
        numbers = [number for _place, number in columns]
        if len(columns) in LENGTHS and numbers == list(range(numbers[0], numbers[0] + len(columns))) and numbers[0] < 2:
            return Series([place for place, _number in columns])
    return Series([])


def _by_clock(clocks: list[tuple[int, int]]) -> Series:
    """Columns named by times: starts of intervals, or their ends, the last being 24:00 or 00:00."""
    places, minutes = [place for place, _at in clocks], [at for _place, at in clocks]
    step = minutes[1] - minutes[0]
    if minutes[0] == step and minutes[-1] in (0, 24 * 60):
        minutes = [at * step for at in range(len(minutes))]
    is_whole = step > 0 and minutes == [at * step for at in range(24 * 60 // step)] and step in (5, 15, 30, 60)
    return Series(places, minutes) if is_whole else Series([])


def moments_of(day: date, series: Series, zone: ZoneInfo) -> tuple[Seconds, bool]:
    """When each column's interval begins, in seconds of UTC, NOT_THERE if that day has none; whether all have a column.

    By the clock, what is skipped in spring has no interval; what comes twice in autumn needs columns counted from the
    day's start.
    """
    start = datetime.combine(day, MIDNIGHT, zone).timestamp()
    length = datetime.combine(day + timedelta(days=1), MIDNIGHT, zone).timestamp() - start
    count = int(length) // series.interval_s
    if series.minutes is None:
        at = np.arange(len(series.places), dtype=np.int64)
        return np.where(at < count, int(start) + at * series.interval_s, NOT_THERE), count <= len(at)
    times = [datetime.combine(day, MIDNIGHT, zone) + timedelta(minutes=minute) for minute in series.minutes]
    is_there = [one.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == one.replace(tzinfo=None) for one in times]
    seconds = np.array([int(one.timestamp()) for one in times], np.int64)
    return np.where(is_there, seconds, NOT_THERE), count <= len(times)


def spread(values: NDArray[np.float64], moments: Seconds, interval_s: int) -> Iterator[tuple[int, Any]]:
    """The UTC days (since 1970) of rows of one day, each with its readings by interval, NaN where there is none."""
    there = moments != NOT_THERE
    days = moments // DAY_S
    for day in np.unique(days[there]):
        ours = there & (days == day)
        wh = np.full((len(values), DAY_S // interval_s), np.nan)
        wh[:, (moments[ours] - day * DAY_S) // interval_s] = values[:, ours]
        yield int(day), wh
