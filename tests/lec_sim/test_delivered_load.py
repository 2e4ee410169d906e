"""Delivered load: what a running stage's called devices deliver at a moment, reported once a minute."""

from datetime import datetime, timedelta

import pytest

from integration.seam.messages import DeliveredLoad
from integration.seam.models import Message
from lec_sim import operations
from lec_sim.models import LecCall, LecStage, Removal
from lec_sim.operations import report_delivered_load
from lec_sim.queries.due import stage_ids_to_report
from tests.lec_sim import stages

pytestmark = pytest.mark.django_db

HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


@pytest.fixture
def running(now: datetime) -> LecStage:
    """A one-hour stage with six called devices that each take part from its tenth second on, with 1 kW."""
    start = now.replace(second=0, microsecond=0) + HOUR
    stage = stages.reserved(start, now, devices=6)
    operations.start_stage(stage.pk, now=start)
    operations.call_devices(stage.pk, now=start)
    LecCall.objects.filter(stage_id=stage.pk).update(
        answer="takes part", answered_at=start + timedelta(seconds=10), overridden_at=None, power_w=1000
    )
    return LecStage.objects.get(pk=stage.pk)


def _report(stage: LecStage, at: datetime) -> DeliveredLoad:
    report_delivered_load(stage.pk, now=at)
    body = Message.objects.filter(kind="delivered_load").latest("pk").body
    assert isinstance(body, DeliveredLoad)
    return body


def _settle(nic_id: str, **fields: object) -> None:
    LecCall.objects.filter(nic_id=nic_id).update(**fields)


def test_devices_deliver_from_their_answer_on(running: LecStage) -> None:
    at_call, later = (_report(running, running.starts_at + after) for after in (timedelta(), MINUTE))

    assert (at_call.reduction_w, at_call.answered, at_call.called) == (0, 0, 6)
    assert (later.reduction_w, later.answered, later.called) == (6000, 6, 6)


def test_what_is_silent_rejected_overridden_or_let_go_delivers_nothing(running: LecStage) -> None:
    start = running.starts_at
    _settle("N0000001", answer="silent", answered_at=None, power_w=0)
    _settle("N0000002", answer="rejected", power_w=0)
    _settle("N0000003", overridden_at=start + 15 * MINUTE)
    before, after = (_report(running, start + at) for at in (14 * MINUTE, 15 * MINUTE))
    Removal.objects.create(
        stage_uid=running.stage_uid, head_end="HE1", nic_id="N0000004", reason="customer unavailable",
        answer="released", at=start + 15 * MINUTE,
    )  # fmt: skip
    let_go = _report(running, start + 16 * MINUTE)

    assert (before.reduction_w, before.answered, before.rejected, before.overridden) == (4000, 5, 1, 0)
    assert (after.reduction_w, after.overridden) == (3000, 1)
    assert let_go.reduction_w == 2000


def test_a_report_is_split_by_head_end_and_adds_up(now: datetime) -> None:
    start = now.replace(second=0, microsecond=0) + HOUR
    stage = stages.reserved(start, now, head_ends=("HE1", "HE2"), devices=3)
    operations.start_stage(stage.pk, now=start)
    operations.call_devices(stage.pk, now=start)
    calls = LecCall.objects.filter(stage_id=stage.pk)
    calls.update(answer="takes part", answered_at=start + timedelta(seconds=10), overridden_at=None, power_w=1000)
    calls.filter(head_end="HE2").update(answer="silent", answered_at=None, power_w=0)
    calls.filter(head_end="HE1", nic_id="N0000001").update(answer="rejected", power_w=0)

    whole = _report(stage, start + MINUTE)

    first, second = sorted(whole.head_ends, key=lambda load: load.head_end)
    assert first.model_dump() == {
        "head_end": "HE1", "called": 3, "answered": 3, "rejected": 1, "overridden": 0, "reduction_w": 2000,
    }  # fmt: skip
    assert second.model_dump() == {
        "head_end": "HE2", "called": 3, "answered": 0, "rejected": 0, "overridden": 0, "reduction_w": 0,
    }  # fmt: skip
    assert (whole.called, whole.answered, whole.rejected, whole.reduction_w) == (6, 3, 1, 2000)


def test_a_stage_reports_once_a_minute_while_it_runs(running: LecStage) -> None:
    start = running.starts_at
    assert list(stage_ids_to_report(start)) == [running.pk]
    report_delivered_load(running.pk, now=start)
    for moment, due in ((start + MINUTE - TICK, []), (start + MINUTE, [running.pk])):
        assert list(stage_ids_to_report(moment)) == due
        report_delivered_load(running.pk, now=moment)
    assert list(stage_ids_to_report(running.ends_at)) == []
    report_delivered_load(running.pk, now=running.ends_at)
    assert Message.objects.filter(kind="delivered_load").count() == 2


def test_a_stage_that_has_not_called_its_devices_reports_nothing(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now, devices=6)
    operations.start_stage(stage.pk, now=stage.starts_at)
    assert list(stage_ids_to_report(stage.starts_at)) == []
    report_delivered_load(stage.pk, now=stage.starts_at)
    assert not Message.objects.filter(kind="delivered_load").exists()


def test_the_last_report_is_of_the_end_and_comes_before_completed(running: LecStage) -> None:
    _report(running, running.ends_at - 30 * timedelta(seconds=1))
    operations.end_stage(running.pk, now=running.ends_at + timedelta(seconds=2))
    *_earlier, last, completed = Message.objects.order_by("pk")
    assert isinstance(last.body, DeliveredLoad)
    assert (last.body.at, last.body.reduction_w) == (running.ends_at, 6000)
    assert (completed.kind, completed.payload["state"]) == ("stage_execution_status", "Completed")


def test_a_stage_that_never_called_ends_without_a_report(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now, devices=6)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.end_stage(stage.pk, now=stage.ends_at)
    assert not Message.objects.filter(kind="delivered_load").exists()
