"""What tests start ends with them, whatever happens in between."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import environment, eventually, processes_of, started

PARENT = "import subprocess, time; subprocess.Popen(['sleep', '600']); print('here', flush=True); time.sleep(600)"


class HalfWay(Exception):
    """The failure of a test."""


def fail_half_way(state: Path) -> None:
    with started([sys.executable, "-c", PARENT], env=environment(state), stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        assert eventually(lambda: len(processes_of(state)) == 2)  # a program that just starts has no environment yet
        raise HalfWay


def test_a_test_that_fails_half_way_leaves_no_process(state: Path) -> None:
    with pytest.raises(HalfWay):
        fail_half_way(state)

    assert eventually(lambda: not processes_of(state))
