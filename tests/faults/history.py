"""An owner of the tables changes history, bypassing every trigger."""

import subprocess
import sys

from django.core.management import get_commands
from django.db import connection, transaction

from integration.engines.state import PROJECT
from integration.seam import sql
from tests.faults.driver import Driver
from tests.faults.row import Row
from tests.faults.system import System

TABLE = "derms_transition"
SEALED = f"SELECT id, why FROM {TABLE} WHERE at < now() - interval '2 min' ORDER BY random() LIMIT 1"


def is_there() -> bool:
    return "verify_history" in get_commands()


def tamper(system: System, driver: Driver, dose: int) -> Row:
    named = sum(_is_named(*sql.rows(SEALED)[0]) for _ in range(dose))
    clean = _ask()
    return Row(
        "history tampered with by the table's owner (sealed rows)",
        dose,
        "named by verify_history",
        f"{named} of {dose} named; mended, {'nothing' if clean.returncode == 0 else 'still something'} is found",
        named == dose and clean.returncode == 0,
        ("I5",),
    )


def _ask() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "verify_history"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)


def _is_named(pk: int, why: str) -> bool:
    """Change a row, run verify_history, and change the row back."""
    _rewrite(pk, why + " (rewritten)")
    try:
        asked = _ask()
        return asked.returncode != 0 and str(pk) in asked.stdout + asked.stderr
    finally:
        _rewrite(pk, why)


def _rewrite(pk: int, why: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE {TABLE} SET why = %s WHERE id = %s", [why, pk])
