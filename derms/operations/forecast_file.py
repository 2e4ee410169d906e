"""Reading a forecast file: its rows, or each of its faults by line."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from ..choices import DeviceClass
from ..models import ControlZone

CLASSES: tuple[str, ...] = tuple(DeviceClass.values)
COLUMNS = ["zone", "hour", "load_mw", *CLASSES]
MOST_MW = 2_000_000  # converted to kW, just below the column's maximum
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
HEADING_SHOWN = 200  # characters
# float() also reads 1_0, digits of other scripts and blanks: what people typed by mistake.
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|nan|[+-]?inf", re.ASCII)
T = TypeVar("T")


class ForecastRefused(Exception):
    """The file has faults and nothing was loaded; `rows` holds (line number, reason) for each fault."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__(f"The forecast has {len(rows)} faults; nothing was loaded.")
        self.rows = list(rows)


class Row(NamedTuple):
    """One hour of one zone."""

    zone: ControlZone
    hour: datetime
    load_kw: int
    factors: dict[str, float]


def text_of(data: bytes) -> str:
    """Return a file's text. Raises ForecastRefused, with the encoding it seems to have, if it isn't UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        seen = _encoding(data) or f"the byte {data[problem.start]:#04x} is not UTF-8"
        raise ForecastRefused([(line, f"{seen}. Save the file as “CSV UTF-8”")]) from problem
    if "\0" in text:
        raise ForecastRefused([(1, "the text seems to be UTF-16. Save the file as “CSV UTF-8”")])
    return text


def read_rows(lines: Iterable[str]) -> tuple[list[Row], list[tuple[int, str]]]:
    """Return the rows of CSV lines, and the faults as (line number, reason)."""
    table = csv.reader(lines)
    zones = {zone.code: zone for zone in ControlZone.objects.all()}
    rows, faults, seen = [], [], dict[tuple[int, datetime], int]()
    try:
        heading = next(table, [])
        if heading != COLUMNS:
            return [], [(1, _unlike_the_heading(",".join(heading)))]
        for cells in filter(None, table):
            row, reasons = _read_row(cells, zones)
            if row and (first := seen.setdefault((row.zone.pk, row.hour), table.line_num)) != table.line_num:
                reasons = [f"line {first} has the same zone and hour"]
            rows += [row] if row else []
            faults += [(table.line_num, reason) for reason in reasons]
    except csv.Error as problem:
        faults.append((table.line_num, f"{problem}; the rest was not read"))
    return rows, faults


def _encoding(data: bytes) -> str:
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "the text is UTF-16" if data.startswith(marks) else ""


def _unlike_the_heading(line: str) -> str:
    """What the file's first line contains, what is expected, and how the two differ."""
    separator = max(SEPARATORS, key=line.count)
    seen = [cell.strip().strip('"') for cell in line.split(separator)]
    missing = [name for name in COLUMNS if name not in seen]
    unknown = [name for name in seen if name and name not in COLUMNS]
    parts = [
        f"the heading has {len(seen)} columns separated by {SEPARATORS[separator]}: {line[:HEADING_SHOWN]}",
        f"It must be {','.join(COLUMNS)}, separated by commas",
        *([f"Missing: {', '.join(missing)}"] if missing else []),
        *([f"Unknown: {', '.join(unknown)[:HEADING_SHOWN]}"] if unknown else []),
    ]
    return ". ".join(parts)


def _read_row(cells: list[str], zones: dict[str, ControlZone]) -> tuple[Row | None, list[str]]:
    """Return the row, or else everything that is wrong with it."""
    if len(cells) != len(COLUMNS):
        return None, [f"it has {len(cells)} columns instead of {len(COLUMNS)}"]
    reasons: list[str] = []

    def read(column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(cells[COLUMNS.index(column)].strip())
        except _Fault as fault:
            reasons.append(f"{column} {fault}")
            return None

    zone = read("zone", lambda text: _known_zone(text, zones))
    hour = read("hour", lambda text: _start_of_hour(text, zone))
    load_mw = read("load_mw", lambda text: _number(text, -MOST_MW, MOST_MW))
    factors = {name: factor for name in CLASSES if (factor := read(name, lambda text: _number(text, 0, 1))) is not None}
    if zone is None or hour is None or load_mw is None or len(factors) < len(CLASSES):
        return None, reasons
    return Row(zone, hour, round(load_mw * 1000), factors), []


class _Fault(Exception):
    """What is wrong with one value; the text follows its column's name."""


def _known_zone(text: str, zones: dict[str, ControlZone]) -> ControlZone:
    if text not in zones:
        raise _Fault(f"“{text}” is no control zone")
    return zones[text]


def _start_of_hour(text: str, zone: ControlZone | None) -> datetime:
    """The moment, which is the start of an hour in the zone's time: offsets such as +10:30 exist."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise _Fault(f"“{text}” has no offset, such as -04:00")
        moment = moment.astimezone(UTC)
        starts = zone is None or moment == zone.hour_of(moment)
    except (ValueError, OverflowError):
        raise _Fault(f"“{text}” is no ISO date and time") from None
    if zone and not starts:
        raise _Fault(f"“{text}” is not the start of an hour in {zone.time_zone}")
    return moment


def _number(text: str, least: int, most: int) -> float:
    if not PLAIN_NUMBER.fullmatch(text):
        raise _Fault(f"“{text}” is no number")
    value = float(text)
    if not (math.isfinite(value) and least <= value <= most):
        raise _Fault(f"“{text}” is not between {least} and {most}")
    return value
