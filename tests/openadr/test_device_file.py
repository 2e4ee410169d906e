"""A head end that only reports the sum of its devices tells of each one by a file; what it doesn't name is D1ND."""

from datetime import datetime
from pathlib import Path

import pytest

from lec_sim import operations
from lec_sim.models import HeadEndProfile, LecStage, LecTelemetry, LecWord
from tests.importing.bringing import applied, apply, checked, counts
from tests.lec_sim.reporting import delivered, outcomes

from .conftest import VenClient, published
from .test_ven_reports import MINUTE, interval, report_of, resource

pytestmark = pytest.mark.django_db(transaction=True)
HEADING = "stage,head_end,nic_id,state,at,reduction_kw\n"
FOUR = (
    "DR-2026-0001/1,HE1,N0000001,RUNNING_CURTAILED,,0.5\n"
    "DR-2026-0001/1,HE1,N0000002,D1IO,{later},\n"
    "DR-2026-0001/1,HE1,N0000003,SGD_ERROR_CONDITION,,\n"
    "DR-2026-0001/1,HE1,N0000004,not responding,,\n"
)


@pytest.fixture
def running(ven: VenClient, now: datetime) -> LecStage:
    """A stage that began ten minutes ago and has called its twenty devices; applied files are of the real present."""
    stage = published(now, starts_at=now - 10 * MINUTE)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)
    return LecStage.objects.get(pk=stage.pk)


def of_four(stage: LecStage) -> str:
    return HEADING + FOUR.format(later=(stage.starts_at + 5 * MINUTE).isoformat())


def test_devices_of_a_sum_have_the_outcomes_of_the_file_and_the_others_did_not_answer(
    ven: VenClient, running: LecStage, now: datetime, extract_folder: Path
) -> None:
    total = interval(("DELTA_USAGE", -0.2), start=running.starts_at, duration="PT1M")
    assert ven.post("reports", report_of(running, resource("AGGREGATED_REPORT", total))).status_code == 201

    run = applied("device_states", of_four(running))

    assert (run.state, counts(run)) == ("Applied", (4, 0, 0, 0)), run.why
    assert delivered(running, now).reduction_w == 12_000  # the sum stays what is delivered
    rows = {nic_id: row for (_head_end, nic_id), row in outcomes(running, extract_folder).items()}
    codes = {nic_id: row["code"] for nic_id, row in rows.items()}
    assert [codes.pop(f"N000000{n}") for n in range(1, 5)] == ["D1SP", "D1IO", "D1ER", "D1ND"]
    assert (len(codes), set(codes.values())) == (16, {"D1ND"})
    assert rows["N0000001"]["reduction_w"] == "500"
    assert rows["N0000002"]["ended_at"].startswith(f"{running.starts_at + 5 * MINUTE:%Y-%m-%d %H:%M}")


def test_a_file_that_is_sent_again_changes_nothing_and_another_one_corrects_it(
    running: LecStage, extract_folder: Path
) -> None:
    columns = "stage,head_end,nic_id,state\n"
    row = "DR-2026-0001/1,HE1,N0000001,{}\n"
    assert counts(applied("device_states", columns + row.format("answered"))) == (1, 0, 0, 0)
    assert counts(applied("device_states", columns + row.format("D1SP"))) == (0, 0, 1, 0)
    assert counts(applied("device_states", columns + row.format("error"))) == (0, 1, 0, 0)
    assert counts(applied("device_states", columns + row.format("opted out"))) == (0, 1, 0, 0)
    assert counts(applied("device_states", columns + row.format("not responding"))) == (0, 1, 0, 0)
    assert list(LecWord.objects.values_list("word", flat=True)) == ["not responding"]
    assert outcomes(running, extract_folder)["HE1", "N0000001"]["code"] == "D1ND"
    assert not LecTelemetry.objects.exists()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("DR-2026-0009/1,HE1,N0000001,answered,,", "There is no stage “DR-2026-0009/1”. Write it as"),
        ("DR-2026-0001/1,HE9,N0000001,answered,,", "There is no head end system “HE9”."),
        ("DR-2026-0001/1,HE1,N0000099,answered,,", "The stage reserved no such device behind this head end."),
        ("DR-2026-0001/1,SIM,N0000001,answered,,", "The devices of this head end answer by themselves"),
        ("DR-2026-0001/1,HE1,N0000001,asleep,,", "It is none of answered, not responding, opted out, error."),
        ("DR-2026-0001/1,HE1,N0000001,answered,2026-01-01T00:00Z,", "It is not within the stage, which runs from"),
        ("DR-2026-0001/1,HE1,N0000001,answered,,1e9", "It is no number"),
    ],
)
def test_a_row_that_fits_no_device_of_the_stage_is_refused(running: LecStage, row: str, says: str) -> None:
    HeadEndProfile.objects.get_or_create(head_end="SIM")
    run = checked("device_states", f"{HEADING}{row}\n")
    assert counts(run)[3] == 1
    assert says in " ".join(str(one.reason) for one in run.refused_cells.all())


def test_before_its_start_and_after_its_outcomes_a_stage_takes_no_file(ven: VenClient, now: datetime) -> None:
    stage = published(now, starts_at=now + MINUTE)
    (refused,) = checked("device_states", f"{HEADING}DR-2026-0001/1,HE1,N0000001,answered,,\n").refused_cells.all()
    assert "The stage has not started." in refused.reason
    LecStage.objects.filter(pk=stage.pk).update(starts_at=now - 2 * MINUTE)
    operations.start_stage(stage.pk, now=now)
    operations.call_devices(stage.pk, now=now)
    run = checked("device_states", f"{HEADING}DR-2026-0001/1,HE1,N0000001,answered,,\n")
    assert counts(run) == (1, 0, 0, 0)
    operations.end_stage(stage.pk, now=stage.ends_at)
    operations.hand_over_outcomes(stage.pk, now=stage.ends_at + MINUTE)

    run = apply(run)

    assert (run.state, LecWord.objects.exists()) == ("Refused", False)
