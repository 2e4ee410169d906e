"""A real web process on the test's database."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import call_command
from django.db import connection
from psycopg2.extensions import make_dsn, parse_dsn

from integration.commands.management.commands.up import answers_within
from integration.project.supervisor import supervised, web_child
from tests.browser.conftest import free_port


class Served(NamedTuple):
    """A web process: its port and the file of its log."""

    port: int
    log: Path


@pytest.fixture
def served(transactional_db: None, extract_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    call_command("createcachetable", verbosity=0)
    test_database = {**parse_dsn(os.environ["DATABASE_URL"]), "dbname": connection.settings_dict["NAME"]}
    monkeypatch.setenv("DATABASE_URL", make_dsn(**test_database))
    for name, value in {"GRIDCALL_HTTPS": "0", "LOG_FORMAT": "json", "GRIDCALL_LOG_LEVEL": "INFO"}.items():
        monkeypatch.setenv(name, value)
    port = free_port()
    with supervised([web_child(port)], say=lambda _: None) as supervisor:
        assert answers_within(60, port), supervisor.log_of("web").read_text()
        yield Served(port, supervisor.log_of("web"))


@pytest.fixture
def port(served: Served) -> int:
    """The port of a web process."""
    return served.port
