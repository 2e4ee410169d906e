"""`manage.py journey` as a person runs it: a process of its own, real workers, a database of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from integration.engines.state import PROJECT
from tests.processes import started


def journey(environment: dict[str, str], *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "journey", "--json", *arguments]
    return started(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result_of(process: subprocess.Popen[str], *, seconds: float) -> dict[str, Any]:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, out + err
    result: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return result


def worker_processes(environment: dict[str, str], queue: str) -> Iterator[int]:
    """Processes of this environment's worker on a queue, without those of others."""
    mark = f"GRIDCALL_STATE={environment['GRIDCALL_STATE']}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            if b"celery" in arguments and queue.encode() in arguments and mark in (folder / "environ").read_bytes():
                yield int(folder.name)
        except OSError:
            continue


def verify_finds_nothing(environment: dict[str, str]) -> None:
    verify = [sys.executable, str(PROJECT / "manage.py"), "verify"]
    found = subprocess.run(verify, cwd=PROJECT, env=environment, text=True, capture_output=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_device_of_every_stage_is_closed_with_an_outcome(fresh_start: dict[str, str]) -> None:
    with journey(fresh_start, "--devices", "300", "--stages", "2", "--stage-seconds", "5") as process:
        result = result_of(process, seconds=150)
    assert result["reserved"] == result["participations"] == result["called"] == result["closed"] == 600
    assert sum(result["outcomes"].values()) == 600
    assert (result["messages_dead"], result["alerts"]) == (0, 0)
    assert not list(worker_processes(fresh_start, "bulk")), "the journey left a worker behind"
    verify_finds_nothing(fresh_start)


@pytest.mark.full
def test_a_hundred_thousand_devices_are_closed_within_the_patience_of_the_journey(fresh_start: dict[str, str]) -> None:
    with journey(fresh_start, "--devices", "100000", "--stage-seconds", "5") as process:
        result = result_of(process, seconds=600)
    assert result["reserved"] == result["participations"] == result["called"] == result["closed"] == 100_000
    assert (result["messages_dead"], result["alerts"]) == (0, 0)
    verify_finds_nothing(fresh_start)


@pytest.mark.full
def test_workers_killed_again_and_again_lose_nothing(fresh_start: dict[str, str]) -> None:
    killed = 0
    with journey(fresh_start, "--devices", "20000", "--stage-seconds", "60") as process:
        for queue in ("bulk", "small") * 5:
            time.sleep(10)
            for pid in worker_processes(fresh_start, queue):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        result = result_of(process, seconds=300)
    assert killed > 5
    assert result["reserved"] == result["participations"] == result["called"] == result["closed"] == 20_000
    assert (result["messages_dead"], result["alerts"]) == (0, 0)
