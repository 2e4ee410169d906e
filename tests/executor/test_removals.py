"""A removal is answered: removed before the start, released while the stage runs, or too late."""

from datetime import datetime

import pytest

from integration.seam.messages import RemovalAnswer, RemovalReason, StageExecutionStatus
from integration.seam.outcomes import Outcome

from .seam import DEVICES, HOUR, MINUTE, StageAtTheSeam, nic

REASONS: tuple[RemovalReason, ...] = ("opt-out", "customer unavailable", "enrollment ended")


@pytest.mark.parametrize("reason", REASONS)
def test_before_the_start_the_device_is_removed_and_never_called(reason: RemovalReason, stage: StageAtTheSeam) -> None:
    stage.schedule()

    answer = stage.remove(3, reason, at=stage.starts_at - MINUTE)
    stage.run()

    assert answer.answer == "removed"
    assert answer.at < stage.starts_at
    assert stage.heard(StageExecutionStatus)[-1].called == DEVICES - 1
    row = stage.outcomes()[nic(3)]
    assert (row["code"], row["started_at"], row["reduction_w"]) == (Outcome.CANCELED, "", "0")
    assert len(stage.outcomes()) == DEVICES


def test_a_removal_may_come_before_anything_else_is_known(stage: StageAtTheSeam) -> None:
    answer = stage.remove(3, "opt-out", at=stage.now)
    stage.schedule()
    stage.run()

    assert answer.answer == "removed"
    assert stage.heard(StageExecutionStatus)[-1].called == DEVICES - 1


@pytest.mark.parametrize("reason", ["opt-out", "enrollment ended"])
def test_after_the_start_it_is_too_late_to_opt_out(reason: RemovalReason, stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)

    answer = stage.remove(3, reason, at=stage.starts_at + MINUTE)
    stage.run()

    started = stage.heard(StageExecutionStatus)[0].started_at
    assert (answer.answer, answer.at) == ("too late", started)
    assert stage.heard(StageExecutionStatus)[-1].called == DEVICES


def test_while_the_stage_runs_a_device_of_an_unavailable_customer_is_released(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)
    at = stage.starts_at + 20 * MINUTE

    answers = [stage.remove(number, "customer unavailable", at=at) for number in range(1, DEVICES + 1)]
    stage.run()

    assert {answer.answer for answer in answers} == {"released"}
    assert {answer.at for answer in answers} == {at}
    rows = stage.outcomes().values()
    assert Outcome.SUCCESS not in {row["code"] for row in rows}
    assert Outcome.CANCELED in {row["code"] for row in rows}
    assert max(datetime.fromisoformat(row["ended_at"]) for row in rows if row["ended_at"]) <= at


@pytest.mark.parametrize("reason", REASONS)
def test_after_the_end_it_is_too_late_for_anything(reason: RemovalReason, stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.run()

    assert stage.remove(3, reason, at=stage.ends_at + HOUR).answer == "too late"


def test_what_was_too_late_for_one_reason_can_hold_for_another_and_what_holds_stays(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)
    at = stage.starts_at + MINUTE

    answers = [
        stage.remove(3, reason, at=at).answer for reason in ("opt-out", "customer unavailable", "customer unavailable")
    ]

    assert answers == ["too late", "released", "released"]


def test_a_repeated_removal_is_answered_as_before(stage: StageAtTheSeam) -> None:
    stage.schedule()
    first = stage.remove(3, "opt-out", at=stage.now)
    stage.executor.work(stage.starts_at)

    again = stage.remove(3, "opt-out", at=stage.starts_at + MINUTE)

    assert (again.answer, again.at) == ("removed", first.at)
    assert len(stage.heard(RemovalAnswer)) == 2
