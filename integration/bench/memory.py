"""Peak memory of every process that takes part: its private memory (RssAnon), without shared buffers."""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from integration.seam import sql

LOOK_EVERY_S = 0.05
RSS_ANON = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)


class Peaks:
    """Samples all processes until `stop`; `mb` then holds the highest value per kind of process."""

    def __init__(self) -> None:
        self.mb: dict[str, float] = {}
        self._postmaster = _postmaster()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> "Peaks":
        self._thread.start()
        return self

    def stop(self) -> dict[str, float]:
        self._ended.set()
        self._thread.join()
        return dict(sorted(self.mb.items()))

    def _look(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            for pid in [*_descendants("self"), *_children(str(self._postmaster))]:
                with suppress(OSError):
                    self._note(Path("/proc") / pid)

    def _note(self, process: Path) -> None:
        found = RSS_ANON.search((process / "status").read_text())
        if found:
            kind = _kind((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            self.mb[kind] = max(self.mb.get(kind, 0.0), round(int(found[1]) / 1024, 1))


def _kind(command: str) -> str:
    """The kind of a process, judged by its command line."""
    for sign, kind in (
        ("postgres: parallel worker", "parallel backend"),
        ("[local]", "backend"),
        ("postgres:", "PostgreSQL's own"),
        ("celery", "Celery"),
        ("manage.py scheduler", "scheduler"),
        ("valkey", "Valkey"),
    ):
        if sign in command:
            return kind
    return "Python"


def _postmaster() -> int:
    """The process number of the server's first process, or 0 if the server runs on another machine."""
    backend = sql.value("SELECT pg_backend_pid()")
    with suppress(OSError):
        return int((Path("/proc") / str(backend) / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _descendants(pid: str) -> Iterator[str]:
    yield pid
    for child in _children(pid):
        yield from _descendants(child)


def _children(pid: str) -> list[str]:
    found: list[str] = []
    for task in Path("/proc", pid, "task").glob("*/children"):
        with suppress(OSError):
            found += task.read_text().split()
    return found
