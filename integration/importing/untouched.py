"""Whether the tables that a file was compared with are as they were in its dry run.

If nobody wrote to them, what was shown still holds, and a million rows need not be compared again.
"""

from typing import NamedTuple

from integration.seam import sql
from integration.seam.sql import compose, identifier

from .kinds import Kind
from .models import ImportRun

MANY_ROWS = 10_000  # fewer are compared sooner than whole tables are looked at
_OLDEST_WRITER = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_AGE = "SELECT pg_current_xact_id()::text::bigint - %s"
_COUNT = "SELECT count(*) FROM {table}"
# A row's xmin is the transaction that wrote it; a row that is gone is missed in the count.
_FOUND = "SELECT count(*), coalesce(bool_or(age(xmin) <= %s), false) FROM {table}"


class Seen(NamedTuple):
    """The oldest transaction that may still have written when the tables were looked at, and how many rows they had."""

    oldest_writer: int
    rows: dict[str, int]


def look_at_tables(kind: Kind) -> Seen:
    """What is there before a file is compared with it."""
    oldest = int(sql.value(_OLDEST_WRITER))
    return Seen(oldest, {name: int(sql.value(compose(_COUNT, table=identifier(name)))) for name in kind.tables})


def is_untouched(run: ImportRun, kind: Kind) -> bool:
    """Whether nothing can have changed since the run's dry run. False, too, if it wasn't looked at or time matters."""
    if not run.compared or kind.kept != "false":
        return False
    seen = Seen(**run.compared)
    age = sql.value(_AGE, [seen.oldest_writer])
    found = ((rows, sql.row(compose(_FOUND, table=identifier(name)), [age])) for name, rows in seen.rows.items())
    return all(now == (rows, False) for rows, now in found)
