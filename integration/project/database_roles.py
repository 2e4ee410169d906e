"""Two roles in the database: one owns history and migrates, the processes' own can only read history and add to it.

The processes make and drop partitions, so they own the bulk tables. Seals and blocks, and the rows that triggers
record, are written by functions that run with the rights of their owner (SECURITY DEFINER).
"""

from django.apps import apps
from django.db import ProgrammingError, transaction
from pghistory.models import Event as Version

from integration.seam import sealing, sql
from integration.seam.history import HistoryBlock, ObjectChange, Seal
from integration.seam.sql import compose, identifier, identifiers, statement

ONLY_READ = [*(model._meta.db_table for model in (HistoryBlock, ObjectChange, Seal)), "django_migrations"]
_BULK = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace
   AND (relkind = 'p' OR relkind = 'r' AND (relispartition OR relname ~ '^(derms|cpm|lec)_[a-z]+_[0-9]+$'))
"""


class RoleNotUsable(Exception):
    """Why the processes can't be given a role."""


@transaction.atomic
def grant_processes(role: str) -> None:
    """Give a role what the processes need. Run as the owner after each migrate. Raises RoleNotUsable."""
    me = sql.value("SELECT current_user::text")
    if me == role:
        raise RoleNotUsable(f"{role} owns the tables. The processes need another role: docs/how-to/database-roles.md.")
    if not sql.value("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role]):
        raise RoleNotUsable(f"There is no role {role}. Create it first: docs/how-to/database-roles.md.")
    try:
        sql.execute(
            statement(
                "integration.project",
                "grant_processes",
                role=identifier(role),
                added_to=identifiers(history_tables()),
                only_read=identifiers(ONLY_READ),
            )
        )
        for table in sql.column(_BULK):
            sql.execute(compose("ALTER TABLE {table} OWNER TO {role}", table=identifier(table), role=identifier(role)))
    except ProgrammingError as problem:
        raise RoleNotUsable(f"{me} can't give {role} its rights: {problem}".strip()) from problem


def history_tables() -> list[str]:
    """The tables of history: those with seals, and the versions of rows."""
    versions = [model._meta.db_table for model in apps.get_models() if issubclass(model, Version)]
    return [*sealing.tables(), *versions]
