"""What a file seems to be: its format, encoding, separator, sheet, columns and layout of numbers and dates.

All of it is shown, and can be changed before the file is checked.
"""

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import IO, Any
from zoneinfo import available_timezones

from django.conf import settings

from . import refusals
from .beginnings import MOST_ABOVE, beginning_of, encoding_of, format_of, lines_above
from .dates import Day, Moment
from .hourly import Hourly, hourly_of
from .hours import across_of, hours_of, names_us_operator
from .kinds import Column, Kind
from .refusals import FileRefused
from .tables import Source, heading_of, read_table, sheets_of
from .values import Layout, Number

SAMPLE_ROWS = 2_000
# Of files that spreadsheets and utilities' systems write, as Python names them.
ENCODINGS = {
    "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "iso8859-1", "iso8859-15",
    "mac-roman", "cp437", "cp850",
}  # fmt: skip
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}", re.ASCII)


@dataclass(frozen=True)
class Recognised:
    """How a file is read. `mapping` is the place of each column of the kind in the heading.

    `across` is the place of each value that has a column of its own (kinds.Across). `offsets` is the place of a column
    that has the offset of the row's times, such as EDT; None if there is none. `series` are the places of columns that
    together are one value (kinds.Packing). `skip` is how many lines are above the heading. `hourly` says where hours
    are that stand apart from their days (hourly.Hourly); the mapping has the place of the days.
    """

    format: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    heading: list[str] = field(default_factory=list)
    mapping: dict[str, int] = field(default_factory=dict)
    decimal: str = "."
    day_order: str = "mdy"
    time_zone: str = "UTC"
    hour_ends: bool = False
    offsets: int | None = None
    across: dict[str, int] = field(default_factory=dict)
    series: list[int] = field(default_factory=list)
    skip: int = 0
    hourly: dict[str, Any] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return Layout(self.decimal, self.day_order, self.time_zone, self.hour_ends)

    def matched(self, kind: Kind) -> list[tuple[str, str]]:
        """Each column with its heading."""
        places = {name: [place] for name, place in self.mapping.items()}
        if self.hourly and kind.hourly:
            hours = Hourly(**self.hourly)
            places[kind.hourly.column] += [hours.beside] if hours.beside is not None else [*hours.each.values()][:1]
        rows = [
            (str(c.label), ", ".join(self.heading[place] for place in places[c.name]))
            for c in kind.columns
            if c.name in places
        ]
        label = str(kind.column(kind.across.value).label) if kind.across else ""
        if found := [self.heading[place] for place in self.series]:
            rows.append((str(kind.label), f"{found[0]} … {found[-1]}"))
        if kind.across and -1 in self.across.values():
            return [*rows, (str(kind.column(kind.across.column).label), ", ".join(self.across))]
        return rows + [(f"{label}, {value}", self.heading[place]) for value, place in self.across.items()]

    def columns(self, kind: Kind) -> set[str]:
        """The columns of the kind that the file has."""
        if kind.is_packed:
            return set(kind.names)
        spread = {kind.across.column} if self.across and kind.across else set()
        if kind.across and any(place >= 0 for place in self.across.values()):
            spread.add(kind.across.value)
        values = {kind.hourly.value} if self.hourly.get("each") and kind.hourly else set()
        return set(self.mapping) | spread | values

    def source(self, file: IO[bytes], name: str) -> Source:
        return Source(file, name, self.format, self.encoding, self.separator, self.sheet, self.skip)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def recognise(file: IO[bytes], name: str, kind: Kind, **given: str) -> Recognised:
    """What a file seems to be; `given` values of Recognised's fields take precedence. Raises FileRefused."""
    format_ = format_of(file, name)
    require_layout(given)
    if format_ == "csv":
        encoding = given.pop("encoding", "") or encoding_of(file, name)
        separator, skip = beginning_of(file, encoding, given.pop("separator", ""), kind)
        found = Recognised(format_, encoding=encoding, separator=separator, skip=skip)
    elif format_ == "xlsx":
        sheets = sheets_of(file, name)
        found = Recognised(format_, sheet=given.pop("sheet", "") or sheets[0], sheets=sheets)
    else:
        found = Recognised(format_)
    if format_ == "xlsx":
        first = [*islice(read_table(found.source(file, name)), MOST_ABOVE)]
        found = replace(found, skip=lines_above([(line - 1, cells) for line, cells in first], kind))
    rows = islice(read_table(found.source(file, name)), SAMPLE_ROWS)
    heading = heading_of(rows, name)
    sample = [cells for _line, cells in rows]
    series = kind.packing.series(heading) if kind.packing else []
    found = replace(
        found, heading=heading, mapping=kind.matching(heading), across=across_of(heading, kind), series=series
    )
    found = _with_hours(found, kind, file, name)
    return _with_layout(found, kind, sample, name, given)


def _with_hours(found: Recognised, kind: Kind, file: IO[bytes], name: str) -> Recognised:
    """The file with the hours that stand apart from their days; all rows are looked at, since a day may need them."""
    cells = (cells for _line, cells in islice(read_table(found.source(file, name)), 1, None))
    known = hourly_of(found.heading, kind, cells)
    if known is None or kind.hourly is None:
        return found
    hourly, day = known
    return replace(found, hourly=hourly._asdict(), mapping={**found.mapping, kind.hourly.column: day})


def require_layout(given: Mapping[str, str]) -> None:
    """Raise FileRefused if an encoding or a time zone that somebody chose does not exist."""
    encoding, zone = given.get("encoding"), given.get("time_zone")
    if encoding and not _is_encoding(encoding):
        raise FileRefused(refusals.NOT_AN_ENCODING(value=encoding[:60]))
    if zone and zone not in available_timezones():
        raise FileRefused(refusals.NO_TIME_ZONE(value=zone[:60]))


def _is_encoding(name: str) -> bool:
    """Whether it is an encoding of characters that files have; Python also has some of bytes and of programs."""
    try:
        return codecs.lookup(name).name in ENCODINGS
    except (LookupError, ValueError):
        return False


def remap(found: Recognised, kind: Kind, by_hand: Mapping[str, str], name: str) -> Recognised:
    """The file with columns matched by hand: the heading of each, or an empty text for none. Raises FileRefused."""
    mapping = dict(found.mapping)
    for column, heading in by_hand.items():
        if not heading:
            mapping.pop(column, None)
        elif heading in found.heading:
            mapping[column] = found.heading.index(heading)
        else:
            seen = ", ".join(found.heading)[:300]
            raise FileRefused(refusals.NO_SUCH_COLUMN(column=heading[:60], file=name, heading=seen))
    is_apart = kind.hourly and mapping.get(kind.hourly.column) == found.mapping.get(kind.hourly.column)
    changed = replace(found, mapping=mapping, hourly=found.hourly if is_apart else {})
    hours = hours_of(found.heading, [mapping[c.name] for c in _of_type(changed, kind, Moment)], [])
    across = {} if kind.across and kind.across.column in mapping else found.across
    return replace(changed, hour_ends=hours.are_ends, across=across)


def require_columns(found: Recognised, kind: Kind, name: str) -> None:
    """Raise FileRefused if a column that must be there is not."""
    has = found.columns(kind)
    missing = [c.name for c in kind.columns if c.is_required and not c.may_lack and c.name not in has]
    if missing:
        heading = ", ".join(found.heading)[:300]
        raise FileRefused(refusals.COLUMN_MISSING(file=name, columns=", ".join(missing), heading=heading))


def _with_layout(
    found: Recognised, kind: Kind, sample: list[list[str]], name: str, given: Mapping[str, str]
) -> Recognised:
    numbers = _cells(found, kind, sample, Number)
    dates = _cells(found, kind, sample, Day, Moment)
    decimal = given.get("decimal") or _decimal_sign(numbers)
    day_order = given.get("day_order") or ("mdy" if names_us_operator(found.heading) else _day_order(dates, name))
    hours = hours_of(found.heading, [found.mapping[c.name] for c in _of_type(found, kind, Moment)], sample)
    time_zone = given.get("time_zone") or hours.time_zone or str(settings.NIGHTLY_TIME_ZONE)
    return replace(
        found,
        decimal=decimal,
        day_order=day_order,
        time_zone=time_zone,
        hour_ends=hours.are_ends,
        offsets=hours.offsets,
    )


def _of_type(found: Recognised, kind: Kind, *types: type) -> list[Column]:
    return [c for c in kind.columns if c.name in found.mapping and isinstance(c.type, types)]


def _cells(found: Recognised, kind: Kind, sample: list[list[str]], *types: type) -> list[str]:
    places = [found.mapping[c.name] for c in _of_type(found, kind, *types)]
    if Number in types:
        places += [*(place for place in found.across.values() if place >= 0), *found.series]
        places += Hourly(**found.hourly).each.values()
    return [row[place].strip() for row in sample for place in places if place < len(row)]


def _decimal_sign(cells: Iterable[str]) -> str:
    commas = dots = 0
    for cell in cells:
        commas += "," in cell
        dots += "." in cell
    return "," if commas > dots else "."


def _day_order(cells: Iterable[str], name: str) -> str:
    """Day or month first, as the numbers above 12 show. Raises FileRefused if none does."""
    dates = [(int(found[1]), int(found[2]), cell) for cell in cells if (found := _SLASHES.match(cell))]
    if any(first > 12 for first, _second, _cell in dates):
        return "dmy"
    if any(second > 12 for _first, second, _cell in dates) or not dates:
        return "mdy"
    if all(first == second for first, second, _cell in dates):
        return "mdy"
    raise FileRefused(refusals.TWO_DAY_ORDERS(file=name, example=dates[0][2][:20]))
