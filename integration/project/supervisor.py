"""Keeps Gridcall's processes running on one machine: restarts those that end, and leaves none behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NamedTuple

from integration.engines.state import PROJECT, State
from integration.seam import sql
from integration.seam.scheduler import RUNNING_KEY

GRACE_SECONDS = 25  # longer than a worker's soft shutdown of 20
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
STEADY_SECONDS = 30
ALONE = ("--without-gossip", "--without-mingle")  # work is claimed in the database; workers need not talk to each other

NICE = {"small": [], "bulk": ["nice", "-n", "10"]}  # on few cores, an opt-out takes priority over a load


class Child(NamedTuple):
    """A process to keep running. The name also names its log; the kind is its GRIDCALL_PROCESS."""

    name: str
    kind: str
    command: list[str]


def web_child(port: int) -> Child:
    arguments = (
        "uvicorn integration.project.asgi:application --http integration.project.heads:TimedHeads --host 127.0.0.1"
        " --lifespan off --timeout-graceful-shutdown 3 --no-access-log --no-proxy-headers"
    )
    command = [sys.executable, "-m", *arguments.split(), "--port", str(port)]
    return Child("web", "web", command)


def background_children() -> list[Child]:
    """A scheduler and two kinds of workers, so that bulk loads never hold up small messages."""
    scheduler = [sys.executable, str(PROJECT / "manage.py"), "scheduler"]
    return [_worker("small", 1), _worker("bulk", 2), Child("scheduler", "scheduler", scheduler)]


def _worker(queue: str, processes: int) -> Child:
    arguments = f"celery -A integration.project.celery worker -Q {queue} -n {queue}@%h -P prefork -c {processes}"
    return Child(f"worker {queue}", "worker", [*NICE[queue], sys.executable, "-m", *arguments.split(), *ALONE])


def scheduler_is_running() -> bool:
    """Whether a scheduler runs on this database, on any machine."""
    return bool(
        sql.value(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [RUNNING_KEY],
        )
    )


class Supervisor:
    """Runs its children until `stop`; each leads its own process group and writes to its own log."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], object] = print) -> None:
        self._say = say
        self._ending = Event()
        self._lock = Lock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._threads = [Thread(target=self._keep, args=[child], daemon=True) for child in children]
        self._logs = {child.name: State.of_environment().new_log(child.name.replace(" ", "-")) for child in children}

    def start(self) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "integration.project.guard"],
            cwd=PROJECT, stdin=subprocess.PIPE, start_new_session=True, text=True, bufsize=1,
        )  # fmt: skip
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask every child to end; after GRACE_SECONDS kill it with all processes that it started."""
        with self._lock:
            self._ending.set()
            for process in self._processes.values():
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        for process in list(self._processes.values()):
            _kill_group(process.pid)
        for thread in self._threads:
            thread.join()
        self._guard.communicate()

    def log_of(self, name: str) -> Path:
        return self._logs[name]

    def _keep(self, child: Child) -> None:
        pause = FIRST_PAUSE
        while process := self._spawn(child):
            started = time.monotonic()
            code = process.wait()
            self._bury(child, process.pid)
            if time.monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            if not self._ending.wait(pause):
                self._say(f"{child.name} ended with code {code} and is started again")
            pause = min(2 * pause, LONGEST_PAUSE)

    def _spawn(self, child: Child) -> subprocess.Popen[bytes] | None:
        """Start the child and add it to the guard's list; None once the supervisor is stopping."""
        variables = {**os.environ, "GRIDCALL_PROCESS": child.kind, "PYTHONUNBUFFERED": "1"}
        with self._lock, self._logs[child.name].open("ab") as log:
            if self._ending.is_set():
                return None
            process = subprocess.Popen(
                child.command, cwd=PROJECT, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            self._processes[child.name] = process
            self._tell_guard(process.pid)
        return process

    def _bury(self, child: Child, leader: int) -> None:
        """Kill whatever the ended process had started, and take it off the guard's list."""
        _kill_group(leader)
        with self._lock:
            del self._processes[child.name]
            self._tell_guard(-leader)

    def _tell_guard(self, number: int) -> None:
        with suppress(BrokenPipeError):  # a dead guard only matters if this process is killed too
            print(number, file=self._guard.stdin)


@contextmanager
def supervised(children: Sequence[Child], say: Callable[[str], object] = print) -> Iterator[Supervisor]:
    """Run children for the length of the block; whatever happens in it, none is left behind."""
    supervisor = Supervisor(children, say=say)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


@contextmanager
def working(say: Callable[[str], object]) -> Iterator[None]:
    """Run workers and a scheduler for the caller, unless some run already."""
    if scheduler_is_running():
        yield
        return
    with supervised(background_children(), say=say):
        yield


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
