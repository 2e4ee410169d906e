"""A file as a stream of rows of text: CSV, Excel, Parquet or Green Button."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, NamedTuple

from . import refusals
from .espi import espi_rows
from .refusals import FileRefused

LONGEST_LINE = 1_000_000  # characters
LONGEST_CELL = 100_000
PARQUET_ROWS_AT_ONCE = 250
MOST_EXACT = 10**15  # spreadsheets keep 15 digits
MOST_COLUMNS = 500
MOST_EXCEL_ROWS = 1_048_576  # of a sheet; a file may number its rows as it likes
MOST_EXCEL_CELLS = 100_000_000  # those between a row's cells included, which are made though the file lacks them
# A packed file of a few kB may unpack to anything; honest ones seldom to more than this many times their size.
UNPACKED_BYTES, UNPACKED_TIMES = 20_000_000, 60
Row = tuple[int, list[str]]


class Source(NamedTuple):
    """A file, its name for people, and how it is read; `skip` is how many lines are above the heading."""

    file: IO[bytes]
    name: str
    format: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    skip: int = 0


def read_table(source: Source) -> Iterator[Row]:
    """The rows with their line numbers, the heading first; empty rows are left out. Raises FileRefused."""
    source.file.seek(0)
    rows = {"csv": _csv_rows, "xlsx": _excel_rows, "parquet": _parquet_rows, "espi": _espi_rows}[source.format](source)
    return without_blank(rows if source.format == "csv" else _bounded(rows, source))


def _bounded(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """The rows of a packed file, as long as neither a cell nor all of them together are too large."""
    most, unpacked = _most_unpacked(source.file), 0
    for line, cells in rows:
        lengths = [len(cell) for cell in cells]
        if max(lengths, default=0) > LONGEST_CELL:
            raise _long_cell(source.name, line)
        unpacked += sum(lengths)
        if unpacked > most:
            raise _too_large(source.name, unpacked, most)
        yield line, cells


def _most_unpacked(file: IO[bytes]) -> int:
    at = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(at)
    return UNPACKED_BYTES + UNPACKED_TIMES * size


def _too_large(name: str, unpacked: int, most: int) -> FileRefused:
    return FileRefused(refusals.UNPACKS_TO_TOO_MUCH(file=name, bytes=f"{unpacked:,}", most=f"{most:,}"))


def sheets_of(file: IO[bytes], name: str) -> list[str]:
    """The sheets of an Excel file. Raises FileRefused."""
    file.seek(0)
    with closing(_workbook(file, name)) as book:
        return list(book.sheetnames)


@contextmanager
def text_of(source: Source) -> Iterator[IO[str]]:
    """The text of a CSV file, from its heading; its line ends stay as they are."""
    source.file.seek(0)
    text = io.TextIOWrapper(source.file, encoding=source.encoding, newline="")
    try:
        for _ in range(source.skip):
            text.readline(LONGEST_LINE)
        yield text
    finally:
        with suppress(ValueError):  # the file is closed already
            text.detach()


def lines_of(text: IO[str]) -> Iterator[str]:
    return iter(lambda: text.readline(LONGEST_LINE), "")


def split_lines(lines: Iterable[str], source: Source, *, before: int = 0) -> Iterator[Row]:
    """The rows of a CSV file's lines, which `before` lines precede. Raises FileRefused."""
    csv.field_size_limit(LONGEST_CELL)
    table = csv.reader(_short_lines(lines, source.name, before), delimiter=source.separator, strict=True)
    try:
        yield from ((before + table.line_num, cells) for cells in table)
    except csv.Error as problem:
        line = before + table.line_num
        if "field limit" in str(problem):
            raise _long_cell(source.name, line) from problem
        raise FileRefused(refusals.OPEN_QUOTE(line=line, file=source.name, problem=problem)) from problem
    except UnicodeError as problem:
        line = before + table.line_num + 1
        raise FileRefused(refusals.NO_ENCODING(file=source.name, encoding=source.encoding, line=line)) from problem


def without_blank(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that have more than blanks."""
    return (row for row in rows if "".join(row[1]).strip())


def _csv_rows(source: Source) -> Iterator[Row]:
    with text_of(source) as text:
        yield from split_lines(lines_of(text), source, before=source.skip)


def _short_lines(lines: Iterable[str], name: str, before: int) -> Iterator[str]:
    for number, line in enumerate(lines, start=before + 1):
        if len(line) >= LONGEST_LINE:
            raise _long_cell(name, number)
        yield line


def _long_cell(name: str, line: int) -> FileRefused:
    return FileRefused(refusals.LONG_CELL(line=line, file=name, most=f"{LONGEST_CELL:,}"))


def _workbook(file: IO[bytes], name: str) -> Any:
    import openpyxl

    try:
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > (most := _most_unpacked(file)):
            raise _too_large(name, unpacked, most)
        file.seek(0)
        return openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
    except FileRefused:
        raise
    except Exception as problem:  # openpyxl raises what its parts raise: KeyError, ValueError, BadZipFile, ParseError
        raise FileRefused(refusals.DAMAGED(file=name, problem=_first_line(problem))) from problem


def _excel_rows(source: Source) -> Iterator[Row]:
    with closing(_workbook(source.file, source.name)) as book:
        if source.sheet not in book.sheetnames:
            names = ", ".join(book.sheetnames)
            raise FileRefused(refusals.NO_SUCH_SHEET(file=source.name, sheet=source.sheet, sheets=names))
        try:
            sheet, width, made = book[source.sheet], 0, 0
            sheet.reset_dimensions()  # what the file says of its size may be anything
            for line, row in enumerate(sheet.iter_rows(max_row=MOST_EXCEL_ROWS + 1), start=1):
                made += len(row)
                if line > MOST_EXCEL_ROWS or made > MOST_EXCEL_CELLS:
                    raise FileRefused(refusals.TOO_MANY_CELLS(file=source.name, most=f"{MOST_EXCEL_ROWS:,}"))
                if line <= source.skip:
                    continue
                cells = [_excel_text(cell) for cell in row[: MOST_COLUMNS + 1]]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    width = width or len(cells)
                    yield line, cells + [""] * (width - len(cells))
        except FileRefused:
            raise
        except Exception as problem:
            raise FileRefused(refusals.DAMAGED(file=source.name, problem=_first_line(problem))) from problem


def _excel_text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, float | int) and not isinstance(value, bool):
        text = number_text(float(value) if value >= MOST_EXACT else value)
        layout = str(cell.number_format or "")
        return text.zfill(len(layout)) if set(layout) == {"0"} else text  # an id shown with its leading zeros
    return value_text(value if cell.data_type != "f" else f"={str(value).lstrip('=')}")


def _parquet_rows(source: Source) -> Iterator[Row]:
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(source.file).names
        source.file.seek(0)
        # As dictionaries, a value that stands in many rows is in memory once.
        table = pq.ParquetFile(source.file, read_dictionary=names[: MOST_COLUMNS + 1])
        unpacked = sum(table.metadata.row_group(n).total_byte_size for n in range(table.num_row_groups))
        if unpacked > (most := _most_unpacked(source.file)):
            raise _too_large(source.name, unpacked, most)
        yield 1, list(table.schema_arrow.names)
        line = 1
        for batch in table.iter_batches(PARQUET_ROWS_AT_ONCE):
            if max(map(_longest_text, batch.columns), default=0) > LONGEST_CELL:
                raise _long_cell(source.name, line + 1)
            for cells in zip(*(map(value_text, column.to_pylist()) for column in batch.columns), strict=True):
                line += 1
                yield line, list(cells)
    except FileRefused:
        raise
    except Exception as problem:  # pyarrow raises KeyError for odd types, OverflowError for odd times, and its own
        raise FileRefused(refusals.DAMAGED(file=source.name, problem=_first_line(problem))) from problem


def _espi_rows(source: Source) -> Iterator[Row]:
    return espi_rows(source.file, source.name)


def _longest_text(column: Any) -> int:
    """The length in bytes of the longest text of a column, before Python makes each of its rows a text of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return 0
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def number_text(value: Any) -> str:
    """A number as people write it: without an exponent, and without decimals if it has none.

    Of one with more digits than a spreadsheet keeps the last ones are made up; with an exponent it is no id.
    """
    if isinstance(value, float) and value >= MOST_EXACT:
        return f"{value:.15G}"
    return str(int(value)) if value == value and abs(value) < 10**30 and value == int(value) else str(value)


def value_text(value: Any) -> str:
    """A typed value as the text that a CSV file would have."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return number_text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _first_line(problem: Exception) -> str:
    return f"{type(problem).__name__}: {next(iter(str(problem).splitlines()), '')[:200]}"


def heading_of(rows: Iterable[Row], name: str) -> list[str]:
    """The first row. Raises FileRefused if there is none, or if it names a column twice."""
    _line, cells = next(iter(rows), (0, []))
    if len(cells) > MOST_COLUMNS:
        raise FileRefused(refusals.TOO_WIDE(file=name, columns=f"{len(cells):,}", most=MOST_COLUMNS))
    heading = [" ".join(cell.split()) for cell in cells]
    if not any(heading):
        raise FileRefused(refusals.IS_EMPTY(file=name))
    if any(text.startswith("=") for text in heading):
        raise FileRefused(refusals.FORMULA_IN_HEADING(file=name))
    named = Counter(text.casefold() for text in heading if text)
    if twice := next((text for text in heading if named[text.casefold()] > 1), None):
        raise FileRefused(refusals.COLUMN_TWICE(file=name, column=twice[:60]))
    return heading
