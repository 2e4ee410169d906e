"""The set-up: processes that are kept running, and clear texts for what goes wrong."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg2
import pytest
import redis
from django.core.management import CommandError
from django.db import connection

from integration.commands.management.commands import up
from integration.console.models import User
from integration.demo.demo_passwords import report_demo_passwords
from integration.demo.sign_ins import PASSWORD, PEOPLE
from integration.engines.state import PROJECT, State
from integration.project import supervisor
from integration.project.supervisor import Child, scheduler_is_running, supervised
from integration.seam import clock
from integration.seam.models import Alert
from integration.seam.scheduler import RUNNING_KEY
from tests.processes import environment, eventually, manage, processes_of, started

# --- Processes kept running ---------------------------------------------------------------------------------------

PARENT = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def child(name: str, program: str) -> Child:
    return Child(name, "worker", [sys.executable, "-c", program])


@pytest.fixture
def said(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("GRIDCALL_STATE", str(state))
    return []


def test_a_killed_child_is_started_again_and_what_it_started_ends(state: Path, said: list[str]) -> None:
    with supervised([child("worker bulk", PARENT)], say=said.append) as kept:
        assert eventually(lambda: len(processes_of(state)) == 3), "guard, child and grandchild"
        before = processes_of(state)
        os.kill(kept._processes["worker bulk"].pid, signal.SIGKILL)
        assert eventually(lambda: said == ["worker bulk ended with code -9 and is started again"])
        assert eventually(lambda: len(processes_of(state)) == 3)
        assert len(processes_of(state) & before) == 1, "the guard alone is the same"
    assert eventually(lambda: not processes_of(state))


def test_stop_kills_what_does_not_listen(state: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.5)
    with supervised([child("deaf", DEAF), child("parent", PARENT)], say=said.append):
        assert eventually(lambda: len(processes_of(state)) == 4)
    assert eventually(lambda: not processes_of(state))
    assert said == []


def test_a_child_that_always_fails_is_given_longer_and_longer_rests(
    state: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.1)
    moments: list[float] = []
    broken = child("broken", "print('why it ended'); raise SystemExit(3)")
    with supervised([broken], say=lambda text: (said.append(text), moments.append(time.monotonic()))) as kept:
        assert eventually(lambda: len(moments) >= 3)
    assert set(said) == {"broken ended with code 3 and is started again"}
    assert moments[1] - moments[0] >= 0.2
    assert moments[2] - moments[1] >= 0.4
    assert "why it ended" in kept.log_of("broken").read_text()


def test_nothing_outlives_a_killed_supervisor(state: Path) -> None:
    program = f"""
import django; django.setup()
from integration.console.models import User
from integration.project.supervisor import Child, Supervisor
import sys, time
Supervisor([Child("parent", "worker", [sys.executable, "-c", {PARENT!r}])]).start()
time.sleep(600)
"""
    names = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")} | {"SECRET_KEY": "unused" * 6}
    with started([sys.executable, "-c", program], env=environment(state, **names)) as owner:
        assert eventually(lambda: len(processes_of(state)) == 4)
        owner.kill()
        owner.wait()
    assert eventually(lambda: not processes_of(state))


@pytest.mark.django_db
def test_a_running_scheduler_is_seen_from_any_connection() -> None:
    assert not scheduler_is_running()
    with closing(psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})) as other:
        other.cursor().execute("SELECT pg_advisory_lock_shared(%s)", [RUNNING_KEY])
        assert scheduler_is_running()
    assert eventually(lambda: not scheduler_is_running())


# --- manage.py up -------------------------------------------------------------------------------------------------


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def own_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_taken_port_is_named_with_the_way_out(taken_port: int, state: Path) -> None:
    answer = manage(state, "up", PORT=str(taken_port))
    assert answer.returncode == 1
    assert f"Port {taken_port} is taken. Choose another: PORT=" in answer.stderr
    assert "Preparing" not in answer.stdout
    assert eventually(lambda: not processes_of(state))


@pytest.mark.parametrize("name", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", name)
    with pytest.raises(CommandError, match=f"PORT={name} is not a port"):
        up.free_port()


@pytest.mark.django_db
def test_the_demo_is_made_only_where_nobody_else_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCALL_EMBEDDED", "1")
    assert up.needs_seeding()
    User.objects.create_user("journey.operator")
    assert up.needs_seeding(), "who has no password can't sign in"
    User.objects.create_user(PEOPLE[0].username, password=PASSWORD)
    assert up.needs_seeding(), "an interrupted start goes on"
    User.objects.create_user("somebody", password=PASSWORD)
    assert not up.needs_seeding()


@pytest.mark.django_db
def test_a_database_of_ones_own_gets_public_passwords_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.delenv("GRIDCALL_EMBEDDED", raising=False)
    settings.DEMO = False
    assert not up.needs_seeding()
    settings.DEMO = True
    assert up.needs_seeding()


@pytest.mark.django_db
def test_a_demo_password_outside_a_demo_is_an_alert_until_it_is_gone(settings: Any) -> None:
    settings.DEMO = False
    person = User.objects.create_user(PEOPLE[0].username, password=PASSWORD)
    report_demo_passwords(now=clock.now())
    assert f"Anybody can sign in as {person.username}" in Alert.objects.get(closed_at=None).text
    person.set_password("something of their own")
    person.save()
    report_demo_passwords(now=clock.now())
    assert not Alert.objects.filter(closed_at=None).exists()


@pytest.mark.full
def test_the_first_start_makes_the_demo_and_the_second_finds_it(state: Path, own_port: int) -> None:
    first, second = start_and_interrupt(state, own_port), start_and_interrupt(state, own_port)
    assert "Making the demo utility" in first
    assert "Making the demo utility" not in second
    for person in PEOPLE:
        assert person.username in first
        assert person.username in second
    assert PASSWORD in first


@pytest.mark.django_db
def test_an_empty_start_refuses_the_demos_database(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user(PEOPLE[0].username, password=PASSWORD)
    with pytest.raises(CommandError, match=r"holds the demo utility\. Start an empty one"):
        up.Command().prepare(is_empty=True)


def start_and_interrupt(state: Path, port: int, *options: str) -> str:
    """The output of `up` from its start to its end, with a visit to the sign-in page in between."""
    with running_up(state, port, *options) as (running, shown):
        assert up.sign_in_page_status(port) == 200
        running.send_signal(signal.SIGINT)
        shown += running.communicate()[0]
    assert "Everything has stopped." in shown
    assert running.returncode == 0
    return shown


@contextmanager
def running_up(state: Path, port: int, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`up` once its pages answer, and what it has shown until then."""
    command, pipes = (
        [sys.executable, "manage.py", "up", *options],
        {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
    )
    with started(command, env=environment(state, PORT=str(port)), **pipes) as running:
        shown = ""
        while not shown.endswith("Ctrl-C ends it.\n") and (line := running.stdout.readline()):  # type: ignore[union-attr]
            shown += line
        assert shown.endswith("Ctrl-C ends it.\n"), shown
        yield running, shown


def is_ready(port: int) -> bool:
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def workers_that_fetch(state: State) -> int:
    """How many workers ask the broker for work; 0 while it does not answer."""
    with suppress(redis.RedisError), redis.Redis(unix_socket_path=str(state.sockets / "valkey.sock")) as broker:
        return sum(client["cmd"] == "brpop" for client in broker.client_list())
    return 0


def test_an_empty_start_outlives_its_engines_and_the_next_start_serves_what_is_there(
    state: Path, own_port: int
) -> None:
    """One after the other on the same engines, since a first start takes long."""
    first = _an_empty_start_whose_engines_are_killed(state, own_port)
    assert f"http://127.0.0.1:{own_port}/first-administrator/" in first
    assert re.search(r"Code: \w{4}-\w{4}-\w{4}-\w{4}\n", first)
    assert "PostgreSQL has ended and is started again" in first
    assert "Valkey has ended and is started again" in first
    assert eventually(lambda: not processes_of(state))

    person = "from integration.console.models import User; User.objects.create_user('somebody', password='there')"
    assert manage(state, "shell", "-v", "0", "-c", person).returncode == 0
    second = start_and_interrupt(state, own_port)
    assert f"http://127.0.0.1:{own_port}/" in second
    assert eventually(lambda: not processes_of(state))
    for shown in (first, second):
        assert "Making the demo utility" not in shown
        assert PASSWORD not in shown


def _an_empty_start_whose_engines_are_killed(state: Path, port: int) -> str:
    """What `up` has shown when it ended."""
    own = State(state)
    with running_up(state, port, "--empty") as (running, shown):
        assert up.sign_in_page_status(port) == 200
        assert eventually(lambda: workers_that_fetch(own) == 2, 60)
        with redis.Redis(unix_socket_path=str(own.sockets / "valkey.sock")) as broker:
            os.kill(int(broker.info("server")["process_id"]), signal.SIGKILL)
        os.kill(int((state / "postgres" / "18" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert eventually(lambda: not is_ready(port), 30)
        assert eventually(lambda: is_ready(port) and workers_that_fetch(own) == 2, 120)
        running.send_signal(signal.SIGINT)
        shown += running.communicate()[0]
    assert "Everything has stopped." in shown
    assert running.returncode == 0
    return shown


# --- Files of the set-up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_name_no_host(name: str) -> None:
    text = (PROJECT / name).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_make_says_which_python_it_wants(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    command = ["/usr/bin/env", "make", "run", "PYTHON=/bin/false"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "Gridcall needs Python 3.11, 3.12 or 3.13 (looked for: /bin/false)" in answer.stderr
