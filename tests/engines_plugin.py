"""The engines of one test run: its own, so that neither the demo nor a second run beside it is touched."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TextIO

import pytest

from integration import engines
from integration.engines.state import State

from .processes import kill_processes_of

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the engines before pytest-django reads the settings. A worker of pytest-xdist finds their addresses set."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        mark = next(mark for number in count(1) if (mark := _taken(State.of_environment().root / f"test-{number}")))
        _running.enter_context(mark)
        os.environ["GRIDCALL_STATE"] = str(Path(mark.name).parent)
        _running.enter_context(engines.in_use())
    elif worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # Else one worker's Celery processes take the tasks of the other's, and look for their work in another database.
        os.environ["REDIS_URL"] += f"?virtual_host={int(worker.removeprefix('gw')) + 1}"
    yield


def pytest_unconfigure() -> None:
    """End them, where this run was the last to use them."""
    _running.close()


def _taken(folder: Path) -> TextIO | None:
    """An open file that keeps the folder for this run, or None where another run has it."""
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
    """A state folder of the test's own; whatever a failed test left running there ends with it."""
    folder = tmp_path / "state"
    yield folder
    kill_processes_of(folder)
