"""While a stage runs, what it delivers each minute; afterwards one outcome per device, once."""

from datetime import datetime
from typing import Any

from integration.seam.messages import DeliveredLoad, RawOutcome
from integration.seam.outcomes import CODES

from .seam import DEVICES, HOUR, MINUTE, TICK, StageAtTheSeam, everything_said_by, nic


def test_the_delivered_load_is_reported_once_a_minute_and_at_the_end(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at - TICK)
    for minute in range(5):
        stage.executor.work(stage.starts_at + minute * MINUTE)
        stage.executor.work(stage.starts_at + minute * MINUTE)

    loads = stage.heard(DeliveredLoad)
    stage.executor.work(stage.ends_at)
    stage.executor.work(stage.ends_at + MINUTE)

    assert [load.at for load in loads] == [stage.starts_at + minute * MINUTE for minute in range(5)]
    assert {load.called for load in loads} == {DEVICES}
    assert all(load.rejected <= load.answered <= load.called for load in loads)
    assert all(load.overridden <= load.answered for load in loads)
    *before, last = stage.heard(DeliveredLoad)
    assert before == loads
    assert last.at == stage.ends_at


def test_every_reserved_device_has_one_outcome(stage: StageAtTheSeam, settings: Any) -> None:
    settings.EXTRACT_PART_ROWS = 7
    stage.schedule()

    stage.run()
    stage.executor.work(stage.ends_at + HOUR)

    (handed_over,) = stage.heard(RawOutcome)
    assert (handed_over.extract.rows, handed_over.extract.parts) == (DEVICES, 3)
    rows = stage.outcomes()
    assert set(rows) == {nic(number) for number in range(1, DEVICES + 1)}
    for row in rows.values():
        assert row["code"] in CODES
        assert int(row["reduction_w"]) >= 0
        assert bool(row["started_at"]) == bool(row["ended_at"])
        if row["started_at"]:
            begins, ends = datetime.fromisoformat(row["started_at"]), datetime.fromisoformat(row["ended_at"])
            assert stage.starts_at <= begins <= ends <= stage.ends_at


def test_nothing_is_handed_over_while_the_stage_runs(stage: StageAtTheSeam) -> None:
    stage.schedule()
    stage.executor.work(stage.starts_at)
    stage.executor.work(stage.ends_at - TICK)

    assert stage.heard(RawOutcome) == []


def test_what_derms_repeats_changes_nothing(stage: StageAtTheSeam) -> None:
    scheduled = stage.status("Scheduled")
    for _ in range(3):
        stage.say(scheduled, stage.reservation())
    stage.executor.work(stage.starts_at)
    running = stage.status("In Progress", started_at=stage.starts_at)
    for _ in range(3):
        stage.say(running, scheduled, stage.reservation(), at=stage.starts_at)
    stage.run()
    said = everything_said_by(stage.executor)

    for _ in range(3):
        stage.say(stage.status("Completed", started_at=stage.starts_at), running, scheduled, at=stage.ends_at)
        stage.say(stage.reservation(), at=stage.ends_at)
    stage.run()

    assert everything_said_by(stage.executor) == said
    assert stage.states() == ["In Progress", "Completed"]
    assert len(stage.outcomes()) == DEVICES
