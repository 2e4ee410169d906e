"""Bulk rows between systems: written once, and read only if complete and undamaged.

An extract is a folder of CSV parts and a manifest. Each file is written under a temporary name, flushed to disk and
renamed; the manifest comes last. Only then is the message sent that names it by the manifest's SHA-256.
"""

import gzip
import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, Any, NamedTuple, cast

from django.conf import settings
from django.db import DataError

from . import extract_files, sql
from .messages import COLUMNS, ExtractRef, heading, sendable_majors
from .models import Extract
from .sql import Sql, compose, identifier, identifiers, listed

HASH_JOIN_ROWS = 20_000
COPY_BLOCK_BYTES = 1 << 16  # read from or written to a file at once
MANIFEST_BYTES = 4_000_000  # the most; about 20,000 parts
_STAGE = "CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP"
_INSERT_ROWS = "INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_to_recordset(%s::jsonb) sent ({columns})"
_COPY = "COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv, HEADER match)"
PART_NAME = re.compile(r"part-\d{5}\.csv(\.gz)?")
ROW_BYTES = 4096  # a compressed part that unpacks to more than this per row is refused


class ExtractDamaged(Exception):
    """The files don't match the message; no row of them is applied."""


def write_extract(*, kind: str, query: str, params: Mapping[str, Any], in_one_part: bool = False) -> Extract:
    """Write the rows of a query as an extract and record it. The query returns COLUMNS[kind], in that order.

    The file has the columns of the major version of the protocol in which messages are sent.

    Memory use stays flat: rows go from COPY straight into the part files, EXTRACT_PART_ROWS each unless all rows are to
    be in one. A failed write leaves no file, so that retries don't fill up a full disk even more.
    """
    uid = uuid.uuid4()
    most_rows = None if in_one_part else settings.EXTRACT_PART_ROWS
    try:
        return _write(uid, kind, query, params, most_rows)
    except Exception:
        extract_files.remove_folder(str(uid))
        raise


def _write(uid: uuid.UUID, kind: str, query: str, params: Mapping[str, Any], most_rows: int | None) -> Extract:
    columns = heading(kind, major=settings.PROTOCOL_VERSION)
    with _Parts(uid, columns, most_rows) as parts:
        sql.copy_out(_narrowed(query, kind, columns), params, parts)
    described = parts.described
    rows = sum(part["rows"] for part in described)
    manifest = {"uid": str(uid), "kind": kind, "columns": columns, "rows": rows, "parts": described}
    body = json.dumps(manifest, sort_keys=True).encode()
    extract_files.store(f"{uid}/manifest.json", lambda out: out.write(body))
    digest = hashlib.sha256(body).hexdigest()
    return Extract.objects.create(uid=uid, kind=kind, parts=len(described), rows=rows, manifest_sha256=digest)


def _narrowed(query: str, kind: str, columns: list[str]) -> str:
    """The query without the columns that the files don't have."""
    if columns == list(COLUMNS[kind]):
        return query
    parts = {"query": compose(query), "all": identifiers(COLUMNS[kind]), "columns": identifiers(columns)}
    return compose("SELECT {columns} FROM ({query}) whole ({all})", **parts)


class Staged(NamedTuple):
    """A temporary table with the rows of one part.

    `range` holds the first and the last NIC id, as the parameters `first_nic_id` and `last_nic_id` of a statement that
    joins the part with devices. Extracts are written in the order of enrollment, so it need not join all devices.
    """

    table: str
    rows: int
    range: dict[str, str | None]


def stage_part(ref: ExtractRef, *, kind: str, part: int) -> Staged:
    """Check one part against its manifest and COPY it into a temporary table.

    The table is dropped at the end of the transaction. Raises ExtractDamaged; the caller's transaction must then end.
    """
    table = f"staged_part_{part}"
    sql.execute(compose(_STAGE, name=identifier(table), columns=columns_of(kind)))
    return _counted(table, copy_part(ref, kind=kind, part=part, into=table))


def stage_rows(rows: Sequence[Mapping[str, Any]], *, kind: str) -> Staged:
    """Put rows that came in a call into a temporary table like that of `stage_part`; a missing value is null."""
    table, columns = "staged_rows", columns_of(kind)
    sql.execute(compose(_STAGE, name=identifier(table), columns=columns))
    names = identifiers(COLUMNS[kind])
    insert = compose(_INSERT_ROWS, table=identifier(table), names=names, columns=columns)
    return _counted(table, sql.execute(insert, [json.dumps(list(rows))]))


def _counted(table: str, rows: int) -> Staged:
    """Describe a staged table to PostgreSQL's planner and to its reader."""
    name = identifier(table)
    sql.execute("SET LOCAL default_statistics_target = 1")  # the join's plan only depends on the number of rows
    sql.execute(compose("ANALYZE {name}", name=name))
    if rows >= HASH_JOIN_ROWS:
        # Nested loops are too slow for so many rows; outdated statistics could make the planner choose them.
        sql.execute("SET LOCAL enable_nestloop = off")
    first, last = sql.row(compose("SELECT min(nic_id), max(nic_id) FROM {name}", name=name))
    return Staged(table, rows, {"first_nic_id": first, "last_nic_id": last})


def copy_part(ref: ExtractRef, *, kind: str, part: int, into: str) -> int:
    """Check one part against its manifest and COPY it into a table with its columns; returns how many rows.

    A column that files of the major version before don't have is null. Raises ExtractDamaged; the caller's
    transaction must then end.
    """
    described = _described_part(ref, kind, part)
    name = f"{ref.extract_uid}/{described['file']}"
    copy = compose(_COPY, table=identifier(into), columns=identifiers(described["columns"]))
    with _open_unharmed(name, described) as rows:
        try:
            copied = sql.copy_in(copy, rows, block=COPY_BLOCK_BYTES)
        except DataError as problem:
            raise ExtractDamaged(f"{name} can't be read: {problem}") from problem
        if copied != described["rows"]:
            raise ExtractDamaged(f"{name} contains {copied} rows; its manifest says {described['rows']}.")
        return copied


def columns_of(kind: str) -> Sql:
    """The columns of an extract with their types, as CREATE TABLE lists them."""
    return listed(
        compose("{name} {type}", name=identifier(name), type=compose(type_)) for name, type_ in COLUMNS[kind].items()
    )


class _Parts:
    """The file that COPY writes to, one row per call: cuts the rows into parts and collects their manifest entries."""

    def __init__(self, uid: uuid.UUID, columns: list[str], most_rows: int | None) -> None:
        self.uid = uid
        self.header = (",".join(columns) + "\n").encode()
        self.described: list[dict[str, Any]] = []
        self.most_rows = most_rows
        self._begin()

    def write(self, row: bytes) -> None:
        if self.rows == self.most_rows:
            self._end()
            self._begin()
        self.rows += 1
        self.block += row
        if len(self.block) >= COPY_BLOCK_BYTES:
            self._write_block()

    def __enter__(self) -> "_Parts":
        return self

    def __exit__(self, problem: object, *details: object) -> None:
        if problem is None:
            self._end()
        else:
            self._abandon()

    def _abandon(self) -> None:
        with suppress(OSError):
            self.out.close()
        extract_files.discard(self.temporary)

    def _begin(self) -> None:
        self.rows = 0
        self.temporary = extract_files.temporary_file()
        # Level 1 halves the size in a fifth of the default level's time; with mtime 0 equal rows make equal bytes.
        self.out: IO[bytes] = (
            cast(IO[bytes], gzip.GzipFile(fileobj=self.temporary, mode="wb", compresslevel=1, mtime=0))
            if settings.EXTRACT_GZIP
            else self.temporary
        )
        self.block = bytearray(self.header)

    def _write_block(self) -> None:
        # Compressing row by row takes four times as long.
        self.out.write(self.block)
        self.block.clear()

    def _end(self) -> None:
        self._write_block()
        if self.out is not self.temporary:
            self.out.close()
        number = len(self.described) + 1
        file = f"part-{number:05}.csv" + (".gz" if settings.EXTRACT_GZIP else "")
        digest, size = extract_files.keep(self.temporary, f"{self.uid}/{file}")
        self.described.append({"file": file, "rows": self.rows, "bytes": size, "sha256": digest})


def _described_part(ref: ExtractRef, kind: str, part: int) -> dict[str, Any]:
    name = f"{ref.extract_uid}/manifest.json"
    try:
        with extract_files.storage().open(name) as file:
            body = file.read(MANIFEST_BYTES)
    except FileNotFoundError as gone:
        raise ExtractDamaged(f"{name} is not there.") from gone
    if hashlib.sha256(body).hexdigest() != ref.manifest_sha256:
        raise ExtractDamaged(f"{name} is not the manifest the message names.")
    manifest = json.loads(body)
    if manifest["uid"] != str(ref.extract_uid) or manifest["kind"] != kind or len(manifest["parts"]) != ref.parts:
        raise ExtractDamaged(f"{name} describes another extract.")
    if manifest["columns"] not in [heading(kind, major=major) for major in sendable_majors()]:
        raise ExtractDamaged(f"{name} lists columns that are not those of {kind}.")
    described: dict[str, Any] = {**manifest["parts"][part - 1], "columns": manifest["columns"]}
    if not PART_NAME.fullmatch(described["file"]):
        raise ExtractDamaged(f"{name} names a file that is no part of an extract.")
    return described


@contextmanager
def _open_unharmed(name: str, described: dict[str, Any]) -> Iterator[Any]:
    """The rows of a part, read from the same open file that was checked: its name may point elsewhere by then."""
    try:
        stored = extract_files.storage().open(name)
    except FileNotFoundError as gone:
        raise ExtractDamaged(f"{name} is not there.") from gone
    with stored:
        if stored.size != described["bytes"]:
            raise ExtractDamaged(f"{name} does not match its manifest: it has {stored.size} bytes.")
        if hashlib.file_digest(cast(Any, stored), "sha256").hexdigest() != described["sha256"]:
            raise ExtractDamaged(f"{name} does not match its manifest: its SHA-256 differs.")
        stored.seek(0)
        with gzip.open(stored) if name.endswith(".gz") else nullcontext(stored) as rows:
            yield _Bounded(rows, (described["rows"] + 1) * ROW_BYTES)


class _Bounded:
    """The file that COPY reads from; raises if a small compressed part unpacks to more than its rows can have."""

    def __init__(self, rows: Any, most: int) -> None:
        self.rows, self.left = rows, most

    def read(self, size: int) -> bytes:
        block: bytes = self.rows.read(size)
        self.left -= len(block)
        if self.left < 0:
            raise ExtractDamaged("A part contains more bytes than its rows can have.")
        return block
