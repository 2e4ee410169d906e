"""Writing rows that people also edit on pages: what a file changes is their next version."""

from integration.seam import sql
from integration.seam.sql import compose, identifier

from .kinds import Applying

_UNSAVED = compose("version, saved_by, saved_at")
# No person saved a new row: the file's run is its history.
_NOBODY = compose("1, '', NULL::timestamptz")
_NEXT_VERSION = "version = {table}.version + 1, saved_by = %(by)s, saved_at = %(now)s"


def write_versions(statement: str, table: str, applying: Applying) -> int:
    """Run a statement that inserts or updates a file's rows; returns how many.

    In it, `{unsaved}` names the columns of a version, `{nobody}` their values in a new row, `{next_version}` is what an
    update sets.
    """
    parts = {"unsaved": _UNSAVED, "nobody": _NOBODY, "next_version": compose(_NEXT_VERSION, table=identifier(table))}
    query = compose(statement, changes=applying.changes, **parts)
    return sql.execute(query, {"by": applying.by, "now": applying.now})
