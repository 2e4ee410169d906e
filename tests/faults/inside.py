"""Run as a program: one of Gridcall's own programs, in a process whose clock and disk the suite controls.

    python -m tests.faults.inside MODULE ARGUMENTS...  does what `python -m MODULE ARGUMENTS...` does
    python -m tests.faults.inside forking_web PORT     a web process that is back at once after it was killed

The clock: FAULTS_CLOCK names a file with the seconds by which every time that the process gets from the host is
wrong. The disk: while the file FAULTS_DISK_FULL names exists, the kernel reports “no space left” to any process that
writes an extract.
"""

import ctypes
import datetime
import gc
import mmap
import os
import runpy
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def shift_clock(path: str) -> None:
    """Shift every time that Python gets from the host by the seconds in the file."""
    with open(path, "r+b") as file:
        page = mmap.mmap(file.fileno(), 8)
    real_time, real_now = time.time, datetime.datetime.now

    def off() -> float:
        return float(struct.unpack("d", page[:8])[0])

    def now(cls: type, tz: Any = None) -> datetime.datetime:
        return real_now(tz) + datetime.timedelta(seconds=off())

    def utcnow(cls: type) -> datetime.datetime:
        return now(cls, datetime.UTC).replace(tzinfo=None)

    time.time = lambda: real_time() + off()
    time.time_ns = lambda: int(time.time() * 1e9)
    names = gc.get_referents(datetime.datetime.__dict__)[0]  # the type can't be changed in any other way
    names["now"], names["utcnow"] = classmethod(now), classmethod(utcnow)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


def write_clock(path: Path, seconds: float) -> None:
    """Set the error of the clocks of all processes that were started with this file."""
    with open(path, "r+b" if path.exists() else "w+b") as file:
        file.write(struct.pack("d", seconds))


def fill_disk(mark: Path) -> None:
    """While the mark exists, writing an extract fails as on a full disk; each failure is counted."""
    make: Callable[..., Any] = tempfile.NamedTemporaryFile
    refused = mark.with_name("refused-writes")

    def made(*args: Any, **options: Any) -> Any:
        file = make(*args, **options)
        if mark.exists() and options.get("prefix") == ".writing-":
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, file.fileno())
            os.close(full)
            with refused.open("a") as count:
                count.write(".")
        return file

    tempfile.NamedTemporaryFile = made


def take_poison() -> None:
    """Send two kinds of messages to receivers that recognize poison."""
    from integration.seam.routes import ROUTES

    for kind in ("program_rule_sync", "enrollment_load"):
        ROUTES[kind] = tuple(route._replace(handler=f"tests.faults.poison.{kind}") for route in ROUTES[kind])


def serve_forking(port: int) -> None:
    """Load everything once; a killed child is replaced within milliseconds."""
    import uvicorn

    from integration.project.asgi import application
    from integration.project.heads import TimedHeads

    while True:
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            uvicorn.run(application, http=TimedHeads, host="127.0.0.1", port=port, lifespan="off", access_log=False)
            os._exit(0)


def main() -> None:
    if clock := os.environ.get("FAULTS_CLOCK"):
        shift_clock(clock)
    if mark := os.environ.get("FAULTS_DISK_FULL"):
        fill_disk(Path(mark))
    take_poison()
    if sys.argv[1] == "forking_web":
        serve_forking(int(sys.argv[2]))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
