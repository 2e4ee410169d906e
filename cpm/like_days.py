"""Which days an event's day is like, and where their hours lie among the columns of a block of readings.

Days are those of the event's time zone. Working days are like working days; Saturdays, Sundays and holidays are like
each other. Hours are the same by the clock; a day on which the clock changes in them is left out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from cpm.baselines import Like

SATURDAY = 5
DAY_OFF, WORKING_DAY, CLOCK_CHANGE = "day off", "working day", "clock change"


class DayOut(NamedTuple):
    """A day that is not like the event's, and why: DAY_OFF, WORKING_DAY or CLOCK_CHANGE."""

    day: date
    why: str


@dataclass(frozen=True)
class Hours:
    """What of an event's day is looked at: [before_from, before_until), the event [starts_at, ends_at), and after it.

    `after_until` ends the hours in which a rebound is looked for.
    """

    before_from: datetime
    before_until: datetime
    starts_at: datetime
    ends_at: datetime
    after_until: datetime
    zone: ZoneInfo

    @property
    def day(self) -> date:
        return self.starts_at.astimezone(self.zone).date()

    def shift(self, day: date) -> timedelta | None:
        """How much earlier the same hours of the clock were on a day; None if the clock changes in them."""
        local = self.starts_at.astimezone(self.zone).replace(tzinfo=None)
        shifted = datetime.combine(day, local.time(), self.zone).astimezone(UTC)
        shift = self.starts_at - shifted
        moments = (self.before_from, self.starts_at, self.after_until)
        offsets = {(one - shift).astimezone(self.zone).utcoffset() for one in moments}
        return shift if len(offsets) == 1 else None


def like_days(hours: Hours, *, holidays: Collection[date], lookback: int) -> tuple[list[date], list[DayOut]]:
    """The days that the event's day is like, the latest first, and the others that were looked at."""
    like, out = [], []
    is_off = _is_off(hours.day, holidays)
    for back in range(1, lookback + 1):
        day = hours.day - timedelta(days=back)
        if _is_off(day, holidays) != is_off:
            out.append(DayOut(day, WORKING_DAY if is_off else DAY_OFF))
        elif hours.shift(day) is None:
            out.append(DayOut(day, CLOCK_CHANGE))
        else:
            like.append(day)
    return like, out


class Places(NamedTuple):
    """The hours of an event and its like days among the columns of readings over [reads_from, reads_until).

    `after` (days, intervals) and `own_after` are the hours after the event; `starts_at` is when the first whole
    interval of the event begins.
    """

    like: Like
    after: NDArray[np.int64]
    own_after: NDArray[np.int64]
    starts_at: datetime
    reads_from: datetime
    reads_until: datetime


def places(hours: Hours, days: Collection[date], interval_s: int) -> Places | None:
    """Where the hours of the event and of some like days lie; None if the event holds no whole interval.

    The columns of a day whose hours don't begin with an interval mean nothing; `holds` tells which days those are.
    """
    begin, end = _up(hours.starts_at, interval_s), _down(hours.ends_at, interval_s)
    if end <= begin:
        return None
    before = _up(hours.before_from, interval_s), _down(hours.before_until, interval_s)
    after_until = max(end, _down(hours.after_until, interval_s))
    shifts = np.array([int(_shift(hours, day).total_seconds()) for day in days], np.int64)
    # The reading just before the event is read in any case.
    reads_from = min(before[0], begin - interval_s) - int(shifts.max(initial=0))
    reads_from -= reads_from % interval_s
    own, own_before, own_after = (
        (np.arange(one, until, interval_s) - reads_from) // interval_s
        for one, until in ((begin, end), before, (end, after_until))
    )
    back = (shifts // interval_s)[:, None]
    like = Like(own - back, own_before - back, own, own_before)
    moments = (datetime.fromtimestamp(one, UTC) for one in (begin, reads_from, after_until))
    return Places(like, own_after - back, own_after, *moments)


def holds(hours: Hours, days: Collection[date], interval_s: int) -> NDArray[np.bool_]:
    """Which of the days have the event's hours at the same places between intervals, (days,)."""
    return np.array([int(_shift(hours, day).total_seconds()) % interval_s == 0 for day in days], np.bool_)


def _is_off(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() >= SATURDAY or day in holidays


def _shift(hours: Hours, day: date) -> timedelta:
    shift = hours.shift(day)
    if shift is None:
        raise ValueError(f"The clock changes on {day}: it is no like day.")
    return shift


def _up(moment: datetime, interval_s: int) -> int:
    return ceil(moment.timestamp() / interval_s) * interval_s


def _down(moment: datetime, interval_s: int) -> int:
    return floor(moment.timestamp() / interval_s) * interval_s
