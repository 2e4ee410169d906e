"""A stage whose devices are reached in two ways has one start, one delivered load and one extract of outcomes."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from derms.models import Event
from integration.seam.messages import DeliveredLoad, DeviceRemoval
from integration.seam.models import Extract, Message
from integration.seam.settling import settle
from lec_sim import operations
from lec_sim.drivers import DRIVERS, DriverMissing
from lec_sim.models import HeadEndProfile, LecAnswer, LecCall, LecStage, Removal
from lec_sim.queries import due
from lec_sim.queries.stages import active_stages, answers_over_time
from tests.lec_sim import stages
from tests.lec_sim.later import Later

HOUR, MINUTE, SECOND, TICK = (
    timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)
)  # fmt: skip
FIRST, SECOND_ONE, THIRD, FOURTH = (f"N000000{n}" for n in range(1, 5))


@pytest.fixture
def later(db: None, monkeypatch: pytest.MonkeyPatch) -> Later:
    """The driver of the head end LATE; the devices of the head end SIM all take part."""
    driver = Later()
    monkeypatch.setitem(DRIVERS, driver.name, driver)
    HeadEndProfile.objects.create(head_end="LATE", driver=driver.name)
    HeadEndProfile.objects.create(head_end="SIM", offline_share=0, reject_share=0, overrides_per_hour=0)
    return driver


@pytest.fixture
def called(later: Later, now: datetime) -> LecStage:
    """A one-hour stage that has just called four devices behind each of the two head ends."""
    stage = stages.reserved(now + HOUR, now, head_ends=("SIM", "LATE"), devices=4)
    return call(stage)


def call(stage: LecStage) -> LecStage:
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)
    return LecStage.objects.get(pk=stage.pk)


def delivered(stage: LecStage, at: datetime) -> DeliveredLoad:
    operations.report_delivered_load(stage.pk, now=at)
    body = Message.objects.filter(kind="delivered_load").latest("pk").body
    assert isinstance(body, DeliveredLoad)
    return body


def codes(stage: LecStage, root: Path) -> dict[str, tuple[str, int]]:
    """End the stage and send its outcomes; returns the code and reduction of each device behind LATE."""
    operations.end_stage(stage.pk, now=stage.ends_at)
    operations.hand_over_outcomes(stage.pk, now=stage.ends_at)
    with (root / str(Extract.objects.get().uid) / "part-00001.csv").open() as part:
        rows = [row for row in csv.DictReader(part) if row["head_end"] == "LATE"]
    assert len(rows) == 4
    return {row["nic_id"]: (row["code"], int(row["reduction_w"])) for row in rows}


def test_one_start_calls_the_devices_of_both(called: LecStage) -> None:
    assert (called.called, called.pending, called.answers_awaited_s) == (8, 4, 30)
    answers = LecCall.objects.filter(stage_id=called.pk)
    assert {*answers.filter(head_end="LATE").values_list("answer", flat=True)} == {"pending"}
    assert {*answers.filter(head_end="SIM").values_list("answer", flat=True)} == {"takes part"}


def test_a_device_that_left_before_is_called_by_neither(later: Later, now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now, head_ends=("SIM", "LATE"), devices=4)
    for head_end in ("SIM", "LATE"):
        Removal.objects.create(
            stage_uid=stage.stage_uid, head_end=head_end, nic_id=FIRST, reason="opt-out", answer="removed", at=now
        )

    stage = call(stage)

    assert (stage.called, stage.pending) == (6, 3)
    assert not LecCall.objects.filter(nic_id=FIRST).exists()


def test_a_stage_of_simulated_head_ends_reads_no_answers(later: Later, now: datetime) -> None:
    stage = call(stages.reserved(now + HOUR, now, head_ends=("SIM",), devices=4))

    assert (stage.pending, stage.answers_awaited_s, stage.calls) == (0, 0, "lec_call")
    assert list(due.stage_ids_to_collect(stage.starts_at)) == []
    operations.end_stage(stage.pk, now=stage.ends_at)
    assert list(due.stage_ids_to_hand_over(stage.ends_at)) == [stage.pk]


def test_delivered_load_and_pages_follow_the_answers(called: LecStage, later: Later) -> None:
    start = called.starts_at
    before = delivered(called, start + MINUTE)
    later.answer(FIRST, start + MINUTE, power_w=1000)
    later.answer(SECOND_ONE, start + MINUTE, "rejected")
    later.answer(THIRD, start + MINUTE, "silent")

    operations.collect_answers(called.pk, now=start + 2 * MINUTE)

    after = delivered(called, start + 2 * MINUTE)
    assert (before.called, before.answered, before.rejected) == (8, 4, 0)
    assert (after.called, after.answered, after.rejected) == (8, 6, 1)
    assert after.reduction_w == before.reduction_w + 1000
    (progress,) = active_stages(start + 2 * MINUTE)
    assert (progress.answered, progress.rejected, progress.overridden) == (6, 1, 0)
    ((_, minutes),) = answers_over_time(start + 2 * MINUTE)
    assert [minute.answered for minute in minutes] == [0, 6, 6]


def test_each_answer_has_its_outcome_and_none_is_a_device_that_does_not_respond(
    called: LecStage, later: Later, extract_folder: Path
) -> None:
    half = called.starts_at + HOUR / 2
    later.answer(FIRST, called.starts_at, power_w=900)
    later.answer(SECOND_ONE, called.starts_at, "rejected")
    later.answer(THIRD, half, answered_at=called.starts_at, overridden_at=half, power_w=900)

    assert codes(called, extract_folder) == {
        FIRST: ("D1SP", 900), SECOND_ONE: ("D1ER", 0), THIRD: ("D1IO", 450), FOURTH: ("D1ND", 0)
    }  # fmt: skip


def test_of_several_answers_the_latest_holds_in_whatever_order_they_come(
    called: LecStage, later: Later, extract_folder: Path
) -> None:
    start = called.starts_at
    later.answer(FIRST, start + SECOND, power_w=900)
    later.answer(SECOND_ONE, start + 9 * SECOND, "rejected")
    operations.collect_answers(called.pk, now=start + 10 * SECOND)
    later.given.clear()
    later.answer(FIRST, start + 9 * SECOND, "rejected")
    later.answer(SECOND_ONE, start + SECOND, power_w=900)

    for _ in range(2):
        operations.collect_answers(called.pk, now=start + MINUTE)

    assert LecAnswer.objects.count() == 2
    found = codes(called, extract_folder)
    assert (found[FIRST], found[SECOND_ONE]) == (("D1ER", 0), ("D1ER", 0))


def test_an_answer_of_a_device_that_was_not_called_or_answered_at_once_changes_nothing(
    called: LecStage, later: Later
) -> None:
    later.answer("N0000009", called.starts_at, power_w=900)
    later.answer(FIRST, called.starts_at, "rejected")
    later.given[-1]["head_end"] = "SIM"

    operations.collect_answers(called.pk, now=called.starts_at + MINUTE)

    assert not LecAnswer.objects.exists()


def test_outcomes_wait_for_the_answers_after_the_end_and_not_for_ever(called: LecStage, later: Later) -> None:
    end = called.ends_at
    operations.end_stage(called.pk, now=end)
    assert list(due.stage_ids_to_hand_over(end + 30 * SECOND - TICK)) == []
    assert list(due.stage_ids_to_hand_over(end + 30 * SECOND)) == [called.pk]

    for nic_id in (FIRST, SECOND_ONE, THIRD, FOURTH):
        later.answer(nic_id, end, power_w=900)
    operations.collect_answers(called.pk, now=end + SECOND)

    assert list(due.stage_ids_to_hand_over(end + SECOND)) == [called.pk]


def test_an_answer_after_the_outcomes_were_handed_over_changes_nothing(
    called: LecStage, later: Later, extract_folder: Path
) -> None:
    assert codes(called, extract_folder)[FIRST] == ("D1ND", 0)
    later.answer(FIRST, called.ends_at, power_w=900)

    assert list(due.stage_ids_to_collect(called.ends_at + MINUTE)) == []
    operations.collect_answers(called.pk, now=called.ends_at + MINUTE)
    operations.hand_over_outcomes(called.pk, now=called.ends_at + MINUTE)

    assert not LecAnswer.objects.exists()
    assert Message.objects.filter(kind="raw_outcome").count() == 1


def test_head_ends_are_asked_every_ten_seconds(called: LecStage) -> None:
    start = called.starts_at
    assert list(due.stage_ids_to_collect(start)) == [called.pk]
    operations.collect_answers(called.pk, now=start)

    assert list(due.stage_ids_to_collect(start + 10 * SECOND - TICK)) == []
    assert list(due.stage_ids_to_collect(start + 10 * SECOND)) == [called.pk]


@pytest.mark.django_db(transaction=True)
def test_head_ends_hear_of_a_stage_before_it_starts_and_of_all_that_ends_it(
    event_in: Callable[..., Event], later: Later, now: datetime
) -> None:
    HeadEndProfile.objects.create(head_end="HE1", driver=later.name)
    stage = event_in("Scheduled").stages.get()
    settle()
    assert later.asked == [("publish", "Scheduled")]
    removal = DeviceRemoval(stage_uid=stage.uid, head_end="HE1", nic_id=FIRST, reason="customer unavailable")

    for _ in range(2):
        operations.remove_device(removal, now=now)
    known = call(LecStage.objects.get())
    operations.remove_device(removal.model_copy(update={"nic_id": THIRD}), now=known.starts_at)
    late = removal.model_copy(update={"nic_id": FOURTH, "reason": "opt-out"})
    operations.remove_device(late, now=known.starts_at)
    canceled = stages.status(known.starts_at, stage_uid=stage.uid, state="Canceled", revision=9)
    for _ in range(2):
        operations.follow_stage(canceled, now=known.starts_at + MINUTE)

    assert later.asked[1:] == [
        ("withdraw", "HE1", FIRST), ("withdraw", "HE1", THIRD), ("cancel", "Canceled")
    ]  # fmt: skip


def test_a_missed_stage_is_canceled_at_its_head_ends(later: Later, now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now, head_ends=("LATE",), devices=4)

    operations.miss_stage(stage.pk, now=stage.ends_at)

    assert later.asked == [("cancel", "Canceled")]


def test_a_device_that_was_let_go_while_its_answer_was_pending_did_not_respond(
    called: LecStage, extract_folder: Path
) -> None:
    removal = DeviceRemoval(
        stage_uid=called.stage_uid, head_end="LATE", nic_id=FIRST, reason="customer unavailable"
    )  # fmt: skip
    operations.remove_device(removal, now=called.starts_at + MINUTE)

    assert codes(called, extract_folder)[FIRST] == ("D1ND", 0)


def test_a_stage_without_devices_starts_as_well(now: datetime) -> None:
    stage = call(stages.reserved(now + HOUR, now, head_ends=(), devices=0))

    assert (stage.state, stage.called, stage.pending) == ("In Progress", 0, 0)


def test_a_driver_that_is_not_there_is_named(now: datetime) -> None:
    HeadEndProfile.objects.create(head_end="HE1", driver="carrier pigeon")
    stage = stages.reserved(now + HOUR, now)
    operations.start_stage(stage.pk, now=stage.starts_at)

    with pytest.raises(DriverMissing, match="carrier pigeon"):
        operations.call_devices(stage.pk, now=stage.starts_at)
