"""Devices of a head end begin a stage at moments of their own, and none before its start or after its end."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from integration.console.models import User
from lec_sim.models import Announcement, HeadEndProfile, LecStage
from lec_sim.operations import call_devices, start_stage
from tests.lec_sim.reporting import outcomes
from tests.pages.editing import save

from .conftest import HOUR, VenClient, move_calls, published

pytestmark = pytest.mark.django_db
PAGE = "/live-energy-connect/head-ends/HE1/"


def spread(client: Client, operator: User, ven: VenClient, minutes: int) -> Any:
    client.force_login(operator)
    return save(client, PAGE, {"driver": "openadr", "client": ven.account.client_id, "start_spread_min": minutes})


def earliest_and_latest(event: dict[str, Any]) -> tuple[datetime, datetime]:
    """When a device that follows `randomizeStart` begins first and ends last, which it shifts by the same."""
    period = event["intervalPeriod"]
    start, extent = datetime.fromisoformat(period["start"]), seconds(period["randomizeStart"])
    return start - extent, start + extent + seconds(period["duration"])


def seconds(duration: str) -> timedelta:
    found = re.fullmatch(r"PT(\d+)S", duration)
    assert found, duration
    return timedelta(seconds=int(found[1]))


def test_nobody_starts_early_or_ends_late(ven: VenClient, stage: LecStage, client: Client, operator: User) -> None:
    (before,) = ven.found("events")
    assert "randomizeStart" not in before["intervalPeriod"]

    assert spread(client, operator, ven, 10).status_code == 302

    (event,) = ven.found("events")
    start = (stage.starts_at + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    assert event["intervalPeriod"] == {"start": start, "duration": "PT3000S", "randomizeStart": "PT300S"}
    assert earliest_and_latest(event) == (stage.starts_at, stage.ends_at)
    assert event["modificationDateTime"] > before["modificationDateTime"]
    told = Announcement.objects.get()
    assert (told.revision, told.read_revision) == (2, 2)
    versions = apps.get_model("lec_sim", "HeadEndProfileChange").objects.order_by("-pgh_id")
    assert [one.start_spread_min for one in versions[:2]] == [10, 0]
    assert versions[0].pgh_context["by"] == operator.username


def test_a_spread_applies_to_what_is_published_and_never_to_what_runs(
    ven: VenClient, stage: LecStage, client: Client, operator: User, now: datetime
) -> None:
    start_stage(stage.pk, now=stage.starts_at)
    spread(client, operator, ven, 15)
    later = published(now, starts_at=now + 3 * HOUR, devices=2)

    running, waiting = ven.found("events")

    assert "randomizeStart" not in running["intervalPeriod"]
    assert waiting["intervalPeriod"]["randomizeStart"] == "PT450S"
    assert earliest_and_latest(waiting) == (later.starts_at, later.ends_at)
    assert [one["resourceName"] for one in ven.found("resources", targets=waiting["targets"])] == [
        "N0000001", "N0000002",
    ]  # fmt: skip


def test_a_short_stage_is_spread_over_half_of_it(ven: VenClient, client: Client, operator: User, now: datetime) -> None:
    short = published(now)
    LecStage.objects.update(ends_at=short.starts_at + timedelta(minutes=10))
    short.refresh_from_db()

    spread(client, operator, ven, 15)

    (event,) = ven.found("events")

    assert event["intervalPeriod"]["duration"] == "PT300S"
    assert earliest_and_latest(event) == (short.starts_at, short.ends_at)


def test_of_several_head_ends_of_a_client_the_shortest_counts(
    ven: VenClient, client: Client, operator: User, now: datetime
) -> None:
    HeadEndProfile.objects.update_or_create(
        head_end="HE2", defaults={"driver": "openadr", "client": ven.account.client_id, "start_spread_min": 4}
    )
    spread(client, operator, ven, 10)
    published(now, head_ends=("HE1", "HE2"))
    (event,) = ven.found("events")
    assert event["intervalPeriod"]["randomizeStart"] == "PT120S"


def test_a_stage_that_is_off_has_no_spread(ven: VenClient, stage: LecStage, client: Client, operator: User) -> None:
    spread(client, operator, ven, 10)
    LecStage.objects.update(state="Canceled")
    (event,) = ven.found("events")
    assert event["intervalPeriod"] == {"start": "0001-01-01T00:00:00Z", "duration": "PT0S"}


@pytest.mark.parametrize("minutes", [-1, 16])
def test_more_than_a_quarter_of_an_hour_is_refused(
    ven: VenClient, client: Client, operator: User, minutes: int
) -> None:
    refused = spread(client, operator, ven, minutes)
    assert refused.status_code == 422
    assert HeadEndProfile.objects.get(head_end="HE1").start_spread_min == 0


def test_a_device_that_is_done_before_the_stage_ends_was_not_taken_back(
    ven: VenClient,
    stage: LecStage,
    client: Client,
    operator: User,
    extract_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spread(client, operator, ven, 10)
    start_stage(stage.pk, now=stage.starts_at)
    call_devices(stage.pk, now=stage.starts_at)
    done, taken_back = "N0000001", "N0000002"

    for minute, state, names in (
        (1, "RUNNING_CURTAILED", (done, taken_back)),
        (49, "RUNNING_NORMAL", (taken_back,)),  # none that began with the stage is done yet
        (50, "RUNNING_NORMAL", (done,)),
    ):
        move_calls(monkeypatch, stage.starts_at + timedelta(minutes=minute))
        values = [{"id": 0, "payloads": [{"type": "OPERATING_STATE", "values": [state]}]}]
        resources = [{"resourceName": name, "intervals": values} for name in names]
        sent = {"eventID": str(stage.stage_uid), "clientName": "HE1", "resources": resources}
        assert ven.post("reports", sent).status_code == 201

    found = outcomes(stage, extract_folder)
    assert (found["HE1", done]["code"], found["HE1", taken_back]["code"]) == ("D1SP", "D1IO")
