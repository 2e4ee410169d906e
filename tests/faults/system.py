"""A whole Gridcall as processes of its own, in a state folder of its own, and the means to hurt it."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

from integration.commands.management.commands.up import answers_within
from integration.engines import postgres, valkey, watch
from integration.engines.state import State
from integration.project import supervisor as supervising
from integration.project.supervisor import ALONE, Child, Supervisor, web_child
from integration.seam.scheduler import RUNNING_KEY
from tests.doors.receivers import Authority
from tests.faults.inside import write_clock
from tests.faults.logs import KeptLogs
from tests.faults.mail_server import MailServer
from tests.faults.proxy import Wire, free_port
from tests.openadr.brokers import Mosquitto
from tests.processes import eventually

INSIDE = [sys.executable, "-m", "tests.faults.inside"]
HOSTS = ("right", "wrong")  # clocks: the second scheduler and the small worker run on a host whose clock is moved
WORKERS = {"small": 1, "bulk": 2}
SCHEDULERS = ("scheduler 1", "scheduler 2")
READY_S = 120
FETCH = b"BRPOP"  # the command a healthy worker sends to the broker again and again


class System:
    """The engines are running already; start() adds the processes."""

    def __init__(self) -> None:
        self.state = State.of_environment()
        self.clocks = {host: self.state.root / f"clock-{host}" for host in HOSTS}
        self.disk_full = self.state.root / "disk-full"
        self.extracts = self.state.root / "extracts"
        sockets = self.state.sockets
        self.to_broker = {name: Wire(str(sockets / "valkey.sock")) for name in WORKERS}
        self.to_database = {name: Wire(str(sockets / ".s.PGSQL.5432")) for name in WORKERS}
        self.web, self.doomed_web = free_port(), free_port()
        self.mail = MailServer(settings.EMAIL_PORT)
        authority = Authority(self.state.root)
        self.receiver_context = authority.context_for("localhost")
        self.mqtt = _broker(self.state.root / "mqtt", authority)
        self.logs = KeptLogs(self.state.root)
        for path in self.clocks.values():
            write_clock(path, 0)
        for wire in self.to_broker.values():
            wire.watch(FETCH)
        # One fault per second is not a crash loop: what is killed here may restart at once each time.
        supervising.LONGEST_PAUSE = supervising.FIRST_PAUSE
        watch.LONGEST_PAUSE = watch.FIRST_PAUSE
        children = self._children()
        self._names = {child.name for child in children}
        self.supervisor = Supervisor(children, say=lambda _: None)

    def start(self) -> None:
        """Start every process and wait until each one works."""
        self.disk_full.unlink(missing_ok=True)
        self.mail.start()
        if self.mqtt:
            self.mqtt.start()
        self.supervisor.start()
        ready = all(answers_within(READY_S, port) for port in (self.web, self.doomed_web))
        if not (ready and eventually(self.all_work, READY_S)):
            raise SystemExit(f"Not every process came up within {READY_S} s; their logs: {self.state.root / 'log'}")

    def stop(self) -> None:
        self.supervisor.stop()
        self.mail.leave()
        if self.mqtt:
            self.mqtt.kill()

    def all_work(self, *, since: float = 0.0) -> bool:
        """Whether both schedulers run, and both workers have asked for work since a moment."""
        fetching = all(self.fetches(name, since=since) for name in WORKERS)
        return fetching and self.schedulers_running() == len(SCHEDULERS)

    # --- Observing ---

    def leader(self, name: str) -> int | None:
        """The process that the supervisor started under a name, or None if it isn't running."""
        if name not in self._names:
            raise ValueError(f"There is no process “{name}”.")
        process = self.supervisor._processes.get(name)
        return process.pid if process else None

    def fetches(self, worker: str, *, since: float = 0.0) -> bool:
        """Whether a worker has asked the broker for work within the last 3 s and since a moment."""
        return self.to_broker[worker].asked_at[FETCH] > max(since, time.monotonic() - 3)

    def schedulers_running(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted", [RUNNING_KEY]
            )
            return int(cursor.fetchone()[0])

    # --- Hurting ---

    def kill(self, name: str) -> None:
        """Kill the process itself."""
        if pid := self.leader(name):
            _kill(pid)

    def kill_some_process(self, worker: str) -> None:
        """Kill the worker's process itself or, twice as often, one of the children that do its work."""
        if pid := self.leader(f"worker {worker}"):
            _kill(random.choice([pid, *children_of(pid) * 2]))  # noqa: S311  (a victim, no secret)

    def kill_children(self, worker: str) -> None:
        """Kill the processes that do a worker's work; it starts others."""
        for pid in children_of(self.leader(f"worker {worker}") or 0):
            _kill(pid)

    def kill_serving_child(self) -> None:
        """Kill the doomed web process; another follows within milliseconds."""
        for pid in children_of(self.leader("web doomed") or 0):
            _kill(pid)

    def broker(self) -> "redis.Redis[bytes]":
        return redis.Redis(unix_socket_path=str(self.state.sockets / "valkey.sock"), socket_timeout=5)

    def kill_broker(self) -> None:
        self.logs.keep()
        with self.broker() as broker:
            _kill(int(broker.info("server")["process_id"]))

    def kill_database(self) -> None:
        """Kill the server's first process; its sessions end when they notice."""
        self.logs.keep()
        _kill(self._database_pid())

    def broker_ends(self) -> None:
        eventually(lambda: valkey._ask(self.state, "PING") is None)

    def start_broker(self) -> None:
        with self.state.locked():
            valkey.start(self.state)

    def restart_database(self) -> None:
        """Do what `pg_ctl -m immediate` does: sessions end without notice, and the start replays the log."""
        self.logs.keep()
        os.kill(self._database_pid(), signal.SIGQUIT)
        data = postgres._data(self.state)
        eventually(lambda: not any(postgres._processes_in(data)))  # a zombie no longer serves anybody
        with self.state.locked():
            postgres.start(self.state)
        connection.close()

    def _database_pid(self) -> int:
        return int((postgres._data(self.state) / "postmaster.pid").read_text().split()[0])

    # --- The processes ---

    def _children(self) -> list[Child]:
        doomed = Child("web doomed", "web", [*INSIDE, "forking_web", str(self.doomed_web)])
        workers = [self._worker(name, processes) for name, processes in WORKERS.items()]
        schedulers = [self._scheduler(name, host) for name, host in zip(SCHEDULERS, HOSTS, strict=True)]
        return [web_child(self.web), doomed, *workers, *schedulers]

    def _worker(self, name: str, processes: int) -> Child:
        words = f"celery -A integration.project.celery worker -Q {name} -n {name}@%h -P prefork -c {processes}".split()
        database = f"postgresql://postgres@127.0.0.1:{self.to_database[name].port}/{postgres.DATABASE}"
        own = {"DATABASE_URL": database, "REDIS_URL": f"redis://127.0.0.1:{self.to_broker[name].port}/0"}
        host = HOSTS[1] if name == "small" else HOSTS[0]
        return Child(f"worker {name}", "worker", [*self._on(host, **own), *INSIDE, *words, *ALONE])

    def _scheduler(self, name: str, host: str) -> Child:
        return Child(name, "scheduler", [*self._on(host), *INSIDE, "django", "scheduler"])

    def _on(self, host: str, **own: str) -> list[str]:
        variables = {
            **own,
            "FAULTS_CLOCK": str(self.clocks[host]),
            "FAULTS_DISK_FULL": str(self.disk_full),
            "DJANGO_SETTINGS_MODULE": "integration.project.settings",
        }
        return ["env", *(f"{name}={value}" for name, value in variables.items())]


def _broker(folder: Path, authority: Authority) -> Mosquitto | None:
    """The broker that the settings name; None if mosquitto is not installed."""
    if not settings.MQTT_URL:
        return None
    folder.mkdir(exist_ok=True)
    return Mosquitto(folder, authority, port=urlsplit(settings.MQTT_URL).port or 0)


def patiently(look: Callable[[], object], *, seconds: float = 60) -> object:
    """Retry a query while the database is away."""
    until = time.monotonic() + seconds
    while True:
        try:
            return look()
        except Exception:
            connection.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
