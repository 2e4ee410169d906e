"""Calendar days and moments in cells: which of their numbers is the month, and which moment a local time is."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from integration.seam.recorded import recorded

from .values import Fault, Layout, Reading

NO_DATE = recorded("It is no date; this file's dates are read as %(layout)s.")
NO_TIME = recorded("It is no date and time; this file's dates are read as %(layout)s.")
SKIPPED_HOUR = recorded("The clocks of %(zone)s skip this time. Write the offset from UTC, such as +02:00.")
DOUBLE_HOUR = recorded("The clocks of %(zone)s show this time twice. Write the offset from UTC, such as +02:00.")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})|(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_TIME = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?(Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII)


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
    """A moment; without an offset it is a time of the file's time zone, a day alone is its midnight."""

    postgres = "timestamptz"

    def reading(self, layout: Layout) -> Reading:
        zone = ZoneInfo(layout.time_zone)
        return lambda text: self.read(text, layout, zone)

    def read(self, text: str, layout: Layout, zone: ZoneInfo) -> str:
        found = _DATE.match(text)
        day = found and _day(found, layout)
        rest = text[found.end() :] if found else ""
        clock = _TIME.fullmatch(rest or "T00:00")
        if not day or not clock:
            return Fault(NO_TIME(layout=layout.dates))
        hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
        try:
            local = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001  (its zone follows)
            if clock[4]:
                offset = "+00:00" if clock[4] == "Z" else f"{clock[4]}:00" if len(clock[4]) == 3 else clock[4]
                return datetime.strptime(f"{local.isoformat()}{offset}", "%Y-%m-%dT%H:%M:%S%z").isoformat()
            return _local(local, zone)
        except (ValueError, OverflowError):
            return Fault(NO_TIME(layout=layout.dates))


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


def _local(local: datetime, zone: ZoneInfo) -> str:
    """A local time as a moment, unless the zone's clocks skip it or show it twice."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        is_skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
        return Fault((SKIPPED_HOUR if is_skipped else DOUBLE_HOUR)(zone=zone.key))
    return (first - (first.utcoffset() or timedelta())).replace(tzinfo=UTC).isoformat()
