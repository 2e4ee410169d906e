"""What a ven has read is the evidence that it was told; a removal is only answered once it has read that it leaves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integration.seam.messages import DeviceRemoval, RemovalAnswer
from integration.seam.models import Alert, Message
from lec_sim.models import Announcement, LecCall, LecStage, Removal
from lec_sim.operations import (
    call_devices,
    end_stage,
    follow_stage,
    remove_device,
    report_unread_cancel,
    start_stage,
)
from lec_sim.queries.due import stage_ids_with_unread_cancel
from tests.lec_sim import stages

from .conftest import HOUR, ROOT, VenClient, published

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
FIRST, SECOND_ONE, LAST = "N0000001", "N0000002", "N0000020"


def remove(stage: LecStage, nic_id: str, now: datetime, reason: str = "opt-out") -> None:
    body = {"stage_uid": stage.stage_uid, "head_end": "HE1", "nic_id": nic_id, "reason": reason}
    remove_device(DeviceRemoval.model_validate(body), now=now)


def answers() -> list[tuple[str, str, str, bool]]:
    """The answers that DERMS was sent."""
    found = []
    for message in Message.objects.filter(kind="removal_answer").order_by("pk"):
        body = message.body
        assert isinstance(body, RemovalAnswer)
        found.append((body.nic_id, body.reason, body.answer, body.is_unconfirmed))
    return found


def told(stage: LecStage) -> Announcement:
    return Announcement.objects.get(stage=stage)


def test_the_first_read_of_an_event_is_the_evidence(ven: VenClient, stage: LecStage, now: datetime) -> None:
    assert (told(stage).devices, told(stage).read_revision, told(stage).first_read_at) == (20, 0, None)

    ven.found("events")
    first = told(stage)
    assert (first.read_revision, first.grants_read_at) == (1, None)
    assert first.first_read_at is not None
    assert first.first_read_at >= now

    ven.found("events")
    assert told(stage).first_read_at == first.first_read_at
    follow_stage(
        stages.status(stage.starts_at, stage_uid=stage.stage_uid, state="Canceled", revision=3, reason="Storm"), now=now
    )
    assert (told(stage).revision, told(stage).read_revision) == (2, 1)
    ven.found(f"events/{stage.stage_uid}")
    assert (told(stage).read_revision, told(stage).first_read_at) == (2, first.first_read_at)


def test_a_head_is_no_evidence_and_answers_no_removal(ven: VenClient, stage: LecStage, now: datetime) -> None:
    for address in ("events", "resources", f"events/{stage.stage_uid}"):
        shown = Client().head(ROOT + address, headers=ven.header)
        assert (shown.status_code, shown.content) == (200, b"")
        assert shown["ETag"] == Client().head(ROOT + address, headers=ven.header)["ETag"]
    assert (told(stage).read_revision, told(stage).first_read_at, told(stage).grants_read_at) == (0, None, None)
    ven.found("resources")
    remove(stage, FIRST, now)
    Client().head(f"{ROOT}resources", headers=ven.header)
    assert answers() == []
    ven.found("resources")
    assert answers() == [(FIRST, "opt-out", "removed", False)]


def test_an_event_that_was_not_on_the_page_was_not_read(ven: VenClient, stage: LecStage, now: datetime) -> None:
    later = published(now, starts_at=now + 3 * HOUR, devices=2)
    ven.found("events", limit=1)
    assert (told(stage).read_revision, told(later).read_revision) == (1, 0)


def test_a_removal_that_the_ven_has_no_idea_of_is_answered_at_once(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    remove(stage, FIRST, now)
    assert answers() == [(FIRST, "opt-out", "removed", False)]
    assert FIRST not in [one["resourceName"] for one in ven.found("resources")]


@pytest.mark.parametrize("before", ["events", "resources"])
def test_a_removal_is_answered_once_the_ven_has_read_where_the_device_was(
    ven: VenClient, stage: LecStage, now: datetime, before: str
) -> None:
    ven.found(before)
    remove(stage, SECOND_ONE, now)
    assert answers() == []

    (event,) = ven.found("events")
    assert event["intervalPeriod"]["duration"] == "PT3600S"
    ven.found("resources", skip=5, limit=5)
    assert answers() == []

    names = [one["resourceName"] for one in ven.found("resources", skip=0, limit=2)]
    assert names == [FIRST, "N0000003"]
    assert answers() == [(SECOND_ONE, "opt-out", "removed", False)]
    assert Removal.objects.get().answer == "removed"
    ven.found("resources")
    assert len(answers()) == 1


@pytest.mark.parametrize(
    "query", [{"resourceName": LAST}, {"skip": 15, "limit": 5}, {"skip": 18}, {"targets": "stage-{uid}"}]
)
def test_any_read_that_would_have_shown_the_device_answers(
    ven: VenClient, stage: LecStage, now: datetime, query: dict[str, Any]
) -> None:
    ven.found("events")
    remove(stage, LAST, now)
    ven.found("resources", **{name: str(value).format(uid=stage.stage_uid) for name, value in query.items()})
    assert answers() == [(LAST, "opt-out", "removed", False)]


@pytest.mark.parametrize(
    "query", [{"resourceName": FIRST}, {"limit": 5}, {"limit": 0}, {"skip": 30}, {"targets": "stage-of-others"}]
)
def test_a_read_that_would_not_have_shown_it_does_not(
    ven: VenClient, stage: LecStage, now: datetime, query: dict[str, Any]
) -> None:
    ven.found("events")
    remove(stage, LAST, now)
    ven.found("resources", **query)
    assert answers() == []


def test_the_resource_that_is_gone_answers_too(ven: VenClient, stage: LecStage, now: datetime) -> None:
    found = {one["resourceName"]: one["id"] for one in ven.found("resources")}
    remove(stage, SECOND_ONE, now)
    assert ven.get(f"resources/{found[FIRST]}").status_code == 200
    assert answers() == []
    assert ven.get(f"resources/{found[SECOND_ONE]}").status_code == 404
    assert answers() == [(SECOND_ONE, "opt-out", "removed", False)]


def test_another_ven_answers_nothing(
    ven: VenClient, stage: LecStage, ven_of: Callable[..., VenClient], now: datetime
) -> None:
    both = published(now, head_ends=("HE1", "HE2"), devices=2)
    other = ven_of("HE2")
    ven.found("events")
    remove(both, FIRST, now)
    other.found("events")
    other.found("resources")
    assert answers() == []


def test_an_event_without_devices_is_off_and_reading_it_answers_all(ven: VenClient, now: datetime) -> None:
    stage = published(now, devices=2)
    ven.found("events")
    for nic_id in (FIRST, SECOND_ONE):
        remove(stage, nic_id, now)

    (event,) = ven.found("events")

    assert event["intervalPeriod"] == {"start": "0001-01-01T00:00:00Z", "duration": "PT0S"}
    assert sorted(answers()) == [(FIRST, "opt-out", "removed", False), (SECOND_ONE, "opt-out", "removed", False)]


def test_what_is_unread_at_the_start_is_unconfirmed_and_an_alert(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    ven.found("events")
    remove(stage, FIRST, now)
    remove(stage, FIRST, now, "customer unavailable")
    start = stage.starts_at

    start_stage(stage.pk, now=start)
    call_devices(stage.pk, now=start + SECOND)

    assert answers() == [(FIRST, "opt-out", "too late", True), (FIRST, "customer unavailable", "too late", True)]
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.stage_uid, alert.closed_at) == ("removal not read", stage.stage_uid, None)
    assert "DR-2026-0001 stage 1 started and head ends had not read that 1 devices leave it" in str(alert)
    # It counts as called, and the ven must not begin with it now.
    assert LecCall.objects.filter(stage_id=stage.pk, nic_id=FIRST).exists()
    assert FIRST not in [one["resourceName"] for one in ven.found("resources")]
    assert len(answers()) == 2
    end_stage(stage.pk, now=stage.ends_at)
    assert Alert.objects.get().closed_at is not None


def test_a_stage_that_starts_unread_is_an_alert_until_it_is_read(ven: VenClient, stage: LecStage) -> None:
    start_stage(stage.pk, now=stage.starts_at)
    call_devices(stage.pk, now=stage.starts_at)

    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.closed_at) == ("head end not told", None)
    assert "DR-2026-0001 stage 1 started and HE1 had not read it: 20 of its 20 devices are not called." in str(alert)
    ven.found("events")
    assert Alert.objects.get().closed_at is not None


def test_a_stage_that_was_read_starts_without_an_alert(ven: VenClient, stage: LecStage) -> None:
    ven.found("events")
    start_stage(stage.pk, now=stage.starts_at)
    call_devices(stage.pk, now=stage.starts_at + SECOND)
    assert not Alert.objects.exists()
    stage.refresh_from_db()
    assert (stage.called, stage.pending) == (20, 20)


def test_a_device_leaves_a_running_stage_when_the_ven_has_read_it(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    ven.found("events")
    start_stage(stage.pk, now=stage.starts_at)
    call_devices(stage.pk, now=stage.starts_at)
    remove(stage, FIRST, stage.starts_at + SECOND, "customer unavailable")
    remove(stage, FIRST, stage.starts_at + SECOND)
    assert answers() == [(FIRST, "opt-out", "too late", False)]
    ven.found("resources")
    assert answers()[1:] == [(FIRST, "customer unavailable", "released", False)]


def test_what_is_unread_at_the_end_is_unconfirmed(ven: VenClient, stage: LecStage) -> None:
    ven.found("events")
    start_stage(stage.pk, now=stage.starts_at)
    call_devices(stage.pk, now=stage.starts_at)
    remove(stage, FIRST, stage.starts_at + SECOND, "customer unavailable")
    end_stage(stage.pk, now=stage.ends_at)
    assert answers() == [(FIRST, "customer unavailable", "too late", True)]


def test_a_canceled_stage_leaves_nobody_waiting(ven: VenClient, stage: LecStage, now: datetime) -> None:
    ven.found("events")
    remove(stage, FIRST, now)
    follow_stage(
        stages.status(stage.starts_at, stage_uid=stage.stage_uid, state="Canceled", revision=3, reason="Storm"), now=now
    )
    assert answers() == [(FIRST, "opt-out", "removed", False)]


def cancel(stage: LecStage, now: datetime) -> None:
    follow_stage(
        stages.status(stage.starts_at, stage_uid=stage.stage_uid, state="Canceled", revision=3, reason="Storm"), now=now
    )


def test_a_cancel_that_a_ven_does_not_read_is_an_alert_until_it_does(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    ven.found("events")
    cancel(stage, now)
    assert list(stage_ids_with_unread_cancel(now + 59 * SECOND)) == []
    assert list(stage_ids_with_unread_cancel(now + 60 * SECOND)) == [stage.pk]

    report_unread_cancel(stage.pk, now=now + 60 * SECOND)

    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.stage_uid, alert.closed_at) == ("cancel not read", stage.stage_uid, None)
    assert str(alert) == (
        "DR-2026-0001 stage 1 was canceled. HE1 had read the stage and has not read that: "
        "20 devices may run until its end."
    )
    assert list(stage_ids_with_unread_cancel(now + 61 * SECOND)) == []
    (event,) = ven.found("events")
    assert event["intervalPeriod"]["duration"] == "PT0S"
    assert Alert.objects.get().closed_at is not None


def test_a_cancel_of_what_no_ven_has_read_is_no_alert(ven: VenClient, stage: LecStage, now: datetime) -> None:
    cancel(stage, now)
    assert list(stage_ids_with_unread_cancel(now + HOUR / 2)) == []
