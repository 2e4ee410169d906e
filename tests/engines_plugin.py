"""Each test run has its own engines, so that it touches neither the demo nor another run."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TextIO

import pytest

from integration import engines
from integration.engines import postgres
from integration.engines.state import State

from .processes import kill_processes_of

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the engines before pytest-django reads the settings. For workers of pytest-xdist they are already set."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        mark = next(mark for number in count(1) if (mark := _taken(State.of_environment().root / f"test-{number}")))
        _running.enter_context(mark)
        os.environ["GRIDCALL_STATE"] = str(Path(mark.name).parent)
        postgres.SETTINGS.update(fsync="off", full_page_writes="off")  # what a run wrote may be lost with the machine
        _running.enter_context(engines.in_use())
    elif worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # Otherwise workers would receive each other's Celery tasks and look for the work in the wrong database.
        os.environ["REDIS_URL"] += f"?virtual_host={int(worker.removeprefix('gw')) + 1}"
        if root := os.environ.get("GRIDCALL_STATE"):
            own = Path(root) / worker  # with logs of its own
            own.mkdir(mode=0o700, exist_ok=True)
            os.environ["GRIDCALL_STATE"] = str(own)
    yield


def pytest_unconfigure() -> None:
    """Stop the engines, unless another run still uses them."""
    _running.close()


def _taken(folder: Path) -> TextIO | None:
    """Return an open file that reserves the folder for this run, or None if another run has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = (folder / "taken").open("a")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        mark.close()
        return None
    return mark


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder for this test; whatever a failed test left running there is ended."""
    folder = tmp_path / "state"
    yield folder
    kill_processes_of(folder)
