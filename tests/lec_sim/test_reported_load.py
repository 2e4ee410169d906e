"""What devices deliver by what their head ends measured: each by itself, or all of them together."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from integration.seam import sql
from integration.seam.models import Message
from lec_sim import operations
from lec_sim.choices import Measure, Quality, Word
from lec_sim.models import LecStage, Removal
from lec_sim.monthly_partitions import fold_month
from lec_sim.operations import Said, hear
from tests.lec_sim import stages
from tests.lec_sim.reporting import (
    FIRST,
    HE,
    SECOND,
    THIRD,
    call,
    delivered,
    measure,
    nominal,
    outcomes,
    say,
)

HOUR, MINUTE, SECONDS = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ANSWERED, NORMAL, OPTED_OUT, ERROR = Word.ANSWERED, Word.NORMAL, Word.OPTED_OUT, Word.ERROR


# --- What they deliver --------------------------------------------------------------------------------------------


def test_the_line_shows_what_was_measured_last_and_the_outcome_its_mean(
    running: LecStage, extract_folder: Path
) -> None:
    start = running.starts_at
    say(running, FIRST, ANSWERED, start)
    assert delivered(running, start + MINUTE).reduction_w == nominal(running, FIRST)
    measure(running, FIRST, Measure.BASELINE, 1000, start, minutes=60)
    measure(running, FIRST, Measure.USAGE, 400, start, minutes=30)
    assert delivered(running, start + 30 * MINUTE).reduction_w == 600
    measure(running, FIRST, Measure.USAGE, 800, start + 30 * MINUTE, minutes=30)
    assert delivered(running, start + 59 * MINUTE).reduction_w == 200

    found = outcomes(running, extract_folder)[HE, FIRST]

    assert (found["code"], int(found["reduction_w"])) == ("D1SP", pytest.approx(400, abs=2))


@pytest.mark.parametrize(
    ("measures", "watts"),
    [
        ([(Measure.DELTA_USAGE, -300, Quality.OK)], 300),
        ([(Measure.DELTA_USAGE, 300, Quality.OK)], 0),
        ([(Measure.BASELINE, 900, Quality.OK), (Measure.DEMAND, 250, Quality.ESTIMATED)], 650),
        ([(Measure.BASELINE, 900, Quality.OK), (Measure.DEMAND, 9, Quality.OK), (Measure.USAGE, 200, Quality.OK)], 700),
        ([(Measure.DELTA_USAGE, -300, Quality.BAD), (Measure.BASELINE, 900, Quality.OK)], None),
        ([(Measure.BASELINE, 900, Quality.BAD), (Measure.DEMAND, 250, Quality.OK)], None),
        ([(Measure.USAGE, 250, Quality.OK)], None),
        ([(Measure.DELTA_USAGE, -300, Quality.OK), (Measure.DELTA_USAGE, -100, Quality.OK)], 100),
    ],
)  # fmt: skip
def test_a_reduction_is_reported_or_a_baseline_less_what_was_used(
    running: LecStage, measures: list[tuple[Measure, float, Quality]], watts: int | None
) -> None:
    """Without either it is what was asked of the device."""
    start = running.starts_at
    say(running, FIRST, ANSWERED, start)
    for kind, value, quality in measures:
        measure(running, FIRST, kind, value, start, quality=quality)

    assert delivered(running, start + MINUTE).reduction_w == (nominal(running, FIRST) if watts is None else watts)


def test_a_measured_device_that_says_nothing_delivers_nothing(running: LecStage) -> None:
    measure(running, FIRST, Measure.DELTA_USAGE, -300, running.starts_at)

    assert delivered(running, running.starts_at + MINUTE).reduction_w == 0


def test_head_ends_of_both_kinds_add_up_and_one_sum_stands_for_its_devices(reporting: None, now: datetime) -> None:
    start = now.replace(second=0, microsecond=0) + HOUR
    stage = call(stages.reserved(start, now, head_ends=(HE, "SIM", "VEN2"), devices=4))
    say(stage, FIRST, ANSWERED, start)
    measure(stage, FIRST, Measure.DELTA_USAGE, -300, start)
    measure(stage, "", Measure.DELTA_USAGE, -5000, start, head_end="VEN2")
    measure(stage, "", Measure.DELTA_USAGE, -7000, start + 10 * MINUTE, head_end="VEN2")

    report = delivered(stage, start + 2 * MINUTE)

    by_head_end = {load.head_end: load for load in report.head_ends}
    assert (by_head_end[HE].reduction_w, by_head_end["VEN2"].reduction_w) == (300, 5000)
    assert by_head_end["SIM"].reduction_w > 0
    assert report.reduction_w == 5300 + by_head_end["SIM"].reduction_w
    assert (by_head_end["VEN2"].called, by_head_end["VEN2"].answered) == (4, 0)


def test_telemetry_of_a_stage_is_folded_with_its_month(running: LecStage) -> None:
    measure(running, FIRST, Measure.USAGE, 500, running.starts_at)

    assert sql.value("SELECT tableoid::regclass::text FROM lec_telemetry") == f"lec_telemetry_{running.pk}"
    LecStage.objects.filter(pk=running.pk).update(state="Completed", handed_over_at=running.ends_at)
    fold_month(now=running.ends_at + timedelta(days=200))

    assert sql.value("SELECT tableoid::regclass::text FROM lec_telemetry").startswith("lec_telemetry_m")
    assert measure(running, FIRST, Measure.USAGE, 500, running.starts_at + MINUTE) == 1


# --- Opting out ---------------------------------------------------------------------------------------------------


def test_a_device_that_opts_out_before_the_start_is_not_called(coming: LecStage, extract_folder: Path) -> None:
    say(coming, FIRST, OPTED_OUT, coming.starts_at - 10 * MINUTE)
    say(coming, FIRST, OPTED_OUT, coming.starts_at - 5 * MINUTE)
    stage = call(coming)

    assert stage.called == 7
    (told,) = Message.objects.filter(kind="device_opt_out")
    assert (told.payload["head_end"], told.payload["nic_id"], told.payload["answer"]) == (HE, FIRST, "removed")
    found = outcomes(stage, extract_folder)[HE, FIRST]
    assert (found["code"], found["error"]) == ("D1CN", "opt-out")


def test_what_was_said_before_the_start_and_came_after_it_is_too_late_and_an_override(
    running: LecStage, extract_folder: Path
) -> None:
    for _ in range(2):
        say(running, FIRST, OPTED_OUT, running.starts_at - MINUTE, heard_at=running.starts_at + 9 * SECONDS)

    (told,) = Message.objects.filter(kind="device_opt_out")
    assert (told.payload["answer"], told.body.at) == ("too late", running.starts_at)  # type: ignore[attr-defined]
    found = outcomes(running, extract_folder)[HE, FIRST]
    assert (found["code"], found["reduction_w"]) == ("D1IO", "0")


def test_an_opt_out_while_the_stage_runs_is_told_to_nobody(running: LecStage) -> None:
    say(running, FIRST, OPTED_OUT, running.starts_at + MINUTE)

    assert not Message.objects.filter(kind="device_opt_out").exists()
    assert not Removal.objects.exists()


def test_an_opt_out_of_a_canceled_stage_is_told_to_nobody(coming: LecStage) -> None:
    canceled = stages.status(coming.starts_at, stage_uid=coming.stage_uid, state="Canceled", revision=9)
    operations.follow_stage(canceled, now=coming.starts_at - MINUTE)

    say(coming, FIRST, OPTED_OUT, coming.starts_at - SECONDS)

    assert not Message.objects.filter(kind="device_opt_out").exists()


def test_many_devices_opt_out_by_one_report(coming: LecStage) -> None:
    at = coming.starts_at - MINUTE
    hear(coming.pk, HE, [Said(n, OPTED_OUT, at) for n in (THIRD, FIRST, SECOND, FIRST)], [], now=at)

    told = Message.objects.filter(kind="device_opt_out").order_by("subject")
    assert [one.payload["nic_id"] for one in told] == [FIRST, SECOND, THIRD]
    assert call(coming).called == 5
