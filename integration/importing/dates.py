"""Calendar days and moments in cells: which of their numbers is the month, and which moment a local time is."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from integration.seam.recorded import recorded

from .values import Fault, Layout, Reading

NO_DATE = recorded("It is no date; this file's dates are read as %(layout)s.")
NO_TIME = recorded("It is no date and time; this file's dates are read as %(layout)s.")
SKIPPED_HOUR = recorded("The clocks of %(zone)s skip this time. Write the offset from UTC, such as +02:00.")
NO_HOUR = recorded("This day has no hour %(value)s in %(zone)s.")
DOUBLE_HOUR = recorded("The clocks of %(zone)s show this time twice. Write the offset from UTC, such as +02:00.")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})|(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_TIME = re.compile(
    r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?([AP]M)? ?(Z|[+-]\d{2}(?::?\d{2})?|[CEMP][DS]T|CES?T|UTC)?",
    re.ASCII | re.IGNORECASE,
)
# Names of offsets in files of the grid operators of North America and Central Europe; others may mean several.
OFFSETS = {
    "Z": "+00:00", "UTC": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "CET": "+01:00", "CEST": "+02:00",
}  # fmt: skip
HOUR = timedelta(hours=1)
_NUMBERED, _WHICH = re.compile(r" ([#%])(\d{1,2})", re.ASCII), {" A": 0, " B": 1}


class Day:
    """A calendar day."""

    postgres = "date"

    def reading(self, layout: Layout) -> Reading:
        return lambda text: self.read(text, layout)

    def read(self, text: str, layout: Layout) -> str:
        found = _DATE.match(text)
        day = found and _day(found, layout)
        is_midnight = found and text[found.end() :] in ("", "T00:00:00", " 00:00:00")
        return day.isoformat() if day and is_midnight else Fault(NO_DATE(layout=layout.dates))


class Moment:
    """A moment; without an offset it is a time of the file's time zone, a day alone is its midnight.

    24:00 is the next midnight. If the file names hours by their ends, the moment is an hour before it. After a day,
    #3 is its third hour; %3 is that on a day of 23 hours, else the hour that ends at 3. An A or B after a time is the
    first or second hour that the clocks show so (hourly.py).
    """

    postgres = "timestamptz"

    def reading(self, layout: Layout) -> Reading:
        zone = ZoneInfo(layout.time_zone)
        return lambda text: self.read(text, layout, zone)

    def read(self, text: str, layout: Layout, zone: ZoneInfo) -> str:
        found = _DATE.match(text)
        day = found and _day(found, layout)
        rest = text[found.end() :] if found else ""
        if day and (hour := _NUMBERED.fullmatch(rest)):
            return _hour_of(day, int(hour[2]), zone, counted=hour[1] == "#")
        which = _WHICH.get(rest[-2:])
        clock = _TIME.fullmatch((rest if which is None else rest[:-2]) or "T00:00")
        if not day or not clock:
            return Fault(NO_TIME(layout=layout.dates))
        back = HOUR if layout.hour_ends else timedelta()
        try:
            local = _time_of_day(day, clock)
            if clock[5]:
                moment = datetime.strptime(f"{local.isoformat()}{_offset(clock[5])}", "%Y-%m-%dT%H:%M:%S%z")
                return (moment - back).isoformat()
            return _local(local - back, zone, which)
        except (ValueError, OverflowError):
            return Fault(NO_TIME(layout=layout.dates))


def _time_of_day(day: date, clock: re.Match[str]) -> datetime:
    """A time of a day. Raises ValueError if there is none such."""
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    if half := clock[4]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  (its zone follows)
    if (hour, minute, second) == (24, 0, 0):
        return midnight + 24 * HOUR
    return midnight.replace(hour=hour, minute=minute, second=second)


def _offset(text: str) -> str:
    return OFFSETS.get(text.upper()) or (f"{text}:00" if len(text) == 3 else text)


def _day(found: re.Match[str], layout: Layout) -> date | None:
    groups = found.groups()
    if groups[0]:
        year, month, day = groups[:3]
    elif groups[3]:
        day, month, year = groups[3:6]
    else:
        first, second, year = groups[6:]
        day, month = (first, second) if layout.day_order == "dmy" else (second, first)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _hour_of(day: date, number: int, zone: ZoneInfo, *, counted: bool) -> str:
    """The start of an hour of a day: counted from the day's start, or named by its end unless the day has 23."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    next_day = day + timedelta(days=1)
    hours = round((datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone) - midnight) / HOUR)
    if not 1 <= number <= (hours if counted or hours == 23 else 24):
        return Fault(NO_HOUR(value=number, zone=zone.key))
    if counted or hours == 23:
        return (midnight + (number - 1) * HOUR).isoformat()
    return _local(datetime(day.year, day.month, day.day, number - 1), zone, None)  # noqa: DTZ001  (its zone follows)


def _local(local: datetime, zone: ZoneInfo, which: int | None = None) -> str:
    """A local time as a moment, unless the zone's clocks skip it, or show it twice and it is not said which it is."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        is_skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
        if is_skipped or which is None:
            return Fault((SKIPPED_HOUR if is_skipped else DOUBLE_HOUR)(zone=zone.key))
        first = (first, second)[which]
    return (first - (first.utcoffset() or timedelta())).replace(tzinfo=UTC).isoformat()
