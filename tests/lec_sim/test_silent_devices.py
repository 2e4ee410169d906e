"""Which called devices of a stage have not answered: a page and a file."""

import csv
import io
import uuid
from datetime import datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from integration.console.models import User
from integration.seam.loads import Partition
from lec_sim.models import HeadEndProfile, LecCall, LecStage

MINUTE = timedelta(minutes=1)


@pytest.fixture
def stage(operator: User, now: datetime) -> LecStage:
    """A stage that runs: of five called devices behind two head ends, two have answered."""
    begun = now - 5 * MINUTE
    made = LecStage.objects.create(
        stage_uid=uuid.uuid4(), event_uid=uuid.uuid4(), event_number="DR-2026-0001", stage_number=1,
        time_zone="America/New_York", starts_at=begun, ends_at=now + 55 * MINUTE, control="off", control_value=0,
        state="In Progress", status_revision=1, started_at=begun, calls_made_at=begun, reserved=5, called=5,
    )  # fmt: skip
    for head_end in ("HE1", "HE2"):
        HeadEndProfile.objects.create(head_end=head_end)
    Partition("lec_call", "stage_id", made.pk).create()
    Partition("lec_call", "stage_id", made.pk).attach()
    calls = [
        ("HE1", "N1", "takes part", now - MINUTE),
        ("HE1", "N2", "silent", None),
        ("HE1", "N3", "takes part", now + 9 * MINUTE),
        ("HE2", "N1", "rejected", now - MINUTE),
        ("HE2", "N2", "silent", None),
    ]
    for head_end, nic_id, answer, answered_at in calls:
        LecCall.objects.create(
            stage_id=made.pk, head_end=head_end, nic_id=nic_id, called_at=begun, answer=answer,
            answered_at=answered_at, power_w=0,
        )  # fmt: skip
    return made


def rows_of(client: Client, stage: LecStage, query: str = "") -> list[tuple[str, str]]:
    context = client.get(f"/live-energy-connect/stages/{stage.stage_uid}/not-answered/?{query}").context
    return [(row.head_end, row.nic_id) for row in context["page"].rows]


def test_the_page_lists_the_devices_that_have_not_answered_yet(client: Client, operator: User, stage: LecStage) -> None:
    """A rejection is an answer; one that will only come later isn't one yet."""
    client.force_login(operator)
    assert rows_of(client, stage) == [("HE1", "N2"), ("HE1", "N3"), ("HE2", "N2")]
    assert rows_of(client, stage, "system=HE2") == [("HE2", "N2")]
    assert rows_of(client, stage, "after=HE1~N2") == [("HE1", "N3"), ("HE2", "N2")]
    page = client.get(f"/live-energy-connect/stages/{stage.stage_uid}/not-answered/").content.decode()
    assert "3 of 5 called" in page


def test_after_the_end_those_are_listed_that_had_not_answered_by_then(
    client: Client, operator: User, stage: LecStage, now: datetime
) -> None:
    LecStage.objects.update(state="Completed", ended_at=now - 2 * MINUTE)
    client.force_login(operator)
    assert len(rows_of(client, stage)) == 5


def test_the_file_holds_the_same(client: Client, operator: User, stage: LecStage) -> None:
    client.force_login(operator)
    answer = client.get(f"/live-energy-connect/stages/{stage.stage_uid}/not-answered/export/?system=HE1")

    async def read() -> str:
        return b"".join([bytes(part) async for part in answer]).decode("utf-8-sig")  # type: ignore[attr-defined]

    found = list(csv.DictReader(io.StringIO(async_to_sync(read)())))
    assert [(row["Head end"], row["NIC id"]) for row in found] == [("HE1", "N2"), ("HE1", "N3")]
