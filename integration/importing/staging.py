"""Bring a file's rows into a table with the types of its kind; rows with a faulty value are listed instead."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import chain, islice, starmap
from typing import IO, Any, NamedTuple

import numpy as np
from django.db import DatabaseError, connection

from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import compose, identifier, identifiers, listed

from . import refusals
from .blocks import Block, ahead, read_blocks, repeated, with_offsets
from .choices import RunState
from .dates import Moment
from .hourly import Hourly, with_moments
from .kinds import Kind
from .models import ImportRun
from .readings import Readings
from .recognising import Recognised, require_columns
from .refusals import FileRefused

CELLS_MISSING = recorded("The row has %(cells)s cells; the heading has %(columns)s.")
MOST_REFUSED = 100_000
VALUE_SHOWN = 120  # characters of a refused value
COPY_BYTES = 1 << 18
_CREATE = "DROP TABLE IF EXISTS {table} CASCADE; CREATE UNLOGGED TABLE {table} (line bigint NOT NULL, {columns})"
_COPY = "COPY {table} (line, {columns}) FROM STDIN (FORMAT csv)"
_NOTE = "UPDATE importing_importrun SET rows_read = %s WHERE id = %s RETURNING state"


class Refusal(NamedTuple):
    """The first fault of a row."""

    line: int
    column: str
    value: str
    reason: str


class RunCanceled(Exception):
    """Somebody canceled the run while its file was read."""


class Progress(AbstractContextManager["Progress"]):
    """Notes how many rows are read in a session of its own, so that others see it before the transaction ends."""

    def __init__(self, run: ImportRun) -> None:
        self.run = run
        self.session = connection.copy()

    def note(self, rows: int) -> None:
        """Raises RunCanceled if the run was canceled meanwhile."""
        with self.session.cursor() as cursor:
            cursor.execute(_NOTE, [rows, self.run.pk])
            found = cursor.fetchone()
        if found and found[0] != RunState.CHECKING:
            raise RunCanceled

    def __exit__(self, *problem: object) -> None:
        self.session.close()


def stage_file(run: ImportRun, kind: Kind, found: Recognised, file: IO[bytes]) -> tuple[int, list[Refusal]]:
    """Fill the run's table; returns how many rows the file has, and the refused ones. Raises FileRefused, RunCanceled.

    The memory it takes does not depend on the number of rows.
    """
    require_columns(found, kind, run.file_name)
    stored = kind.stored
    has = found.columns(stored)
    columns = [column for column in stored.columns if column.name in has]
    types = listed(
        compose("{name} {type}", name=identifier(column.name), type=compose(column.type.postgres))
        for column in stored.columns
    )
    table = identifier(run.staged)
    sql.execute(compose(_CREATE, table=table, columns=types))
    with Progress(run) as progress:
        reads = PackingReader if kind.packing else Reader
        reader = reads(read_blocks(found.source(file, run.file_name), len(found.heading)), kind, found, progress)
        copy = compose(_COPY, table=table, columns=identifiers(column.name for column in columns))
        with closing(reader.texts):
            try:
                sql.copy_in(copy, reader, block=COPY_BYTES)
            except DatabaseError as failed:
                raise reader.problem or failed from failed
    if not reader.count:
        raise FileRefused(refusals.ONLY_HEADING(file=run.file_name))
    if kind.packing:
        reader.refused += starmap(Refusal, kind.packing.settle(table))
        reader.count = sql.count(compose("SELECT FROM {table}", table=table)) + len(reader.refused)
    return reader.count, reader.refused


class Reader:
    """The file that COPY reads from: the good rows of a table, as CSV; a block is read while the server takes one."""

    def __init__(self, blocks: Iterator[Block], kind: Kind, found: Recognised, progress: Progress) -> None:
        self.kind, self.found, self.width = kind, found, len(found.heading)
        self.columns = columns = [column for column in kind.columns if column.name in found.columns(kind)]
        self.readings = [Readings(c.type, found.layout, default=c.default, is_required=c.is_required) for c in columns]
        self.hourly = Hourly(**found.hourly) if found.hourly else None
        self.blocks, self.progress = blocks, progress
        self.count, self.refused = 0, list[Refusal]()
        self.texts = ahead(self._texts())
        self.text, self.at = b"", 0
        self.problem: Exception | None = None

    def read(self, size: int) -> bytes:
        if self.at >= len(self.text):
            try:
                self.text, self.at = next(self.texts, b""), 0
                self.progress.note(self.count)
            except Exception as problem:
                self.problem = problem  # COPY reports it as an error of its own
                raise
        part = self.text[self.at : self.at + size]
        self.at += size
        return part

    def _texts(self) -> Iterator[bytes]:
        for block in chain.from_iterable(map(self._blocks, self.blocks)):
            self.count += block.rows
            for line, cells in block.ragged:
                self.refused.append(Refusal(line, "", "", CELLS_MISSING(cells=cells, columns=self.width)))
            if text := self._text(block):
                yield text
            self._require_few_refused()

    def _require_few_refused(self) -> None:
        if len(self.refused) > MOST_REFUSED:
            first = min(self.refused)
            raise FileRefused(
                refusals.TOO_MANY_REFUSED(file=self.progress.run.file_name, most=f"{MOST_REFUSED:,}", **first._asdict())
            )

    def _blocks(self, block: Block) -> Iterator[Block]:
        """The block with the cells of the kind's columns in their order; one for each value that has its own column."""
        hourly, by_hour = self.hourly, self.kind.hourly
        if hourly and by_hour:
            block = with_moments(block, hourly, self.found.mapping[by_hour.column])
        cells = {name: block.cells[place] for name, place in self.found.mapping.items()}
        if hourly and by_hour:
            cells[by_hour.column] = block.cells[-2 if hourly.each else -1]
            cells |= {by_hour.value: block.cells[-1]} if hourly.each else {}
        if self.found.offsets is not None:
            beside = block.cells[self.found.offsets]
            moments = (c.name for c in self.columns if isinstance(c.type, Moment) and c.name in cells)
            cells |= {name: with_offsets(cells[name], beside) for name in moments}
        if not self.found.across:
            yield block._replace(cells=[cells[column.name] for column in self.columns])
            return
        across, ragged = self.kind.across, block.ragged
        assert across  # noqa: S101  (narrows the type)
        for value, place in self.found.across.items():
            cells |= {across.column: repeated(value, len(block.lines))}
            cells |= {across.value: block.cells[place]} if place >= 0 else {}
            yield block._replace(cells=[cells[column.name] for column in self.columns], ragged=ragged)
            ragged = []

    def _text(self, block: Block) -> bytes:
        import pyarrow as pa
        from pyarrow import csv

        faulty: dict[int, Refusal] = {}
        read = [pa.array(block.lines)]
        for column, cells, readings in zip(self.columns, block.cells, self.readings, strict=True):
            values, faults = readings.of_column(cells)
            read.append(values)
            for at in faults.keys() - faulty.keys():
                shown = cells[at].as_py().strip()[:VALUE_SHOWN]
                faulty[at] = Refusal(int(block.lines[at]), column.name, shown, faults[at])
        self.refused += faulty.values()
        table = pa.table(read, [str(place) for place in range(len(read))])
        if faulty:
            is_good = np.ones(len(block.lines), bool)
            is_good[list(faulty)] = False
            table = table.filter(pa.array(is_good))
        out = pa.BufferOutputStream()
        csv.write_csv(table, out, csv.WriteOptions(include_header=False))
        return out.getvalue().to_pybytes()  # type: ignore[no-any-return]


class PackingReader(Reader):
    """The file that COPY reads from, of rows that are put together (kinds.Packing)."""

    def __init__(self, blocks: Iterator[Block], kind: Kind, found: Recognised, progress: Progress) -> None:
        assert kind.packing  # noqa: S101  (narrows the type)
        self.batches = kind.packing.read(kind, found, blocks)
        super().__init__(blocks, kind, found, progress)

    def _texts(self) -> Iterator[bytes]:
        for batch in self.batches:
            self.count += batch.rows
            self.refused += starmap(Refusal, batch.refused)
            if batch.text:
                yield batch.text
            self._require_few_refused()


_COPY_REFUSED = 'COPY importing_refusedcell (run_id, line, "column", value, reason) FROM STDIN'


def keep_refused(run: ImportRun, refused: Iterable[Refusal]) -> None:
    """Store refused rows with their reasons."""
    rows = ("\t".join(map(_copied, (run.pk, *one))) + "\n" for one in refused)
    sql.copy_in(_COPY_REFUSED, _Texts(rows))


class _Texts:
    """The file that COPY reads from, of lines of text."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.left = lines, b""

    def read(self, size: int) -> bytes:
        if not self.left:
            self.left = "".join(islice(self.lines, 1_000)).encode()
        part, self.left = self.left[:size], self.left[size:]
        return part


def _copied(value: Any) -> str:
    text = str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
