"""The example takes part: over HTTP it reads its stage, learns who left, and so confirms the opt-out."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from integration.console.models import User
from integration.engines.state import PROJECT
from integration.seam.messages import DeviceRemoval
from integration.seam.models import Message
from lec_sim.models import Announcement, HeadEndProfile
from lec_sim.operations import remove_device

from .conftest import SCOPES, published


@pytest.mark.django_db(transaction=True)
def test_the_example_reads_its_stage_and_confirms_an_opt_out(
    account_of: Callable[..., Any], operator: User, live_server: Any, now: datetime
) -> None:
    account, secret = account_of(operator, "Example", scopes=SCOPES)
    HeadEndProfile.objects.create(head_end="HE1", driver="openadr", client=account.client_id)
    stage = published(now, devices=60)

    def poll() -> str:
        command = [sys.executable, "examples/ven.py", live_server.url, account.client_id, "--polls", "1"]
        done = subprocess.run(command, cwd=PROJECT, env={"VEN_SECRET": secret}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "DR-2026-0001/1: from " in (said := poll())
    assert "60 devices: N0000001, N0000002" in said
    assert Announcement.objects.get().first_read_at is not None
    left = {"stage_uid": stage.stage_uid, "head_end": "HE1", "nic_id": "N0000055", "reason": "opt-out"}
    remove_device(DeviceRemoval.model_validate(left), now=now)
    assert not Message.objects.filter(kind="removal_answer").exists()

    assert "59 devices: " in poll()

    assert Message.objects.get(kind="removal_answer").payload["answer"] == "removed"


def test_the_example_says_where_its_secret_belongs() -> None:
    command = [sys.executable, "examples/ven.py", "http://127.0.0.1:1", "sa-0123456789abcdef"]
    done = subprocess.run(command, cwd=PROJECT, env={}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "VEN_SECRET" in done.stderr.splitlines()[-1]
