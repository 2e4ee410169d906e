"""The SHA-256 of the rows that a run applies, for its history."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection

from integration.seam import sql
from integration.seam.sql import compose, identifier

from .models import ImportRun
from .untouched import MANY_ROWS

_ORDERED = "SELECT * FROM {changes} ORDER BY line"


@contextmanager
def digesting(run: ImportRun) -> Iterator[Callable[[], str]]:
    """Gives the SHA-256 of the rows that are applied inside, as CSV in the order of the file.

    Many rows are read beside, in a session of its own, while they are written.
    """
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(_beside, run) if run.added + run.changed >= MANY_ROWS else None
        yield lambda: (found.result() if found else "") or digest_of_changes(run)


def digest_of_changes(run: ImportRun) -> str:
    digest = _Digest()
    sql.copy_out(compose(_ORDERED, changes=identifier(run.changes)), None, digest)
    return digest.sha.hexdigest()


def _beside(run: ImportRun) -> str:
    """The digest; an empty text if the rows are not committed yet, and so are seen by their own session alone."""
    try:
        return digest_of_changes(run) if sql.value("SELECT to_regclass(%s)", [run.changes]) else ""
    finally:
        connection.close()


class _Digest:
    """The file that COPY writes to, of which only the digest is kept."""

    def __init__(self) -> None:
        self.sha = hashlib.sha256()
        self.write = self.sha.update
