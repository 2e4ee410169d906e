"""A stage starts on time, late if its reservations are late, or not at all; and it ends on time."""

import pytest

from integration.seam.messages import RawOutcome, StageExecutionStatus

from .seam import DEVICES, HOUR, MINUTE, SECOND, TICK, StageAtTheSeam

REPORTED_WITHIN = 60 * SECOND  # of a start; 5 minutes of an end: docs/reference/executor.md


def test_it_starts_on_time_and_calls_every_device(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at - TICK)
    assert stage.states() == []

    stage.executor.work(stage.starts_at)

    first, *_, last = stage.heard(StageExecutionStatus)
    assert (first.state, last.state, last.called) == ("In Progress", "In Progress", DEVICES)
    assert first.started_at == last.started_at
    assert first.started_at
    assert stage.starts_at <= first.started_at <= first.at < stage.starts_at + REPORTED_WITHIN


def test_it_ends_on_time(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)
    stage.executor.work(stage.ends_at - TICK)
    assert stage.states() == ["In Progress"]

    stage.executor.work(stage.ends_at)

    last = stage.heard(StageExecutionStatus)[-1]
    assert (last.state, last.called) == ("Completed", DEVICES)
    assert stage.ends_at <= last.at < stage.ends_at + 5 * MINUTE


def test_it_starts_late_if_its_reservations_come_late(stage: StageAtTheSeam) -> None:
    stage.say(stage.status("Scheduled"))
    stage.executor.work(stage.starts_at)
    assert stage.states() == []

    stage.say(stage.reservation(), at=stage.starts_at + 10 * MINUTE)
    stage.executor.work(stage.starts_at + 10 * MINUTE)

    last = stage.heard(StageExecutionStatus)[-1]
    assert (last.state, last.called) == ("In Progress", DEVICES)
    assert last.started_at
    assert stage.starts_at + 10 * MINUTE <= last.started_at < stage.ends_at


@pytest.mark.parametrize("reservations_come", [True, False])
def test_it_is_missed_if_it_could_not_start_before_its_end(reservations_come: bool, stage: StageAtTheSeam) -> None:
    stage.say(stage.status("Scheduled"))
    stage.executor.work(stage.starts_at)
    if reservations_come:  # but the executor did not run to start it
        stage.say(stage.reservation(), at=stage.ends_at - TICK)

    stage.executor.work(stage.ends_at)
    stage.executor.work(stage.ends_at + HOUR)

    (missed,) = stage.heard(StageExecutionStatus)
    assert (missed.state, missed.started_at, missed.called) == ("Missed", None, 0)
    assert stage.heard(RawOutcome) == []


def test_reservations_after_the_end_change_nothing(stage: StageAtTheSeam) -> None:
    stage.say(stage.status("Scheduled"))
    stage.executor.work(stage.ends_at)

    stage.say(stage.reservation(), at=stage.ends_at + MINUTE)
    stage.executor.work(stage.ends_at + MINUTE)

    assert stage.states() == ["Missed"]


def test_reservations_may_come_before_the_stage_is_known(stage: StageAtTheSeam) -> None:
    stage.say(stage.reservation(), stage.status("Scheduled"))
    stage.executor.receive(stage.now)  # messages that could not be applied yet are retried

    stage.executor.work(stage.starts_at)

    assert stage.heard(StageExecutionStatus)[-1].called == DEVICES
