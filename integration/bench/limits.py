"""The physical limit of a step: COPY of exactly its rows into a logged table without index, in the same database."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from integration.seam.messages import COLUMNS

RUNS = 3
BLOCK = 1 << 18


class Limit(NamedTuple):
    """Seconds and bytes of one COPY: the median of three."""

    seconds: float
    bytes: int


def binary_copy(query: str, like: str) -> Limit:
    """COPY FROM of a query's rows, binary, into a table like another one."""
    return _copy_in(query, f"CREATE TABLE bench_limit (LIKE {like})", "(FORMAT binary)")


def text_copy(query: str, kind: str, params: Mapping[str, Any]) -> Limit:
    """COPY FROM of the rows of an extract, as text."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS[kind].items())
    return _copy_in(_bound(query, params), f"CREATE TABLE bench_limit ({columns})", "(FORMAT text)")


def copy_to_nowhere(query: str, params: Mapping[str, Any]) -> Limit:
    """COPY TO of the same query that throws its rows away."""
    copy = f"COPY ({_bound(query, params)}) TO '/dev/null'"
    seconds = median(_timed(lambda: _execute(copy)) for _ in range(RUNS))
    with connection.cursor() as cursor, tempfile.TemporaryFile(dir=_folder()) as out:
        cursor.copy_expert(copy.replace("'/dev/null'", "STDOUT"), out)
        return Limit(seconds, out.tell())


def _copy_in(query: str, create: str, form: str) -> Limit:
    with connection.cursor() as cursor, tempfile.TemporaryFile(dir=_folder()) as rows:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH {form}", rows)
        size = rows.tell()
        seconds = []
        for _ in range(RUNS):
            _execute(f"DROP TABLE IF EXISTS bench_limit; {create}")
            rows.seek(0)
            copy = f"COPY bench_limit FROM STDIN WITH {form}"
            seconds.append(_timed(lambda copy=copy: cursor.copy_expert(copy, rows, BLOCK)))  # type: ignore[misc]
        _execute("DROP TABLE bench_limit")
    return Limit(median(seconds), size)


def _bound(query: str, params: Mapping[str, Any]) -> str:
    with connection.cursor() as cursor:
        text: str = cursor.mogrify(query, params).decode()
    return text


def _folder() -> Path:
    folder = Path(settings.EXTRACT_ROOT)
    os.makedirs(folder, exist_ok=True)
    return folder


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _execute(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
