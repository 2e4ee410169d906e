"""Running the demo's SQL."""

from pathlib import Path
from typing import Any

from django.db import connection

from integration.seam.sql import statement

HERE = Path(__file__).parent


def run(name: str, **params: Any) -> int:
    """Run sql/<name>.sql; gives the rows its last statement touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement(HERE, name), params)
        return int(cursor.rowcount)


def analyze(*tables: str) -> None:
    """Tell the planner what the tables hold by now, instead of waiting until it looks by itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
