"""Faults of a host: a full disk, and a wrong clock."""

import csv
import hashlib
import json
import threading
import time
from pathlib import Path

from tests.faults import figures
from tests.faults.driver import Driver
from tests.faults.inside import write_clock
from tests.faults.row import Row
from tests.faults.system import System

FULL_S, WRONG_S = 5, 6
HOUR = 3600


class Reader:
    """Keeps reading the extracts as a receiver would, and records any that are not whole."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.partial, self.whole = folder, set(), set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.wait(0.02):
            for manifest in self.folder.glob("*/manifest.json"):
                if manifest not in self.whole:
                    (self.whole if is_whole(manifest) else self.partial).add(manifest)


def is_whole(manifest: Path) -> bool:
    """Whether each part exists with the bytes and rows that the manifest states."""
    try:
        parts = json.loads(manifest.read_bytes())["parts"]
        return all(_is_as_described(manifest.parent / part["file"], part) for part in parts)
    except (OSError, ValueError, KeyError):
        return False


def _is_as_described(file: Path, part: dict[str, object]) -> bool:
    body = file.read_bytes()
    rows = len(list(csv.reader(body.decode().splitlines()))) - 1
    return (hashlib.sha256(body).hexdigest(), len(body), rows) == (part["sha256"], part["bytes"], part["rows"])


def fill_disk(system: System, driver: Driver, dose: int) -> Row:
    refused = system.disk_full.with_name("refused-writes")
    refused.unlink(missing_ok=True)
    since, reader = figures.now(), Reader(system.extracts)
    for _ in range(dose):
        before = _size(refused)
        system.disk_full.touch()
        figures.seconds_until(lambda before=before: _size(refused) > before, most=30)
        time.sleep(FULL_S)
        system.disk_full.unlink()
        time.sleep(2)
    until = figures.now()
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=30)
    reader.end()
    return Row(
        "extract folder full",
        dose,
        "0 partial files seen by a reader",
        f"{len(reader.partial)} partial of {len(reader.whole)} seen, {_size(refused)} files refused by the disk",
        not reader.partial and _size(refused) >= dose,
        ("I8",),
    )


def move_clock(system: System, driver: Driver, dose: int) -> Row:
    """The clock of the small worker's and the second scheduler's host is an hour ahead, then an hour behind."""
    since = figures.now()
    for n in range(dose):
        write_clock(system.clocks["wrong"], -HOUR if n % 2 else HOUR)
        time.sleep(WRONG_S)
    # On a slow machine none may have come yet.
    figures.seconds_until(lambda: figures.lateness(since).starts > 0, most=60)
    write_clock(system.clocks["wrong"], 0)
    late = figures.lateness(since)
    return Row(
        "clock +-1 h on an app host",
        dose,
        "0 early",
        f"{late.early} early of {late.starts} starts, latest {late.latest:.1f} s",
        late.early == 0 and late.starts > 0,
        ("I7",),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
