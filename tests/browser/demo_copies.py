"""The demo utility, made once in a run of tests; every test gets a copy, since making one takes long."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from django.core.management import call_command
from django.db import connection
from psycopg2 import sql

from integration.demo import seeding
from integration.seam import clock

DEVICES = 1500


PATTERN = "demo_pattern"


class DemoCopies:
    """Databases with the demo utility, and the extracts they name. Use it while nothing else uses the database.

    Give all processes of a run the same folder: the first one that needs the demo makes it there, the others wait.
    """

    def __init__(self, folder: Path) -> None:
        self.made, self.lock = folder / "demo_extracts", folder / "demo_lock"
        self.copy = f"demo_copy_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

    @contextmanager
    def one(self, extracts: Path) -> Iterator[None]:
        """Let Django work on a copy, with its extracts in this folder, until the end of the block."""
        with self.lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.made.exists():
                self._make(extracts)
        shutil.copytree(self.made, extracts)
        with self._database(self.copy, PATTERN):
            call_command("seed_demo", devices=DEVICES, seed=1, verbosity=0)  # what is left: the events of today
            yield
        _execute("DROP DATABASE {} WITH (FORCE)", self.copy)

    def _make(self, extracts: Path) -> None:
        """Make all of the demo but its events of today, which begin soon. An earlier run's is dropped."""
        with self._database(PATTERN, "template1"):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            for step in seeding.steps(devices=DEVICES, seed=1, now=clock.now())[:-1]:
                for unit in step.left():
                    unit()
        shutil.move(extracts, self.made)

    @contextmanager
    def _database(self, name: str, template: str) -> Iterator[None]:
        """Create a database like another, and let Django work on it until the end of the block."""
        settings = connection.settings_dict
        usual = settings["NAME"]
        connection.close()
        _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        settings["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            settings["NAME"] = usual


def _execute(statement: str, *databases: str) -> None:
    """Execute what can't be done from inside of these databases."""
    server = connection.settings_dict
    given = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "password": server["PASSWORD"]}
    with closing(psycopg2.connect(dbname="postgres", **given)) as outside:
        outside.autocommit = True
        outside.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, databases)))
