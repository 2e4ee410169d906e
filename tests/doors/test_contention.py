"""Calls at the same moment, over separate connections: one clear answer each, and no half state."""

import random
import threading
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from cpm.api import writes
from cpm.models import Removal
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.models import ControlZone, Program, Stage
from integration.commands.verify import violations
from integration.console.models import User
from integration.pages.doors import calls
from integration.pages.problems import RETRY_AFTER_S
from integration.seam.settling import settle
from lec_sim import operations as lec
from tests import factories, walk
from tests.removals.conftest import allow_leaving, obedient  # noqa: F401  (a fixture)
from tests.removals.running import called, execution, program_event, tell
from tests.threads import run_together

from .calling import PROBLEM, Send

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50
AROUND_S = 0.05  # how far calls are from the cut-off at most, by their own clocks


@pytest.fixture
def stage(
    zone: ControlZone,
    program: Program,
    operator: User,
    approver: User,
    now: datetime,
    obedient: None,  # noqa: F811
    settings: Any,
) -> Stage:
    """A stage in an hour that reserved as many devices as there are threads; all may leave it until it starts."""
    settings.API_CALLS_PER_MINUTE = 1_000_000
    calls.cache_clear()
    factories.fleet(zone, program, THREADS, since=now - timedelta(days=30))
    allow_leaving()
    event = derms.create_event(
        strategy_id=factories.strategy(zone, program).pk,
        starts_at=now + timedelta(hours=1),
        by=operator,
        now=now,
        details=derms.EventDetails(name="Race"),
    )
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
    settle()
    return event.stages.get()


def address(stage: Stage, nic_id: str) -> str:
    return f"program-events/{stage.event.number}/{stage.number}/devices/HE1/{nic_id}/opt-out"


def test_an_opt_out_at_the_cut_off_is_removed_or_too_late_and_never_both(
    stage: Stage, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty customers' devices leave by calls around the cut-off, while the stage is told of them and starts."""
    cut_off = ProgramEvent.objects.select_related("program__type").get(stage_uid=stage.uid).opt_out_ends_at
    send.of("boss")
    moments = random.Random(1)  # noqa: S311  (moments, no secrets)

    def around() -> datetime:
        return cut_off + timedelta(seconds=moments.uniform(-AROUND_S, AROUND_S))

    monkeypatch.setattr(writes, "clock", SimpleNamespace(now=around))
    asked = threading.Semaphore(0)

    def leave(number: int) -> Any:
        answer = send("boss", "POST", address(stage, f"N{number:07}"), {"scope": "stage"})
        asked.release()
        return answer

    def start() -> None:
        for _half in range(THREADS // 2):
            asked.acquire(timeout=120)
        tell()  # LEC learns of those that asked so far, then it starts
        pk = execution(stage).pk
        lec.start_stage(pk, now=stage.starts_at)
        lec.call_devices(pk, now=stage.starts_at)

    *answers, started = run_together(*(partial(leave, n) for n in range(1, THREADS + 1)), start)
    assert started is None
    settle()

    check(stage, [one.status_code for one in answers])


def check(stage: Stage, statuses: list[int]) -> None:
    """Each device that may leave has left or is called; none is both or neither."""
    assert set(statuses) == {200, 409}
    found = {one.nic_id: one.answer for one in Removal.objects.filter(stage_uid=stage.uid)}
    in_call = called(stage)
    for number, status in enumerate(statuses, 1):
        nic_id = f"N{number:07}"
        assert found.get(nic_id) in ({"confirmed", "too late"} if status == 200 else {None}), nic_id
        assert (nic_id in in_call) == (found.get(nic_id) != "confirmed"), nic_id
    assert "confirmed" in found.values()
    assert program_event(stage).reserved == THREADS - list(found.values()).count("confirmed")
    assert violations(rest=timedelta(0)) == []


def test_a_row_that_somebody_holds_is_503_with_a_time_to_try_again(
    stage: Stage, send: Send, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send.of("boss")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ProgramEvent.objects.select_for_update().get(stage_uid=stage.uid)
            held.set()
            assert done.wait(120)

    def ask() -> Any:
        assert held.wait(120)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            return send("boss", "POST", address(stage, "N0000001"), {"scope": "stage"})
        finally:
            done.set()

    _held, answer = run_together(hold, ask)
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, PROBLEM, str(RETRY_AFTER_S))
    assert "Nothing was changed; try again." in answer.json()["detail"]
    assert not Removal.objects.exists()
