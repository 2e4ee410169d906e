"""Filling a table that is as good as empty: its constraints and indexes are made anew when all rows are in.

Checking a reference costs as much as writing a row, an index for parts of a text four times as much. For all rows at
once the first costs next to nothing and the second a third. Nobody can read the table meanwhile, so one with more than
a few rows is never filled like this.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, ProgrammingError, transaction

from . import sql
from .sql import Sql, compose, identifier

MANY_ROWS, FEW_ROWS = 10_000, 1_000
# Joins, sorts and indexes of a million rows in memory.
_PREPARE = "SET LOCAL lock_timeout = '2s'; SET LOCAL work_mem = '128MB'; SET LOCAL maintenance_work_mem = '256MB'"
_HAS_FEW = "SELECT count(*) <= %s FROM (SELECT FROM {table} LIMIT %s) rows"
_INDEXES = """
SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE indrelid = %(table)s::regclass AND indisvalid AND reltablespace = 0
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
 ORDER BY indexrelid
"""
# Only the primary keys stay; others' references need them.
_CONSTRAINTS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('f', 'u') ORDER BY contype DESC, oid
"""


@contextmanager
def filling(*tables: str, rows: int) -> Iterator[None]:
    """Add about so many rows to these tables inside, in the caller's transaction.

    Statements inside can't rely on a unique constraint, and must not leave a deferred check behind. It is no different
    from adding rows without if they are few, if a table has rows, if somebody is using it, or if the tables belong to
    another role than this session's.
    """
    definitions = _take_off(tables) if rows >= MANY_ROWS and all(map(_has_few, tables)) else []
    yield
    for definition in definitions:
        sql.execute(definition)


def _has_few(table: str) -> bool:
    return bool(sql.value(compose(_HAS_FEW, table=identifier(table)), [FEW_ROWS, FEW_ROWS + 1]))


def _take_off(tables: tuple[str, ...]) -> list[Sql]:
    """Drop the constraints and indexes of tables; returns the statements that make them again."""
    parts = [
        part for table in tables for query in (_INDEXES, _CONSTRAINTS) for part in sql.rows(query, {"table": table})
    ]
    try:
        with transaction.atomic():
            sql.execute(_PREPARE)
            for drop, _make in parts:
                sql.execute(Sql(drop))
            sql.execute("SET LOCAL lock_timeout TO DEFAULT")
    except (OperationalError, ProgrammingError):  # somebody is using a table, or it is another role's
        return []
    return [Sql(make) for _drop, make in parts]
