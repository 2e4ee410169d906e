"""Runs a statement of derms/sql/."""

from pathlib import Path
from typing import Any

from django.db import connection

from integration.seam.sql import statement

HERE = Path(__file__).parents[1]


def run(name: str, params: dict[str, Any], **names: str) -> list[tuple[Any, ...]]:
    """The rows of sql/<name>.sql, none if it only writes. `names` are put into its text."""
    with connection.cursor() as cursor:
        cursor.execute(statement(HERE, name).format(**names), params)
        return cursor.fetchall() if cursor.description else []
