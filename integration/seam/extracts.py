"""Bulk rows between systems: written once, read only whole and unharmed.

An extract is a folder of CSV parts and a manifest. Each file is written under a temporary name, forced to disk and
renamed; the manifest comes last, and only then the message that names it with the manifest's SHA-256.
"""

import gzip
import hashlib
import json
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import DataError, connection

from . import clock
from .messages import COLUMNS, ExtractRef
from .models import Extract

KEEP_UNNAMED = timedelta(hours=1)
WRITING = ".writing-"
MANY_ROWS = 20_000
COPY_BLOCK = 1 << 16  # bytes read from or written to a file at once
LARGEST_MANIFEST = 4_000_000  # bytes; about 20,000 parts
PART_NAME = re.compile(r"part-\d{5}\.csv(\.gz)?")
LONGEST_ROW = 4096  # bytes; a packed part that holds more than its rows can is no part


class ExtractDamaged(Exception):
    """The files are not what the message says; nothing of them is applied."""


def write_extract(*, kind: str, query: str, params: Mapping[str, Any]) -> Extract:
    """Write the rows of a query as an extract and record it. The query gives COLUMNS[kind], in that order.

    Memory stays flat: rows go from COPY straight into the part files, EXTRACT_PART_ROWS each. What fails leaves no
    file: a disk that is full would otherwise be fuller after each attempt.
    """
    uid = uuid.uuid4()
    try:
        return _write(uid, kind, query, params)
    except Exception:
        _remove_folder(str(uid))
        raise


def _write(uid: uuid.UUID, kind: str, query: str, params: Mapping[str, Any]) -> Extract:
    with connection.cursor() as cursor, connection.wrap_database_errors, _Parts(uid, kind) as parts:
        select = cursor.mogrify(query, params).decode()
        cursor.copy_expert(f"COPY ({select}) TO STDOUT WITH (FORMAT csv)", parts)
    described = parts.described
    rows = sum(part["rows"] for part in described)
    manifest = {"uid": str(uid), "kind": kind, "columns": list(COLUMNS[kind]), "rows": rows, "parts": described}
    body = json.dumps(manifest, sort_keys=True).encode()
    _store(f"{uid}/manifest.json", lambda out: out.write(body))
    digest = hashlib.sha256(body).hexdigest()
    return Extract.objects.create(uid=uid, kind=kind, parts=len(described), rows=rows, manifest_sha256=digest)


class Staged(NamedTuple):
    """A temporary table with the rows of one part.

    `range` holds the first and the last NIC id, as `first_nic_id` and `last_nic_id` of a statement that joins the part
    with devices: what is written in the order in which devices were enrolled is joined with a range of them, not all.
    """

    table: str
    rows: int
    range: dict[str, str | None]


def stage_part(ref: ExtractRef, *, kind: str, part: int) -> Staged:
    """Check one part against its manifest and COPY it into a temporary table.

    The table goes at the end of the transaction. Raises ExtractDamaged; the caller's transaction then ends.
    """
    table = f"staged_part_{part}"
    columns = ", ".join(f"{column} {type_}" for column, type_ in COLUMNS[kind].items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP")
        rows = copy_part(ref, kind=kind, part=part, into=table)
        cursor.execute("SET LOCAL default_statistics_target = 1")  # the join hangs on how many rows there are alone
        cursor.execute(f"ANALYZE {table}")
        if rows >= MANY_ROWS:
            # So many rows are joined table by table, whatever the planner last heard of the tables' sizes.
            cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"SELECT min(nic_id), max(nic_id) FROM {table}")
        first, last = cursor.fetchone()
    return Staged(table, rows, {"first_nic_id": first, "last_nic_id": last})


def copy_part(ref: ExtractRef, *, kind: str, part: int, into: str) -> int:
    """Check one part against its manifest and COPY it into a table with its columns; gives how many rows.

    Raises ExtractDamaged; the caller's transaction then ends.
    """
    described = _described_part(ref, kind, part)
    name = f"{ref.extract_uid}/{described['file']}"
    copy = f"COPY {into} ({', '.join(COLUMNS[kind])}) FROM STDIN WITH (FORMAT csv, HEADER match)"
    with connection.cursor() as cursor, _open_unharmed(name, described) as rows:
        try:
            with connection.wrap_database_errors:
                cursor.copy_expert(copy, rows, COPY_BLOCK)
        except DataError as problem:
            raise ExtractDamaged(f"{name} can't be read: {problem}") from problem
        if cursor.rowcount != described["rows"]:
            raise ExtractDamaged(f"{name} holds {cursor.rowcount} rows; its manifest says {described['rows']}.")
        return int(cursor.rowcount)


def remove_unnamed_extracts() -> int:
    """Remove what a writer left that died: files and folders older than an hour that no row names. Gives how many."""
    storage = _storage()
    if not storage.exists("."):
        return 0
    folders, files = storage.listdir(".")
    known = {str(uid) for uid in Extract.objects.values_list("uid", flat=True)}
    stale_files = [name for name in files if name.startswith(WRITING) and _is_stale(storage, name)]
    stale_folders = [folder for folder in folders if folder not in known and _is_stale(storage, folder)]
    for name in stale_files:
        storage.delete(name)
    return len(stale_files) + sum(map(_remove_folder, stale_folders))


def _remove_folder(folder: str) -> int:
    """Remove a folder with its files; gives how many that were."""
    storage = _storage()
    if not storage.exists(folder):
        return 0
    names = [*(f"{folder}/{name}" for name in storage.listdir(folder)[1]), folder]
    for name in names:
        storage.delete(name)
    return len(names)


class _Parts:
    """What COPY writes to, a row a call: cuts the rows into part files and keeps what the manifest says of each."""

    def __init__(self, uid: uuid.UUID, kind: str) -> None:
        self.uid = uid
        self.header = (",".join(COLUMNS[kind]) + "\n").encode()
        self.described: list[dict[str, Any]] = []
        self.most_rows = settings.EXTRACT_PART_ROWS
        self._begin()

    def write(self, row: bytes) -> None:
        if self.rows == self.most_rows:
            self._end()
            self._begin()
        self.rows += 1
        self.block += row
        if len(self.block) >= COPY_BLOCK:
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
        _discard(self.temporary)

    def _begin(self) -> None:
        self.rows = 0
        self.temporary = _temporary_file()
        # Level 1 halves the bytes at a fifth of the time of the usual level; mtime 0 keeps equal rows equal bytes.
        self.out: IO[bytes] = (
            cast(IO[bytes], gzip.GzipFile(fileobj=self.temporary, mode="wb", compresslevel=1, mtime=0))
            if settings.EXTRACT_GZIP
            else self.temporary
        )
        self.block = bytearray(self.header)

    def _write_block(self) -> None:
        # Packing row by row takes four times as long.
        self.out.write(self.block)
        self.block.clear()

    def _end(self) -> None:
        self._write_block()
        if self.out is not self.temporary:
            self.out.close()
        number = len(self.described) + 1
        file = f"part-{number:05}.csv" + (".gz" if settings.EXTRACT_GZIP else "")
        digest, size = _keep(self.temporary, f"{self.uid}/{file}")
        self.described.append({"file": file, "rows": self.rows, "bytes": size, "sha256": digest})


def _described_part(ref: ExtractRef, kind: str, part: int) -> dict[str, Any]:
    name = f"{ref.extract_uid}/manifest.json"
    try:
        with _storage().open(name) as file:
            body = file.read(LARGEST_MANIFEST)
    except FileNotFoundError as gone:
        raise ExtractDamaged(f"{name} is not there.") from gone
    if hashlib.sha256(body).hexdigest() != ref.manifest_sha256:
        raise ExtractDamaged(f"{name} is not the manifest the message names.")
    manifest = json.loads(body)
    if manifest["uid"] != str(ref.extract_uid) or manifest["kind"] != kind or len(manifest["parts"]) != ref.parts:
        raise ExtractDamaged(f"{name} describes another extract.")
    described: dict[str, Any] = manifest["parts"][part - 1]
    if not PART_NAME.fullmatch(described["file"]):
        raise ExtractDamaged(f"{name} names a file that is no part of an extract.")
    return described


@contextmanager
def _open_unharmed(name: str, described: dict[str, Any]) -> Iterator[Any]:
    """The rows of a part, from the very file whose bytes were checked: a name may lead to another file meanwhile."""
    try:
        stored = _storage().open(name)
    except FileNotFoundError as gone:
        raise ExtractDamaged(f"{name} is not there.") from gone
    with stored:
        if stored.size != described["bytes"]:
            raise ExtractDamaged(f"{name} has other bytes than its manifest says: {stored.size} of them.")
        if hashlib.file_digest(cast(Any, stored), "sha256").hexdigest() != described["sha256"]:
            raise ExtractDamaged(f"{name} has other bytes than its manifest says.")
        stored.seek(0)
        with gzip.open(stored) if name.endswith(".gz") else nullcontext(stored) as rows:
            yield _Bounded(rows, (described["rows"] + 1) * LONGEST_ROW)


class _Bounded:
    """What COPY reads from: no more bytes than so many rows can have, however small the file that unpacks to them."""

    def __init__(self, rows: Any, most: int) -> None:
        self.rows, self.left = rows, most

    def read(self, size: int) -> bytes:
        block: bytes = self.rows.read(size)
        self.left -= len(block)
        if self.left < 0:
            raise ExtractDamaged("A part holds more bytes than its rows can have.")
        return block


def _store(name: str, write: Callable[[IO[bytes]], object]) -> None:
    temporary = _temporary_file()
    write(temporary)
    _keep(temporary, name)


def _temporary_file() -> Any:
    root = Path(settings.EXTRACT_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=root, prefix=WRITING, delete=False)


class _Movable(File):  # type: ignore[type-arg]
    """A finished file that the storage may rename into place instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _keep(temporary: Any, name: str) -> tuple[str, int]:
    """Force a finished file to disk and put it into the storage; gives its SHA-256 and size in bytes."""
    try:
        temporary.flush()
        os.fsync(temporary.fileno())
        with open(temporary.name, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
            os.chmod(temporary.name, 0o640)
            _storage().save(name, _Movable(file, name=temporary.name))
        return digest, size
    finally:
        _discard(temporary)


def _discard(temporary: Any) -> None:
    """Close and remove a temporary file, where it has not got its name."""
    with suppress(OSError):  # a full disk says so again at the end
        temporary.close()
    Path(temporary.name).unlink(missing_ok=True)


def _is_stale(storage: Storage, folder: str) -> bool:
    return clock.now() - storage.get_modified_time(folder) > KEEP_UNNAMED


def _storage() -> Storage:
    return storages["extracts"]
