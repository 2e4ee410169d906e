"""Databases that a run of tests makes once and then copies, since migrating one and making the demo take long."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg2
from django.conf import settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from psycopg2 import sql

from integration.demo import seeding
from integration.seam import clock
from integration.seam import sql as statements

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")

KEEP_MIGRATED = """
CREATE SCHEMA migrated;
DO $$ DECLARE name text; is_filled boolean; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                   AND relname NOT IN ('django_migrations', 'django_cache') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO is_filled;
        IF is_filled THEN EXECUTE format('CREATE TABLE migrated.%I AS TABLE public.%I', name, name); END IF;
    END LOOP;
END $$
"""


class Pattern(NamedTuple):
    """A database to copy: its name, the one that it begins as, and what fills it."""

    name: str
    begins_as: str
    fill: Callable[[], None]


def _migrate() -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    statements.execute(KEEP_MIGRATED)


def _make_past(devices: int) -> None:
    """Make all of the demo but its events of today, which begin soon."""
    for step in seeding.steps(devices=devices, seed=1, now=clock.now())[:-1]:
        for unit in step.left():
            unit()


MIGRATED = Pattern("pattern_migrated", "template1", _migrate)


class Databases:
    """The databases of a run. Use it while nothing else uses the connection.

    Give all processes of a run the same folder: the first one that needs a pattern makes it, the others wait.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def copy(self, pattern: Pattern, name: str, extracts: Path) -> Iterator[None]:
        """Let Django work on a copy, with the pattern's extracts in this folder, until the end of the block."""
        made = self.folder / pattern.name
        with (self.folder / f"{pattern.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                with working_on(pattern.name, pattern.begins_as):
                    pattern.fill()
                extracts.mkdir(parents=True, exist_ok=True)
                shutil.move(extracts, made)
        shutil.copytree(made, extracts)
        own = f"{name}_{WORKER}"
        with working_on(own, pattern.name):
            yield
        _execute("DROP DATABASE {} WITH (FORCE)", own)

    @contextmanager
    def demo(self, devices: int, extracts: Path) -> Iterator[None]:
        """Let Django work on a copy of the demo utility with this many devices, until the end of the block."""
        pattern = Pattern(f"pattern_demo_{devices}", MIGRATED.name, partial(_make_past, devices))
        with self.copy(pattern, "demo", extracts):
            call_command("seed_demo", devices=devices, seed=1, verbosity=0)  # what is left: the events of today
            yield


@contextmanager
def extracts_in(folder: Path) -> Iterator[None]:
    """Let extracts be written into a folder until the end of the block."""
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
    with override_settings(EXTRACT_ROOT=folder, STORAGES={**settings.STORAGES, "extracts": backend}):
        storages.__dict__.pop("backends", None)
        yield


@contextmanager
def working_on(name: str, template: str) -> Iterator[None]:
    """Create a database like another, and let Django work on it until the end of the block."""
    kept = connection.settings_dict
    usual = kept["NAME"]
    connection.close()
    _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _execute("CREATE DATABASE {} TEMPLATE {}", name, template)
    kept["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        kept["NAME"] = usual


def _execute(statement: str, *databases: str) -> None:
    """Execute what can't be done from inside of these databases."""
    server = connection.settings_dict
    given = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "password": server["PASSWORD"]}
    with closing(psycopg2.connect(dbname="postgres", **given)) as outside:
        outside.autocommit = True
        outside.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, databases)))
