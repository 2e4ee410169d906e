"""History that can't be rewritten unseen: each row's digest, sealed in blocks that hash the block before.

A trigger writes a row's digest with the row, so sealing never reads history again and holds up nobody who writes it. A
row that was added past the trigger has no digest, and is named for that.
"""

from datetime import datetime
from typing import NamedTuple

from django.apps import apps
from django.db import transaction

from . import sql
from .history import HistoryBlock, HistoryRecord
from .sql import identifier, statement

SEALING_KEY = 815003


class Tampered(NamedTuple):
    """A row of history, or a block, that is not as it was sealed."""

    source: str
    row_id: int
    what: str


def tables() -> list[str]:
    """The tables that hold history."""
    return [model._meta.db_table for model in apps.get_models() if issubclass(model, HistoryRecord)]


@transaction.atomic
def seal_history(*, now: datetime) -> None:
    """Seal what was written by transactions that are older than every running one, unless another is just at it.

    The database's own clock dates the block: `now` changes nothing.
    """
    if sql.value("SELECT pg_try_advisory_xact_lock(%s)", [SEALING_KEY]):
        sql.execute(statement("integration.seam", "seal_history"))


def head() -> HistoryBlock | None:
    """The newest block: who keeps its number and digest elsewhere can tell later that nothing before it was changed."""
    return HistoryBlock.objects.order_by("-number").first()


def holds(kept: str) -> bool:
    """Whether a head that was kept elsewhere (`NUMBER:DIGEST`) is still a block of the chain."""
    number, _colon, digest = kept.partition(":")
    block = HistoryBlock.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return block is not None and str(block) == f"{block.pk}:{digest.lower()}"


@transaction.atomic
def tampered() -> list[Tampered]:
    """Each row of history that was changed, removed or added past its trigger, and each block that does not add up."""
    sql.execute("SET LOCAL TIME ZONE 'UTC'")  # digests are of the text of rows, moments in UTC
    found = sql.rows(statement("integration.seam", "tampered_blocks"))
    for table in tables():
        query = statement("integration.seam", "tampered_rows", table=identifier(table))
        found += sql.rows(query, {"table": table})
    return [Tampered(*row) for row in found]
