"""A file as blocks of columns.

Arrow splits plain text into columns, twenty times as fast as Python's reader. It knows neither lines with several rows
nor rows with several lines, and accepts quotation marks that the other refuses; from a block that has such, the rest of
the file is read row by row.
"""

import io
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np

from .tables import LONGEST_CELL, LONGEST_LINE, Row, Source, lines_of, read_table, split_lines, text_of, without_blank

T = TypeVar("T")
BLOCK_CHARACTERS = 1 << 21
ROWS_AT_ONCE = 10_000
_BLANK_AND_MARKS = ' \t\r\n\xa0"'
_IS_VISIBLE = np.zeros(256, bool)
_IS_VISIBLE[0x21:0x7F] = True  # of ASCII; what other characters are is left to Python


class Block(NamedTuple):
    """Rows of a file: their lines, their cells by column, and the lines of rows with another number of cells."""

    lines: Any
    cells: list[Any]
    ragged: list[tuple[int, int]]

    @property
    def rows(self) -> int:
        return len(self.lines) + len(self.ragged)


class Ends(NamedTuple):
    """The length in bytes of each text of a column, and its first and last byte."""

    length: Any
    first: Any
    last: Any

    @property
    def are_visible(self) -> Any:
        """Which texts begin and end with a visible character of ASCII; others may be blank or have blanks around."""
        return (self.length > 0) & _IS_VISIBLE[self.first] & _IS_VISIBLE[self.last]


def read_blocks(source: Source, width: int) -> Iterator[Block]:
    """The rows below a heading of so many columns; empty rows are left out. Raises FileRefused."""
    if source.format == "csv":
        yield from _csv_blocks(source, width)
    else:
        yield from _blocks_of(islice(read_table(source), 1, None), width)


def ends_of(texts: Any) -> Ends:
    """The ends of an Arrow array of texts."""
    _valid, offsets, data = texts.buffers()
    count = len(texts)
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + count + 1]
    letters = np.frombuffer(data, np.uint8) if data and data.size else np.zeros(1, np.uint8)
    highest = len(letters) - 1
    first, last = (letters[np.clip(at, 0, highest)] for at in (places[:-1], places[1:] - 1))
    return Ends(np.diff(places), first, last)


def lengths_of(texts: Any) -> Any:
    """The length in bytes of each text of an Arrow array."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    return np.diff(offsets[texts.offset : texts.offset + len(texts) + 1])


def with_offsets(times: Any, offsets: Any) -> Any:
    """Each time with the offset in the column beside it."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(times, offsets, " ")


def repeated(text: str, count: int) -> Any:
    """A column of one text."""
    import pyarrow as pa

    return pa.array([text] * count, pa.string())


def ahead(made: Iterator[T]) -> Generator[T]:
    """What an iterator makes; each is made by another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, made, None)
        while (one := coming.result()) is not None:
            coming = maker.submit(next, made, None)
            yield one


def _csv_blocks(source: Source, width: int) -> Iterator[Block]:
    with text_of(source) as text:
        try:
            heading = text.readline(LONGEST_LINE)
            is_blank = not heading.strip(f"{source.separator}{_BLANK_AND_MARKS}")
            if is_blank or not _is_plain(heading, source.separator):
                rows = without_blank(split_lines(chain([heading], lines_of(text)), source, before=source.skip))
                yield from _blocks_of(islice(rows, 1, None), width)
                return
            yield from _plain_blocks(text, source, width)
        except UnicodeError:
            for _row in read_table(source):  # until the line that is damaged, which it names
                pass
            raise


def _plain_blocks(text: IO[str], source: Source, width: int) -> Iterator[Block]:
    rest, before = "", 1 + source.skip
    while part := text.read(BLOCK_CHARACTERS):
        begun = rest + part
        end = begun.rfind("\n") + 1
        block = _split(begun[:end], source, width, before)
        if block is None:
            rest = begun
            break
        yield block
        before += begun.count("\n", 0, end)
        rest = begun[end:]
    left = io.StringIO(rest + text.readline(LONGEST_LINE), newline="")
    rows = split_lines(chain(lines_of(left), lines_of(text)), source, before=before)
    yield from _blocks_of(without_blank(rows), width)


def _split(text: str, source: Source, width: int, before: int) -> Block | None:
    """The block of a text of whole lines, which `before` lines precede; None if it is not plain."""
    if not _is_plain(text, source.separator):
        return None
    ragged: list[tuple[int, int]] = []
    columns = _columns(text, source, width, ragged)
    if columns is None:
        return None
    lines = np.arange(1, text.count("\n") + 1)
    if ragged:
        lines = np.delete(lines, [line - 1 for line, cells in ragged])
    longest = [int(lengths_of(column).max(initial=0)) for column in columns]
    if len(lines) != len(columns[0]) or max(longest) > LONGEST_CELL or sum(longest) >= LONGEST_LINE:
        return None
    return _without_blank(Block(lines + before, columns, [(line + before, cells) for line, cells in ragged if cells]))


def _is_plain(text: str, separator: str) -> bool:
    """Whether lines end with a line feed, and all quotation marks stand around cells."""
    if not text or ("\r" in text and text.count("\r") != text.count("\r\n")):
        return False
    if '"' not in text:
        return True
    first, *parts, last = text.split('"')
    between = parts[1::2]  # what stands outside of quotation marks; nothing does between two that mean one
    before, after = (separator, "\n"), (separator, "\n", "\r")
    return (
        len(parts) % 2 == 1
        and (not first or first.endswith(before))
        and last.startswith(after)
        and all(not part or (part.endswith(before) and part.startswith(after)) for part in between)
    )


def _columns(text: str, source: Source, width: int, ragged: list[tuple[int, int]]) -> list[Any] | None:
    import pyarrow as pa
    from pyarrow import csv

    def skip(row: Any) -> str:
        is_blank = not row.text.strip(f"{source.separator}{_BLANK_AND_MARKS}") and '"' not in _read_alone(
            row.text, source
        )
        ragged.append((row.number, 0 if is_blank else row.actual_columns))
        return "skip"

    data = pa.py_buffer(text.encode())
    names = [f"c{place}" for place in range(width)]
    try:
        table = csv.read_csv(
            data,
            csv.ReadOptions(use_threads=False, column_names=names, block_size=data.size + 1),
            csv.ParseOptions(delimiter=source.separator, ignore_empty_lines=False, invalid_row_handler=skip),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), check_utf8=False),
        )
    except pa.ArrowInvalid:
        return None
    return [column.combine_chunks() for column in table.columns]


def _read_alone(line: str, source: Source) -> str:
    """The cells of one line, joined; two quotation marks within a cell are one that is meant."""
    return "".join(next(split_lines([line], source))[1])


def _without_blank(block: Block) -> Block:
    """The block without rows that have nothing but blanks; only a row with a blank first cell can be one."""
    import pyarrow as pa

    doubtful = np.flatnonzero(~ends_of(block.cells[0]).are_visible)
    blank = [at for at in doubtful if not any(column[int(at)].as_py().strip() for column in block.cells)]
    if not blank:
        return block
    kept = np.delete(np.arange(len(block.lines)), blank)
    return Block(block.lines[kept], [column.take(pa.array(kept)) for column in block.cells], block.ragged)


def _blocks_of(rows: Iterable[Row], width: int) -> Iterator[Block]:
    import pyarrow as pa

    left = iter(rows)
    while batch := list(islice(left, ROWS_AT_ONCE)):
        ragged = [(line, len(cells)) for line, cells in batch if len(cells) != width]
        whole = [row for row in batch if len(row[1]) == width] if ragged else batch
        lines = np.array([line for line, _cells in whole], np.int64)
        cells = list(zip(*(cells for _line, cells in whole), strict=True)) or [()] * width
        yield Block(lines, [pa.array(column, pa.string()) for column in cells], ragged)
