"""Hours that a load file names apart from their day: beside it in a column, or in a column for each hour.

As grid operators and utilities write them: hour ending 1 to 24; on the day of 25 hours either marked (02X, 2B, a column
DSTFlag), or counted from the day's start to 25. On the day of 23 hours the skipped hour's number is left out, or hours
are counted to 23. Each is written as a text that dates.Moment reads.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .blocks import Block
from .kinds import Kind, plain_name

DAY_NAMES = {
    "date", "day", "operday", "operatingday", "operatingdate", "marketday", "marketdate", "deliverydate", "localdate",
    "datum", "tag",
}  # fmt: skip
HOUR_NAMES = {
    "hour", "hourending", "hourend", "he", "hr", "hrend", "hrending", "hourbeginning", "hourbegin", "hournumber",
    "deliveryhour", "markethour", "stunde", "std",
}  # fmt: skip
FLAG_NAMES = {"dstflag", "repeatedhourflag", "repeathourflag"}
FEWEST = 24  # columns that name hours
# 7, 07, HE 7, Hour 7, 07:00, 7:00 AM is none; 02X, 2*, 2B: the second one of this name.
_HOUR = re.compile(r"(?:HE|HR|HB|H|HOUR|HOUR ENDING|STUNDE|STD\.?)?[ _]?(\d{1,2})(?::00(?::00)?)?[ _]?([ABX*]?)", re.I)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00)?$")


class Hourly(NamedTuple):
    """Where a file has its hours.

    beside: the place of the column of hours beside that of days; None if each hour has a column.
    each: the place of each hour's column, by its heading.
    flags: the place of a column that says of an hour that it is the second one; None if there is none.
    are_starts: hours are named 0 to 23, by their starts.
    counted: the days, as the file writes them, whose hours are counted from their start.
    short: the days of which that is so if they have 23 hours.
    are_marked: hours of one name are told apart, so that a plain one is the first.
    """

    beside: int | None = None
    each: Mapping[str, int] = {}
    flags: int | None = None
    are_starts: bool = False
    counted: Sequence[str] = ()
    short: Sequence[str] = ()
    are_marked: bool = False

    def texts(self, day: str, hours: Iterable[tuple[str, str]]) -> Iterator[str]:
        """A moment for each hour of a day and its mark."""
        counted, short = day in self.counted, day in self.short
        for hour, flag in hours:
            yield self._text(day, hour, flag, counted=counted, short=short)

    def _text(self, day: str, hour: str, flag: str, *, counted: bool, short: bool) -> str:
        found = _HOUR.fullmatch(hour.strip())
        if not found:
            return f"{day} {hour}"
        number, mark = int(found[1]), found[2].upper()
        if self.are_starts:
            number += 1
        if (counted or short) and not mark:
            return f"{day} {'#' if counted else '%'}{number}"
        second = mark in {"B", "X", "*"} or flag.strip().upper() in {"Y", "YES", "1", "TRUE"}
        which = " B" if second else " A" if mark == "A" or self.are_marked else ""
        return f"{day} {number - 1}:00{which}" if number else f"{day} {hour}"


def hourly_of(heading: Sequence[str], kind: Kind, rows: Iterable[Sequence[str]]) -> tuple[Hourly, int] | None:
    """How a file names hours apart from days, and the place of its days; None if it does not."""
    if kind.hourly is None:
        return None
    names = [plain_name(text) for text in heading]
    day = next((place for place, name in enumerate(names) if name in DAY_NAMES), None)
    if day is None:
        return None
    each = {text: place for place, text in enumerate(heading) if place != day and _HOUR.fullmatch(text)}
    if len(each) >= FEWEST:
        return _of_columns(each, day, rows), day
    beside = next((place for place, name in enumerate(names) if name in HOUR_NAMES), None)
    flags = next((place for place, name in enumerate(names) if name in FLAG_NAMES), None)
    return (_of_rows(beside, day, flags, names[beside], rows), day) if beside is not None else None


def _of_columns(each: dict[str, int], day: int, rows: Iterable[Sequence[str]]) -> Hourly:
    by_number = {_number(text): place for text, place in reversed(each.items())}
    seen: dict[str, set[int]] = {}
    for cells in rows:
        there = {n for n, place in by_number.items() if place < len(cells) and cells[place].strip()}
        seen.setdefault(plain_day(cells[day]), set()).update(there)
    counted, short = _counted(seen)
    are_marked = any(_mark(text) for text in each)
    return Hourly(None, each, None, 0 in by_number, counted, short, are_marked)


def _of_rows(beside: int, day: int, flags: int | None, name: str, rows: Iterable[Sequence[str]]) -> Hourly:
    seen: dict[str, set[int]] = {}
    are_marked = flags is not None
    for cells in rows:
        if max(beside, day) < len(cells) and _HOUR.fullmatch(cells[beside].strip()):
            seen.setdefault(plain_day(cells[day]), set()).add(_number(cells[beside].strip()))
            are_marked = are_marked or bool(_mark(cells[beside].strip()))
    counted, short = _counted(seen)
    numbers = set().union(*seen.values())
    are_starts = 0 in numbers or (24 not in numbers and "begin" in name)
    return Hourly(beside, {}, flags, are_starts, counted, short, are_marked)


def _counted(seen: Mapping[str, set[int]]) -> tuple[list[str], list[str]]:
    """The days whose hours are counted, and those of which that is so if the clocks skip an hour.

    Whoever leaves out the skipped hour ends that day with 24, whoever counts with 23.
    """
    counted = [day for day, numbers in seen.items() if 25 in numbers]
    return counted, [day for day, numbers in seen.items() if 23 in numbers and 3 in numbers and 24 not in numbers]


def with_moments(block: Block, hourly: Hourly, day: int) -> Block:
    """The block with one more column, the moments, and a second of values if each hour has a column.

    Hours without a value are left out then.
    """
    import pyarrow as pa

    days = list(map(plain_day, block.cells[day].to_pylist()))
    if hourly.beside is not None:
        hours = block.cells[hourly.beside].to_pylist()
        flags = block.cells[hourly.flags].to_pylist() if hourly.flags is not None else [""] * len(hours)
        moments = [next(hourly.texts(d, [(h, flag)])) for d, h, flag in zip(days, hours, flags, strict=True)]
        return block._replace(cells=[*block.cells, pa.array(moments, pa.string())])
    places, pairs = list(hourly.each.values()), [(text, "") for text in hourly.each]
    table = [block.cells[place].to_pylist() for place in places]
    rows, moments, values = [], [], []
    for row, d in enumerate(days):
        for column, moment in zip(table, hourly.texts(d, pairs), strict=True):
            if column[row].strip():
                rows.append(row)
                moments.append(moment)
                values.append(column[row])
    kept = pa.array(rows, pa.int64())
    cells = [column.take(kept) for column in block.cells]
    return Block(
        block.lines[rows], [*cells, pa.array(moments, pa.string()), pa.array(values, pa.string())], block.ragged
    )


def plain_day(text: str) -> str:
    """A day as it is written, without the midnight that spreadsheets add."""
    return _MIDNIGHT.sub("", text.strip())


def _number(text: str) -> int:
    found = _HOUR.fullmatch(text)
    return int(found[1]) if found else -1


def _mark(text: str) -> str:
    found = _HOUR.fullmatch(text)
    return found[2] if found else ""
