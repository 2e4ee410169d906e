"""Filling a table that is as good as empty: its constraints and indexes are made anew when all rows are in.

Checking a reference costs as much as writing a row, as does ON CONFLICT, an index for parts of a text four times as
much, a primary key a third. For all rows at once the first two cost next to nothing, the others a third of that. Nobody
can read the table meanwhile, so one with more than a few rows is never filled like this; nor can they read those that
refer to it, which have few rows, too.
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
# References to the table come first, since they need its primary key: they are dropped before it, and made after it.
_CONSTRAINTS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint
 WHERE conparentid = 0 AND (conrelid = %(table)s::regclass AND contype IN ('f', 'u', 'p')
                            OR confrelid = %(table)s::regclass)
 ORDER BY contype = 'f' DESC, contype = 'u' DESC, oid
"""
UNLESS_THERE, ALONE = compose("ON CONFLICT DO NOTHING"), compose("")


@contextmanager
def filling(*tables: str, rows: int) -> Iterator[Sql]:
    """Add about so many rows to these tables inside, in the caller's transaction.

    Statements inside can't rely on a unique constraint, and must not leave a deferred check behind; they end with the
    clause that this returns, unless nobody else can add the same row. It is no different from adding rows without if
    they are few, if a table has rows, if somebody is using it, or if the tables belong to another role than this
    session's.
    """
    definitions = _take_off(tables) if rows >= MANY_ROWS and all(map(_has_few, tables)) else []
    yield ALONE if definitions else UNLESS_THERE
    for definition in definitions:
        sql.execute(definition)


def _has_few(table: str) -> bool:
    return bool(sql.value(compose(_HAS_FEW, table=identifier(table)), [FEW_ROWS, FEW_ROWS + 1]))


def _take_off(tables: tuple[str, ...]) -> list[Sql]:
    """Drop the constraints and indexes of tables; returns the statements that make them again, in reverse order."""
    parts: dict[str, str] = {}
    for query in (_CONSTRAINTS, _INDEXES):
        for table in tables:
            parts |= dict(sql.rows(query, {"table": table}))
    try:
        with transaction.atomic():
            sql.execute(_PREPARE)
            for drop in parts:
                sql.execute(Sql(drop))
            sql.execute("SET LOCAL lock_timeout TO DEFAULT")
    except (OperationalError, ProgrammingError):  # somebody is using a table, or it is another role's
        return []
    return [Sql(make) for make in reversed(parts.values())]
