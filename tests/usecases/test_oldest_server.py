"""The oldest PostgreSQL that Gridcall takes, as Debian has it, with a role that is no superuser."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from integration.engines.postgres import NAMESPACE
from integration.project.checks import OLDEST
from tests.faults.proxy import free_port
from tests.processes import eventually, started
from tests.usecases.test_journey_command import journey, result_of, verify_finds_nothing

PROGRAMS = Path(f"/usr/lib/postgresql/{OLDEST}/bin")

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not PROGRAMS.exists(), reason=f"PostgreSQL {OLDEST} is not installed (Debian 12 has it)"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a database of its own on such a server, as the database's owner."""
    data, port = tmp_path / "data", free_port()
    as_server = list(NAMESPACE) if os.geteuid() == 0 else []
    made = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
    make = [*as_server, PROGRAMS / "initdb", "-D", data, *made]
    subprocess.run([str(part) for part in make], check=True, capture_output=True)
    serve = [*as_server, PROGRAMS / "postgres", "-D", data, "-p", port, "-k", tmp_path, "-h", "127.0.0.1"]
    with started([str(part) for part in serve], stderr=subprocess.DEVNULL) as server:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        assert eventually(lambda: listens(url), seconds=60)
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE ROLE gridcall LOGIN")
            connection.cursor().execute("CREATE DATABASE gridcall OWNER gridcall")
        yield f"postgresql://gridcall@127.0.0.1:{port}/gridcall"
        server.terminate()


def listens(url: str) -> bool:
    with suppress(psycopg2.OperationalError):
        psycopg2.connect(url).close()
        return True
    return False


def test_the_journey_closes_every_device_on_the_oldest_server(address: str, fresh_start: dict[str, str]) -> None:
    environment = {**fresh_start, "DATABASE_URL": address, "SECRET_KEY": "of this test alone " * 3}
    with journey(environment, "--devices", "300", "--stages", "2", "--stage-seconds", "5") as process:
        result = result_of(process, seconds=300)
    assert result["reserved"] == result["participations"] == result["called"] == result["closed"] == 600
    assert (result["messages_dead"], result["alerts"]) == (0, 0)
    verify_finds_nothing(environment)
