"""History that can't be rewritten unnoticed: each row's digest is sealed in blocks that hash the block before.

A trigger writes a row's digest with the row, so sealing never rereads history and blocks no writer. A row added past
the trigger has no digest, and is reported for that.
"""

import logging
from datetime import datetime
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.module_loading import import_string

from . import sql
from .history import HistoryBlock, HistoryRecord
from .routes import SEALED_BESIDE
from .sql import identifier, statement

log = logging.getLogger(__name__)

SEALING_KEY = 815003
HEX_DIGITS = 12  # of a digest, as many as the metric has


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
    """Seal what transactions older than every running one wrote, unless another process is sealing; log the head.

    The database's clock dates the block; `now` is not used.
    """
    if sql.value("SELECT pg_try_advisory_xact_lock(%s)", [SEALING_KEY]):
        sql.execute("SELECT gridcall_seal_history()")
        log.info("Head of history %s", head() or "none")


def mail_head(*, now: datetime) -> None:
    """Send the head of the chain to HISTORY_HEAD_TO, if somebody is named there: who has it finds a rewritten chain."""
    block = head()
    if settings.HISTORY_HEAD_TO and block:
        EmailMessage(
            subject=f"Head of history, block {block.number}",
            body=f"{block}\n\nKeep this message. To check that nothing before it was changed since:\n"
            f"manage.py verify_history --kept {block}\n",
            to=settings.HISTORY_HEAD_TO,
        ).send()


def head() -> HistoryBlock | None:
    """The newest block. Keep its number and digest elsewhere to check later that nothing before it changed."""
    return HistoryBlock.objects.order_by("-number").first()


def holds(kept: str) -> bool:
    """Whether a head that was kept elsewhere is still a block of the chain: `NUMBER:DIGEST`, or its first 12 digits."""
    number, _colon, digest = kept.partition(":")
    block = HistoryBlock.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return block is not None and len(digest) >= HEX_DIGITS and block.digest_hex.startswith(digest.lower())


@transaction.atomic
def tampered() -> list[Tampered]:
    """Each row of history that was changed, removed or added past its trigger, and each block that is inconsistent."""
    sql.execute("SET LOCAL TIME ZONE 'UTC'")  # digests are of rows as text, with times in UTC
    found = sql.rows(statement("integration.seam", "tampered_blocks"))
    for table in tables():
        query = statement("integration.seam", "tampered_rows", table=identifier(table))
        found += sql.rows(query, {"table": table})
    for name in SEALED_BESIDE:
        found += import_string(name)()
    return [Tampered(*row) for row in found]
