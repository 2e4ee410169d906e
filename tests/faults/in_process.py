"""Faults that need no processes: races, orders and damage covered by tests, repeated at this suite's dose."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tests.faults.dose import DOSE
from tests.faults.row import Row
from tests.processes import environment, started

PATIENCE_S = 45 * 60  # for all of them


class Known(NamedTuple):
    """A row that a test covers: which test, and what it asserts."""

    fault: str
    test: str
    must_hold: str
    invariants: tuple[str, ...]


KNOWN = {
    "messages": Known(
        "every message three times, shuffled in a window of 50",
        "tests/faults/test_shuffled.py::test_the_end_is_the_same",
        "0 seeds that end otherwise",
        ("I1", "I2", "I4"),
    ),
    "opt-outs": Known(
        "opt-out against stage start, +-50 ms",
        "tests/removals/test_races.py::test_a_confirmed_opt_out_is_never_called",
        "0 called after the opt-out was confirmed",
        ("I2",),
    ),
    "approvals": Known(
        "approve / cancel / approve races",
        "tests/removals/test_races.py::test_cancel_against_approve",
        "0 approved twice, by their own author, or after Cancel",
        ("I5", "I6", "I10"),
    ),
    "damages": Known(
        "damaged, duplicate, hostile extract files",
        "tests/messages/test_damaged_extracts.py::test_a_damaged_extract_is_refused_and_nothing_of_it_is_applied",
        "0 accepted",
        ("I4", "I8"),
    ),
}


class InProcess:
    """Runs the tests one after the other, in parallel with the other faults, on engines of their own."""

    def __init__(self, doses: dict[str, int], folder: Path) -> None:
        self.doses, self.folder = doses, folder
        self._rows: list[Row] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def rows(self) -> list[Row]:
        """Wait for the last of them, starting them first if they have not been started."""
        if not self._thread.ident:
            self.start()
        self._thread.join()
        return self._rows

    def end(self) -> None:
        """End the test that runs, with all processes that it started."""
        self._ending.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        until = time.monotonic() + PATIENCE_S
        self.folder.mkdir(exist_ok=True)
        for name, dose in self.doses.items():
            if self._ending.is_set():
                break
            self._rows.append(self._row(KNOWN[name], dose, self.folder / f"{name}.log", until))

    def _row(self, known: Known, dose: int, log: Path, until: float) -> Row:
        command = ["nice", "-n", "5", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", known.test]
        variables = environment(self.folder, **{DOSE: str(dose)})
        left_s = max(1.0, until - time.monotonic())
        with log.open("w") as out, started(command, env=variables, stdout=out, stderr=out) as test:
            if not self._waits(test, left_s):
                return Row(known.fault, dose, known.must_hold, "the time was too short for it", False)
        last = log.read_text().rstrip().rpartition(os.linesep)[2]
        held = test.returncode == 0
        return Row(known.fault, dose, known.must_hold, f"0; {last}" if held else last, held, known.invariants)

    def _waits(self, test: "subprocess.Popen[str]", seconds: float) -> bool:
        """Wait until the test has ended; False if that takes too long, or everything ends before."""
        until = time.monotonic() + seconds
        while test.poll() is None and time.monotonic() < until:
            if self._ending.wait(0.2):
                break
        return test.poll() is not None
