"""Raw outcomes: one row per reserved device, depending on the result of its call."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.seam.models import Extract, Message
from lec_sim import operations
from lec_sim.models import LecCall, LecStage
from tests.lec_sim import stages

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def ended(now: datetime) -> Callable[..., LecStage]:
    """A stage that ran for its whole window with six devices, called or not."""

    def make(*, calls: bool = True) -> LecStage:
        stage = stages.reserved(now + HOUR, now, devices=6)
        operations.start_stage(stage.pk, now=stage.starts_at)
        if calls:
            operations.call_devices(stage.pk, now=stage.starts_at)
        operations.end_stage(stage.pk, now=stage.ends_at + timedelta(seconds=1))
        return LecStage.objects.get(pk=stage.pk)

    return make


def _settle(nic_id: str, answer: str, answered_at: datetime | None, **fields: Any) -> None:
    """Set the result of a call; by default of 1,000 W nominal, and not taken back."""
    given = {"overridden_at": None, "power_w": 0, "nominal_w": 1000, **fields}
    LecCall.objects.filter(nic_id=nic_id).update(answer=answer, answered_at=answered_at, **given)


def _handed_over(stage: LecStage, root: Path) -> dict[str, dict[str, str]]:
    operations.hand_over_outcomes(stage.pk, now=stage.ends_at)
    part = root / str(Extract.objects.get().uid) / "part-00001.csv"
    with part.open() as rows:
        return {row["nic_id"]: row for row in csv.DictReader(rows)}


def test_each_code_has_its_reason(ended: Callable[..., LecStage], extract_folder: Path) -> None:
    stage = ended()
    half = stage.starts_at + HOUR / 2
    start = stage.starts_at
    _settle("N0000001", "takes part", start, power_w=900)
    _settle("N0000002", "takes part", start, overridden_at=half, power_w=900)
    _settle("N0000003", "silent", None)
    _settle("N0000004", "rejected", start)

    rows = _handed_over(stage, extract_folder)

    codes = {nic: (row["code"], row["reduction_w"], row["error"]) for nic, row in rows.items() if nic < "N0000005"}
    assert codes == {
        "N0000001": ("D1SP", "900", ""),
        "N0000002": ("D1IO", "450", ""),
        "N0000003": ("D1ND", "0", "the device did not answer"),
        "N0000004": ("D1ER", "0", "the head end system rejected the call"),
    }
    times = {nic: (row["started_at"], row["ended_at"]) for nic, row in rows.items()}
    moments = {nic: tuple(datetime.fromisoformat(one) for one in pair) for nic, pair in times.items() if all(pair)}
    assert moments["N0000001"] == (stage.starts_at, stage.ends_at)
    assert moments["N0000002"] == (stage.starts_at, half)
    assert times["N0000003"] == times["N0000004"] == ("", "")
    assert len(rows) == 6


def test_power_counts_from_the_answer_and_who_answers_after_the_end_did_not(
    ended: Callable[..., LecStage], extract_folder: Path
) -> None:
    stage = ended()
    start, end = stage.starts_at, stage.ends_at
    _settle("N0000001", "takes part", start + HOUR / 4, power_w=1000)
    _settle("N0000002", "takes part", end + timedelta(seconds=1), power_w=1000)
    _settle("N0000003", "rejected", end + timedelta(seconds=1))
    _settle("N0000004", "takes part", start + HOUR / 2, overridden_at=start + HOUR / 4, power_w=1000)
    _settle("N0000005", "takes part", start, power_w=1200, overridden_at=start + HOUR / 2, nominal_w=400)

    rows = _handed_over(stage, extract_folder)

    found = {nic: (row["code"], row["reduction_w"], row["response_pm"]) for nic, row in rows.items()}
    assert found["N0000001"] == ("D1SP", "750", "750")
    assert found["N0000002"] == found["N0000003"] == ("D1ND", "0", "0")
    assert found["N0000004"] == ("D1IO", "0", "0")
    assert found["N0000005"] == ("D1IO", "600", "1500"), "more than 1.5 times the nominal energy counts as 1.5 times"


def test_a_stage_that_is_called_late_reduces_over_its_whole_window(now: datetime, extract_folder: Path) -> None:
    """A stage of 90 s whose devices are called 47 s after its start and answer at once: 43 of 90 s."""
    stage = stages.reserved(now + HOUR, now, devices=1)
    LecStage.objects.filter(pk=stage.pk).update(ends_at=stage.starts_at + timedelta(seconds=90))
    stage.refresh_from_db()
    called_at = stage.starts_at + timedelta(seconds=47)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=called_at)
    _settle("N0000001", "takes part", called_at, power_w=1000)
    operations.end_stage(stage.pk, now=stage.ends_at)

    (row,) = _handed_over(stage, extract_folder).values()

    assert (row["code"], row["reduction_w"]) == ("D1SP", str(1000 * 43 // 90))
    assert row["response_pm"] == "1000", "it gave all it could from its call on"


def test_a_stage_that_ended_before_anybody_was_called_cancels_each_device(
    ended: Callable[..., LecStage], extract_folder: Path
) -> None:
    rows = _handed_over(ended(calls=False), extract_folder)

    assert {row["code"] for row in rows.values()} == {"D1CN"}
    assert {row["error"] for row in rows.values()} == {"never called: the stage ended first"}
    assert {(row["started_at"], row["ended_at"]) for row in rows.values()} == {("", "")}
    assert len(rows) == 6


def test_outcomes_are_handed_over_once(ended: Callable[..., LecStage]) -> None:
    stage = ended()

    for _ in range(2):
        operations.hand_over_outcomes(stage.pk, now=stage.ends_at)

    message = Message.objects.get(kind="raw_outcome")
    assert (message.stage_uid, Extract.objects.get().rows) == (stage.stage_uid, 6)


def test_nothing_is_handed_over_while_a_stage_runs(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)

    operations.hand_over_outcomes(stage.pk, now=stage.starts_at)

    assert not Extract.objects.exists()
