"""The demo utility, made once in each process of a run; every test gets a copy, since making one takes long."""

import secrets
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


class DemoCopies:
    """Databases with the demo utility, and the extracts they name. Use it while nothing else uses the database."""

    def __init__(self, folder: Path) -> None:
        self.pattern, self.folder = f"demo_{secrets.token_hex(4)}", folder
        self.is_made = False

    @contextmanager
    def one(self, extracts: Path) -> Iterator[None]:
        """Let Django work on a copy, with its extracts in this folder, until the end of the block."""
        if not self.is_made:
            self._make(extracts)
        shutil.copytree(self.folder / "made", extracts)
        with self._database(f"{self.pattern}_copy", self.pattern):
            call_command("seed_demo", devices=DEVICES, seed=1, verbosity=0)  # what is left: the events of today
            yield
        _execute("DROP DATABASE {} WITH (FORCE)", f"{self.pattern}_copy")

    def drop(self) -> None:
        """Drop what the copies are made of."""
        if self.is_made:
            _execute("DROP DATABASE {} WITH (FORCE)", self.pattern)

    def _make(self, extracts: Path) -> None:
        """Make all of the demo but its events of today, which begin soon."""
        with self._database(self.pattern, "template1"):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            for step in seeding.steps(devices=DEVICES, seed=1, now=clock.now())[:-1]:
                for unit in step.left():
                    unit()
        shutil.move(extracts, self.folder / "made")
        self.is_made = True

    @contextmanager
    def _database(self, name: str, template: str) -> Iterator[None]:
        """Create a database like another, and let Django work on it until the end of the block."""
        settings = connection.settings_dict
        usual = settings["NAME"]
        connection.close()
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
