"""The physical limit of a step: a COPY of exactly its rows into a logged table without index, in this database."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from django.conf import settings

from integration.seam import sql
from integration.seam.extracts import columns_of
from integration.seam.sql import Sql, compose, identifier

RUNS = 3
BLOCK = 1 << 18


class Limit(NamedTuple):
    """A COPY's seconds, the median of three runs, and its bytes."""

    seconds: float
    bytes: int


def binary_copy(query: str, params: Mapping[str, Any], *, like: str) -> Limit:
    """A binary COPY FROM of a query's rows into a table with the columns of `like`."""
    return _copy_in(query, params, compose("LIKE {table}", table=identifier(like)), "binary")


def text_copy(query: str, kind: str, params: Mapping[str, Any]) -> Limit:
    """A text COPY FROM of the rows of an extract."""
    return _copy_in(query, params, columns_of(kind), "text")


def text_copy_as(query: str, columns: Sql, params: Mapping[str, Any]) -> Limit:
    """A text COPY FROM of a query's rows into a table with these columns."""
    return _copy_in(query, params, columns, "text")


def copy_to_nowhere(query: str, params: Mapping[str, Any]) -> Limit:
    """A COPY TO of the query's rows that discards them."""
    copy = compose("COPY ({query}) TO '/dev/null'", query=compose(query))
    seconds = median(timed(lambda: sql.execute(copy, params)) for _ in range(RUNS))
    with tempfile.TemporaryFile(dir=_folder()) as out:
        sql.copy_out(query, params, out, form="text")
        return Limit(seconds, out.tell())


def _copy_in(query: str, params: Mapping[str, Any], columns: Sql, form: str) -> Limit:
    copy = compose("COPY bench_limit FROM STDIN (FORMAT {form})", form=identifier(form))
    with tempfile.TemporaryFile(dir=_folder()) as rows:
        sql.copy_out(query, params, rows, form=form)
        size = rows.tell()
        seconds = []
        for _ in range(RUNS):
            sql.execute("DROP TABLE IF EXISTS bench_limit")
            sql.execute(compose("CREATE TABLE bench_limit ({columns})", columns=columns))
            rows.seek(0)
            seconds.append(timed(lambda: sql.copy_in(copy, rows, block=BLOCK)))
        sql.execute("DROP TABLE bench_limit")
    return Limit(median(seconds), size)


def _folder() -> Path:
    folder = Path(settings.EXTRACT_ROOT)
    os.makedirs(folder, exist_ok=True)
    return folder


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
