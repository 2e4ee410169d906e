"""What a cell may hold: each type reads a text into the text that PostgreSQL's COPY takes, or returns what is wrong.

Files of a million rows repeat most of their values, so a column is read through a dictionary: one look-up per cell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from integration.seam.recorded import recorded

EMPTY = recorded("The value is missing.")
TOO_LONG = recorded("It has %(length)s characters; at most %(most)s are stored.")
FORMULA = recorded("The cell is a formula. Save the file with values in place of formulas.")
SHORTENED = recorded(
    "A spreadsheet shortened this id to a power of ten. Format the column as text and export it again."
)
UNPRINTABLE = recorded("It contains a character that can't be stored.")
NO_NUMBER = recorded("It is no number; this file's decimal sign is “%(sign)s”, without signs for thousands.")
NO_WHOLE_NUMBER = recorded("It is no whole number.")
OUTSIDE = recorded("It is not between %(least)s and %(most)s.")
NO_FLAG = recorded("It is neither yes nor no.")
NO_DATE = recorded("It is no date; this file's dates are read as %(layout)s.")
NO_TIME = recorded("It is no date and time; this file's dates are read as %(layout)s.")
SKIPPED_HOUR = recorded("The clocks of %(zone)s skip this time. Write the offset from UTC, such as +02:00.")
DOUBLE_HOUR = recorded("The clocks of %(zone)s show this time twice. Write the offset from UTC, such as +02:00.")
NO_ZONE = recorded("There is no such time zone; write it like Europe/Berlin.")
NO_EMAIL = recorded("It is no e-mail address.")
NO_CHOICE = recorded("It is none of %(choices)s.")

NULL = "\\N"  # as COPY writes it
MOST_CELLS_KEPT = 200_000  # distinct values of a column whose readings are remembered
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_POWER_OF_TEN = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})|(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_TIME = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
YES = {"yes", "y", "true", "t", "1", "x", "ja", "j", "wahr"}
NO = {"no", "n", "false", "f", "0", "nein", "falsch"}
DAY_ORDERS = {"dmy": "day/month/year", "mdy": "month/day/year"}


class Fault(str):
    """What is wrong with a value, as a sentence."""

    __slots__ = ()


class Layout(NamedTuple):
    """How a file writes numbers, dates with slashes, and times without an offset."""

    decimal: str = "."
    day_order: str = "mdy"
    time_zone: str = "UTC"

    @property
    def dates(self) -> str:
        return f"2026-12-31, 31.12.2026 or {DAY_ORDERS[self.day_order]}"


Reading = Callable[[str], str]


@dataclass(frozen=True)
class Text:
    """Text of at most so many characters."""

    most: int
    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        if text[0] == "=":
            return Fault(FORMULA())
        if len(text) > self.most:
            return Fault(TOO_LONG(length=f"{len(text):,}", most=self.most))
        return text.translate(_ESCAPED) if text.isprintable() or "\0" not in text else Fault(UNPRINTABLE())


@dataclass(frozen=True)
class Code(Text):
    """An id: text that keeps its leading zeros, and that a spreadsheet may have damaged."""

    def read(self, text: str) -> str:
        if _POWER_OF_TEN.fullmatch(text):
            return Fault(SHORTENED())
        return super().read(text)


class Email(Text):
    """An e-mail address."""

    def read(self, text: str) -> str:
        return super().read(text) if _EMAIL.fullmatch(text) else Fault(NO_EMAIL())


@dataclass(frozen=True)
class Number:
    """A number, stored as a whole one after it is multiplied, for example MW as kW."""

    least: float
    most: float
    times: int = 1
    postgres = "bigint"

    def reading(self, layout: Layout) -> Reading:
        return lambda text: self.read(text, layout.decimal)

    def read(self, text: str, sign: str) -> str:
        number = _number(text, sign)
        if isinstance(number, Fault):
            return number
        if not self.least <= number <= self.most:
            return Fault(OUTSIDE(least=f"{self.least:,}", most=f"{self.most:,}"))
        return self.stored(number, text)

    def stored(self, number: float, text: str) -> str:
        return str(round(number * self.times))


@dataclass(frozen=True)
class Whole(Number):
    """A whole number; one with three decimals is refused, since it may be in thousands."""

    def stored(self, number: float, text: str) -> str:
        decimals = text[max(text.rfind("."), text.rfind(",")) + 1 :] if "." in text or "," in text else ""
        return str(int(number)) if number == int(number) and len(decimals) < 3 else Fault(NO_WHOLE_NUMBER())


@dataclass(frozen=True)
class Share(Number):
    """A number stored with at most three decimals: a share, or MW to the kW."""

    postgres = "double precision"

    def stored(self, number: float, text: str) -> str:
        return repr(round(number, 3))


class Flag:
    """Yes or no."""

    postgres = "boolean"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        value = text.casefold()
        return "t" if value in YES else "f" if value in NO else Fault(NO_FLAG())


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
                offset = "+00:00" if clock[4] == "Z" else clock[4]
                return datetime.strptime(f"{local.isoformat()}{offset}", "%Y-%m-%dT%H:%M:%S%z").isoformat()
            return _local(local, zone)
        except (ValueError, OverflowError):
            return Fault(NO_TIME(layout=layout.dates))


@dataclass(frozen=True)
class Choice:
    """One of a few values, also by other names."""

    values: tuple[str, ...]
    others: Mapping[str, str] = field(default_factory=dict)
    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        known = self._by_name.get(_plain(text))
        return known or Fault(NO_CHOICE(choices=", ".join(self.values)))

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {_plain(name): value for name, value in {**dict(zip(self.values, self.values)), **self.others}.items()}  # noqa: B905


class Zone:
    """The name of a time zone."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        try:
            return ZoneInfo(text).key if len(text) <= 40 else Fault(NO_ZONE())
        except (ValueError, OSError):  # also what is no key of the database
            return Fault(NO_ZONE())


class Type(Protocol):
    """What a column may hold: the type in PostgreSQL, and how its cells are read."""

    @property
    def postgres(self) -> str: ...

    def reading(self, layout: Layout) -> Reading: ...


class Readings(dict[str, str]):
    """The readings of one column's cells; a cell is read once."""

    def __init__(self, type_: Type, layout: Layout, *, default: str | None, is_required: bool) -> None:
        super().__init__()
        self.read = type_.reading(layout)
        self.empty = Fault(EMPTY()) if is_required else NULL if default is None else default.translate(_ESCAPED)

    def __missing__(self, cell: str) -> str:
        text = cell.strip()
        reading = self.read(text) if text else self.empty
        if len(self) >= MOST_CELLS_KEPT:
            self.clear()
        self[cell] = reading
        return reading


def _number(text: str, sign: str) -> float | Fault:
    other = "," if sign == "." else "."
    plain = "" if other in text else text.replace(sign, ".")
    return float(plain) if _NUMBER.fullmatch(plain) and len(plain) < 20 else Fault(NO_NUMBER(sign=sign))


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


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
