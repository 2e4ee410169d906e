"""Lines of settlement that are not as their run was sealed."""

from typing import Any

from integration.seam import sql
from integration.seam.sql import statement


def tampered_lines() -> list[tuple[Any, ...]]:
    """Each line that differs from its digest, and each run whose lines differ from what its history sealed.

    As (table, id of the run, what is wrong).
    """
    digest = statement("cpm", "settlement_digest")
    return sql.rows(statement("cpm", "tampered_lines", digest=digest))
