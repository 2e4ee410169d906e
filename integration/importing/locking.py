"""Keep people from changing the same things while a file is applied."""

from integration.seam import sql
from integration.seam.sql import compose, identifier

from .kinds import Locks
from .models import ImportRun
from .untouched import MANY_ROWS

_ROWS = """
SELECT count(*) FROM (SELECT FROM {table} WHERE id IN ({ids}) ORDER BY id FOR NO KEY UPDATE) locked
"""
_TABLE = "LOCK TABLE {table} IN EXCLUSIVE MODE"


def lock_what_people_lock(run: ImportRun, locks: Locks | None) -> None:
    """Wait for people who are changing what the run changes, and have others wait until it is over.

    Rows are locked in the order of their ids, as elsewhere. A file of many rows locks the table: that waits for the
    same people, and a million row locks would be written one by one.
    """
    if locks is None:
        return
    if run.added + run.changed > MANY_ROWS:
        sql.execute(compose(_TABLE, table=identifier(locks.table)))
        return
    ids = compose(locks.ids, changes=identifier(run.changes))
    sql.value(compose(_ROWS, table=identifier(locks.table), ids=ids))
