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
from .dates import Day, Moment
from .espi import is_espi
from .hours import across_of, hours_of, names_us_operator
from .kinds import Column, Kind
from .refusals import FileRefused
from .tables import Source, heading_of, read_table, sheets_of
from .values import Layout, Number

SAMPLE_ROWS = 2_000
SAMPLE_BYTES = 65_536
BLOCK_BYTES = 1 << 20
SEPARATORS = (",", ";", "\t")
# Of files that spreadsheets and utilities' systems write, as Python names them.
ENCODINGS = {
    "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "iso8859-1", "iso8859-15",
    "mac-roman", "cp437", "cp850",
}  # fmt: skip
OLD_EXCEL, ZIP, PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"PAR1"
OTHERS = {
    b"%PDF": "it is a PDF",
    OLD_EXCEL: "it is an Excel file of the old form (.xls)",
    b"\x1f\x8b": "it is compressed",
    b"<?xml": "it is XML, but no Green Button file",
}
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}", re.ASCII)


@dataclass(frozen=True)
class Recognised:
    """How a file is read. `mapping` is the place of each column of the kind in the heading.

    `across` is the place of each value that has a column of its own (kinds.Across). `offsets` is the place of a column
    that has the offset of the row's times, such as EDT; None if there is none. `series` are the places of columns that
    together are one value (kinds.Packing).
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

    @property
    def layout(self) -> Layout:
        return Layout(self.decimal, self.day_order, self.time_zone, self.hour_ends)

    def matched(self, kind: Kind) -> list[tuple[str, str]]:
        """Each column with its heading."""
        rows = [(str(c.label), self.heading[self.mapping[c.name]]) for c in kind.columns if c.name in self.mapping]
        label = str(kind.column(kind.across.value).label) if kind.across else ""
        if found := [self.heading[place] for place in self.series]:
            rows.append((str(kind.label), f"{found[0]} … {found[-1]}"))
        return rows + [(f"{label}, {value}", self.heading[place]) for value, place in self.across.items()]

    def columns(self, kind: Kind) -> set[str]:
        """The columns of the kind that the file has."""
        if kind.is_packed:
            return set(kind.names)
        spread = {kind.across.column, kind.across.value} if self.across and kind.across else set()
        return set(self.mapping) | spread

    def source(self, file: IO[bytes], name: str) -> Source:
        return Source(file, name, self.format, self.encoding, self.separator, self.sheet)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def recognise(file: IO[bytes], name: str, kind: Kind, **given: str) -> Recognised:
    """What a file seems to be; `given` values of Recognised's fields take precedence. Raises FileRefused."""
    format_ = _format(file, name)
    require_layout(given)
    if format_ == "csv":
        encoding = given.pop("encoding", "") or _encoding(file, name)
        separator = given.pop("separator", "") or _separator(file, encoding)
        found = Recognised(format_, encoding=encoding, separator=separator)
    elif format_ == "xlsx":
        sheets = sheets_of(file, name)
        found = Recognised(format_, sheet=given.pop("sheet", "") or sheets[0], sheets=sheets)
    else:
        found = Recognised(format_)
    rows = islice(read_table(found.source(file, name)), SAMPLE_ROWS)
    heading = heading_of(rows, name)
    series = kind.packing.series(heading) if kind.packing else []
    found = replace(
        found, heading=heading, mapping=kind.matching(heading), across=across_of(heading, kind), series=series
    )
    return _with_layout(found, kind, [cells for _line, cells in rows], name, given)


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
    changed = replace(found, mapping=mapping)
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


def _format(file: IO[bytes], name: str) -> str:
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    if not start.strip():
        raise FileRefused(refusals.IS_EMPTY(file=name))
    if start.startswith(PARQUET):
        return "parquet"
    if start.startswith(ZIP):
        return "xlsx"
    if is_espi(start):
        return "espi"
    for mark, seen in OTHERS.items():
        if start.startswith(mark):
            raise FileRefused(refusals.NO_TABLE(file=name, seen=seen))
    if b"\0" in start and _utf_16(start) is None:
        raise FileRefused(refusals.NO_TABLE(file=name, seen="it contains bytes that are no text"))
    return "csv"


def _utf_16(start: bytes) -> str | None:
    """UTF-16, by its mark or by its pattern of zeros in text of mostly Latin letters."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) > 0.4 * len(start) / 2 and min(even, odd) < 0.05 * len(start) / 2:
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _encoding(file: IO[bytes], name: str) -> str:
    """UTF-8, if all of the file is; UTF-16; else Windows-1252, in which nearly every byte means something."""
    file.seek(0)
    if found := _utf_16(file.read(SAMPLE_BYTES)):
        return found
    file.seek(0)
    decoder, line, is_utf_8 = codecs.getincrementaldecoder("utf-8-sig")(), 1, False
    while True:
        block = file.read(BLOCK_BYTES)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as problem:
            good = problem.object[: problem.start]
            if is_utf_8 or not good.isascii() or not block:
                line += good.count(b"\n")
                raise FileRefused(refusals.DAMAGED_TEXT(file=name, line=line)) from problem
            return "cp1252"
        is_utf_8 = is_utf_8 or not text.isascii()
        line += text.count("\n")
        if not block:
            return "utf-8-sig"


def _separator(file: IO[bytes], encoding: str) -> str:
    """The one that the heading has most of."""
    file.seek(0)
    text = file.read(SAMPLE_BYTES).decode(encoding, errors="replace")
    heading = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=heading.count)


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
        places += [*found.across.values(), *found.series]
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
