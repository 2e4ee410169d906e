"""Processes that a test starts in its own state folder, and checks that none is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from integration.engines.state import PROJECT

GIVEN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "GRIDCALL_HTTPS", "GRIDCALL_STATE", "PYTHONUNBUFFERED")


def environment(state: Path, **more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in GIVEN} | {
        "GRIDCALL_STATE": str(state),
        **more,
    }


def manage(state: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment(state, **more), capture_output=True, text=True)


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a process for the length of the block; whatever happens in it, the process and its group end with it."""
    with subprocess.Popen(command, cwd=PROJECT, text=True, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def processes_of(state: Path) -> set[int]:
    """Live processes that have the folder in their arguments, environment or working directory."""
    return {int(process.name) for process in Path("/proc").glob("[0-9]*") if belongs_to(process, os.fsencode(state))}


def belongs_to(process: Path, state: bytes) -> bool:
    with suppress(OSError):
        if b"State:\tZ" in (process / "status").read_bytes():
            return False
        return state in (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + os.fsencode(
            os.readlink(process / "cwd")
        )
    return False


def kill_processes_of(state: Path) -> None:
    for process in processes_of(state):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def eventually(holds: Callable[[], object], seconds: float = 15) -> bool:
    """Whether it holds before so many seconds have passed; it is asked until then, and never again."""
    end = time.monotonic() + seconds
    while not (found := bool(holds())) and time.monotonic() < end:
        time.sleep(0.05)
    return found
