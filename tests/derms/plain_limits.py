"""Which limit of a program keeps one device out of a stage, read use by use from docs/reference/program-rules.md."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


class Use(NamedTuple):
    """A stage that reserved the device. Event 0 is the event of the stage to choose for; `ran`: if not to its end."""

    event: int
    is_own_program: bool
    starts_at: datetime
    length: timedelta
    ran: timedelta | None
    left: str

    @property
    def until(self) -> datetime:
        lengths = [self.length] if self.ran is None else [self.length, self.ran]
        if self.left == "released":
            lengths.append(self.length / 2)
        return self.starts_at + min(lengths)

    @property
    def day(self) -> date:
        return self.starts_at.astimezone(NEW_YORK).date()


def plain_limit(limits: dict[str, int], uses: list[Use], starts_at: datetime) -> str:
    """The reason of the first broken limit; empty if the device may be asked from this moment for an hour."""
    today = starts_at.astimezone(NEW_YORK).date()
    counted = [use for use in uses if use.left != "removed"]
    own = [use for use in counted if use.is_own_program]
    week = [use for use in own if use.day.isocalendar()[:2] == today.isocalendar()[:2]]
    events_today = {use.event for use in own if use.day == today} - {0}
    hours = sum((use.until - use.starts_at for use in week), HOUR) / HOUR
    found = {
        "events_per_day": len(events_today),
        "events_per_week": len({use.event for use in week} - {0}),
        "hours_per_week": hours,
        "gap_minutes": _is_near(limits.get("gap_minutes", 0), counted, *_around(uses, starts_at)),
        "consecutive_days": _days_running({use.day for use in own}, today),
    }
    is_broken = {
        "events_per_day": lambda limit: found["events_per_day"] >= limit,
        "events_per_week": lambda limit: found["events_per_week"] >= limit,
        "hours_per_week": lambda limit: found["hours_per_week"] > limit,
        "gap_minutes": lambda _limit: found["gap_minutes"],
        "consecutive_days": lambda limit: found["consecutive_days"] > limit,
    }
    return next((name for name, broken in is_broken.items() if name in limits and broken(limits[name])), "")


def _around(uses: list[Use], starts_at: datetime) -> tuple[datetime, datetime]:
    """The stage together with those of its event and program that touch it, whether or not the device is in them."""
    begin, end = starts_at, starts_at + HOUR
    windows = [(use.starts_at, use.starts_at + use.length) for use in uses if use.event == 0 and use.is_own_program]
    for _ in windows:
        for starts, ends in windows:
            if starts <= end and ends >= begin:
                begin, end = min(begin, starts), max(end, ends)
    return begin, end


def _is_near(minutes: int, uses: list[Use], begin: datetime, end: datetime) -> bool:
    gap = timedelta(minutes=minutes)
    others = [use for use in uses if use.event > 0]
    return minutes > 0 and any(use.starts_at < end + gap and use.until > begin - gap for use in others)


def _days_running(days: set[date], today: date) -> int:
    running = 1
    for step in (-DAY, DAY):
        day = today + step
        while day in days:
            running, day = running + 1, day + step
    return running
