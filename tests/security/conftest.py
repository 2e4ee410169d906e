"""A real web process on the test's database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import connection
from psycopg2.extensions import make_dsn, parse_dsn

from integration.commands.management.commands.up import answers_within
from integration.project.supervisor import supervised, web_child
from tests.browser.conftest import free_port


class Served(NamedTuple):
    """A web process: its port and the file of its log."""

    port: int
    log: Path


@contextmanager
def _served(patch: pytest.MonkeyPatch) -> Iterator[Served]:
    test_database = {**parse_dsn(os.environ["DATABASE_URL"]), "dbname": connection.settings_dict["NAME"]}
    patch.setenv("DATABASE_URL", make_dsn(**test_database))
    for name, value in {"GRIDCALL_HTTPS": "0", "LOG_FORMAT": "json", "GRIDCALL_LOG_LEVEL": "INFO"}.items():
        patch.setenv(name, value)
    port = free_port()
    with supervised([web_child(port)], say=lambda _: None) as supervisor:
        assert answers_within(60, port), supervisor.log_of("web").read_text()
        yield Served(port, supervisor.log_of("web"))


@pytest.fixture
def served(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A web process of the test's own, whose log has nothing else."""
    with _served(monkeypatch) as own:
        yield own


@pytest.fixture(scope="module")
def port(django_db_setup: None) -> Iterator[int]:
    """The port of a web process that all tests of a module use: to start one takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch, _served(patch) as shared:
        yield shared.port
