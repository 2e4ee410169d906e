"""A canceled stage is not started, or its devices are released at once."""

from datetime import datetime

from integration.seam.messages import DeliveredLoad, RawOutcome
from integration.seam.outcomes import Outcome

from .seam import DEVICES, MINUTE, TICK, StageAtTheSeam, everything_said_by


def test_before_its_start_nothing_is_called_and_nothing_said(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.cancel(stage.starts_at - TICK)

    stage.run()

    assert everything_said_by(stage.executor) == []


def test_before_it_is_known_neither(stage: StageAtTheSeam) -> None:
    scheduled = stage.status("Scheduled")
    stage.cancel(stage.now)
    stage.say(scheduled, stage.reservation())

    stage.run()

    assert everything_said_by(stage.executor) == []


def test_an_older_revision_cancels_nothing(stage: StageAtTheSeam) -> None:
    older = stage.status("Canceled", reason="Storm")
    stage.schedule()
    stage.say(older)

    stage.run()

    assert stage.states() == ["In Progress", "Completed"]


def test_while_it_runs_its_devices_are_let_go_and_have_outcomes(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)
    canceled_at = stage.starts_at + 10 * MINUTE
    stage.cancel(canceled_at)

    stage.run()

    assert stage.states() == ["In Progress"]
    assert max(load.at for load in stage.heard(DeliveredLoad)) <= canceled_at
    rows = stage.outcomes()
    assert len(rows) == DEVICES
    assert Outcome.CANCELED in {row["code"] for row in rows.values()}
    assert Outcome.SUCCESS not in {row["code"] for row in rows.values()}
    ends = [datetime.fromisoformat(row["ended_at"]) for row in rows.values() if row["ended_at"]]
    assert ends
    assert max(ends) <= canceled_at


def test_after_its_end_it_stays_as_it_was(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.run()
    before = everything_said_by(stage.executor)

    stage.cancel(stage.ends_at + 10 * MINUTE)
    stage.executor.work(stage.ends_at + 10 * MINUTE)

    assert everything_said_by(stage.executor) == before
    assert stage.states() == ["In Progress", "Completed"]
    assert len(stage.heard(RawOutcome)) == 1
