"""Time-outs with which the database ends sessions, per kind of process; and the tools of the fault suite."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from integration.engines.state import PROJECT
from integration.project.settings import SESSION_LIMITS
from tests.faults.host import is_whole
from tests.faults.inside import write_clock
from tests.faults.suite import IN_PROCESS, LIVE

LIMITS = (
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "client_connection_check_interval",
)
NEVER = "0"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("process", "limits"),
    [
        ("web", ("2s", "10s", "30s", NEVER)),
        ("worker", ("30s", NEVER, "30s", "2s")),
        ("scheduler", ("2s", "30s", "30s", "2s")),
    ],
)
def test_a_session_that_is_not_heard_of_ends_and_lets_go_of_its_locks(process: str, limits: tuple[str, ...]) -> None:
    settings = connection.settings_dict
    session = psycopg2.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname=settings["NAME"],
        options=SESSION_LIMITS[process],
    )  # fmt: skip
    with session, session.cursor() as cursor:
        found = []
        for name in LIMITS:
            cursor.execute(f"SHOW {name}")
            found.append(cursor.fetchone()[0])
    session.close()
    assert tuple(found) == limits


ASK = "import time, datetime; print(time.time(), datetime.datetime.now(datetime.UTC).timestamp(), time.time_ns() / 1e9)"


def test_the_clock_of_a_process_inside_is_wrong_in_every_way_it_asks(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    write_clock(tmp_path / "clock", -3600)
    variables = {**os.environ, "FAULTS_CLOCK": str(tmp_path / "clock"), "PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    command = [sys.executable, "-m", "tests.faults.inside", "ask"]

    wrong = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=True)
    right = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)

    assert all(-3700 < float(one) - float(right.stdout.split()[0]) < -3500 for one in wrong.stdout.split())


def test_a_reader_sees_a_file_that_is_not_whole(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"parts": [{"file": "part-00001.csv", "rows": 1, "bytes": 4, "sha256": "?"}]}')
    (tmp_path / "part-00001.csv").write_text("a\n1")

    assert not is_whole(manifest)


def test_every_fault_has_a_small_and_a_full_dose() -> None:
    for name, dose in {**{name: doses for name, (_, doses) in LIVE.items()}, **IN_PROCESS}.items():
        assert all(0 < few <= many for few, many in zip(dose.small, dose.full, strict=True)), name
