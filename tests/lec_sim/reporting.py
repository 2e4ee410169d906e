"""A driver for tests, whose devices did what was reported of them, whatever protocol it came by."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

from integration.seam.messages import DeliveredLoad
from integration.seam.models import Extract, Message
from lec_sim import operations
from lec_sim.choices import Measure, Quality, Word
from lec_sim.drivers import Driver, Rows
from lec_sim.drivers.reported import reported_answers, reported_load
from lec_sim.models import LecReservation, LecStage
from lec_sim.operations import Measured, Said, hear

MINUTE, SECONDS = timedelta(minutes=1), timedelta(seconds=1)
HE = "VEN1"
FIRST, SECOND, THIRD, FOURTH = (f"N000000{n}" for n in range(1, 5))


class Reporting(Driver):
    """Answers as the openadr driver does, and notifies nobody."""

    name = "reporting"
    answers_within = timedelta(seconds=30)

    def answers(self, stage: LecStage) -> Rows | None:
        return reported_answers(stage)

    def delivered(self, stage: LecStage, *, now: datetime) -> Rows | None:
        return reported_load(stage, now=now)


def say(stage: LecStage, nic_id: str, word: Word, at: datetime, *, heard_at: datetime | None = None) -> int:
    """Let the head end say something of a device."""
    return hear(stage.pk, HE, [Said(nic_id, word, at)], [], now=heard_at or at).new


def measure(
    stage: LecStage,
    nic_id: str,
    kind: Measure,
    watts: float,
    starts_at: datetime,
    *,
    minutes: float = 1,
    quality: Quality = Quality.OK,
    head_end: str = HE,
) -> int:
    """Let the head end measure a device, or with no NIC id all of its devices, for some minutes from a moment on."""
    ends_at = starts_at + timedelta(minutes=minutes)
    measured = Measured(nic_id, kind, starts_at, ends_at, watts, quality)
    return hear(stage.pk, head_end, [], [measured], now=ends_at).new


def call(stage: LecStage) -> LecStage:
    """Start a stage on time and call its devices five seconds later."""
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at + 5 * SECONDS)
    return LecStage.objects.get(pk=stage.pk)


def outcomes(stage: LecStage, root: Path) -> dict[tuple[str, str], dict[str, str]]:
    """End the stage on time and send its outcomes; returns them by head end and NIC id."""
    operations.end_stage(stage.pk, now=stage.ends_at)
    operations.hand_over_outcomes(stage.pk, now=stage.ends_at + MINUTE)
    with (root / str(Extract.objects.latest("pk").uid) / "part-00001.csv").open() as part:
        return {(row["head_end"], row["nic_id"]): row for row in csv.DictReader(part)}


def codes(stage: LecStage, root: Path) -> dict[str, str]:
    return {nic_id: row["code"] for (head_end, nic_id), row in outcomes(stage, root).items() if head_end == HE}


def delivered(stage: LecStage, at: datetime) -> DeliveredLoad:
    operations.collect_answers(stage.pk, now=at)
    operations.report_delivered_load(stage.pk, now=at)
    body = Message.objects.filter(kind="delivered_load").latest("pk").body
    assert isinstance(body, DeliveredLoad)
    return body


def nominal(stage: LecStage, nic_id: str) -> int:
    found = LecReservation.objects.get(stage_id=stage.pk, head_end=HE, nic_id=nic_id).nominal_w
    assert found
    return found
