"""The whole fault suite at its small dose."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.commands.verify import INVARIANTS
from integration.engines.state import PROJECT
from tests.processes import environment


@pytest.mark.full
def test_every_fault_is_survived(state: Path) -> None:
    command = [sys.executable, "-m", "tests.faults", "--dose", "small", "--json"]

    done = subprocess.run(command, cwd=PROJECT, env=environment(state), capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout.rstrip().rpartition(os.linesep)[2])
    assert [row["fault"] for row in result["rows"] if not row["ok"]] == []
    assert result["invariants"] == dict.fromkeys(INVARIANTS, 0)
