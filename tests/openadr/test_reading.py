"""What a ven reads: its stages as events, its devices as resources, and nothing of anybody else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from lec_sim.models import Announcement, HeadEndProfile, LecStage, Removal
from lec_sim.operations import follow_stage
from tests.doors.conftest import bearer
from tests.lec_sim import stages

from .conftest import HOUR, ROOT, VenClient, published

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def left(stage: LecStage, nic_id: str, answer: str = "removed") -> None:
    Removal.objects.create(
        stage_uid=stage.stage_uid, head_end="HE1", nic_id=nic_id, reason="opt-out", answer=answer, at=stage.starts_at
    )


def test_a_stage_is_an_event_of_its_program(ven: VenClient, stage: LecStage) -> None:
    (program,) = ven.found("programs")
    (event,) = ven.found("events")

    assert (program["objectType"], program["programName"]) == ("PROGRAM", "COOL")
    assert event["id"] == str(stage.stage_uid)
    assert (event["programID"], event["eventName"], event["priority"]) == (program["id"], "DR-2026-0001/1", 2)
    assert event["targets"] == [f"stage-{stage.stage_uid}"]
    start = stage.starts_at.isoformat().replace("+00:00", "Z")
    assert event["intervalPeriod"] == {"start": start, "duration": "PT3600S"}
    (interval,) = event["intervals"]
    assert interval == {
        "id": 0,
        "payloads": [{"type": "SIMPLE", "values": [1]}, {"type": "GRIDCALL_CONTROL", "values": ["off", 0.0]}],
    }
    assert [one["payloadType"] for one in event["reportDescriptors"]] == ["OPERATING_STATE", "USAGE"]
    assert ven.found(f"events/{event['id']}") == event
    assert ven.found(f"programs/{program['id']}") == program


def test_a_ven_finds_itself_and_its_devices(ven: VenClient, stage: LecStage) -> None:
    (me,) = ven.found("vens")
    devices = ven.found("resources")

    assert (me["venName"], me["clientID"]) == ("HE1", ven.account.client_id)
    assert me["targets"] == [f"stage-{stage.stage_uid}"]
    assert [one["resourceName"] for one in devices] == [f"N{n:07}" for n in range(1, 21)]
    assert {one["venID"] for one in devices} == {me["id"]}
    assert devices[0]["targets"] == [f"stage-{stage.stage_uid}"]
    assert devices[0]["attributes"] == [{"type": "MAX_POWER_CONSUMPTION", "values": [0.121]}]
    assert ven.found(f"resources/{devices[3]['id']}") == devices[3]
    assert ven.found(f"vens/{me['id']}") == me


def test_a_grant_is_a_reservation_less_removals_and_no_page_is_short(ven: VenClient, stage: LecStage) -> None:
    for number in (2, 3, 5, 20):
        left(stage, f"N{number:07}")
    left(stage, "N0000007", "too late")
    left(stage, "N0000009", "pending")

    pages = [ven.found("resources", skip=skip, limit=5) for skip in range(0, 20, 5)]

    assert [len(page) for page in pages] == [5, 5, 5, 0]
    names = [one["resourceName"] for page in pages for one in page]
    assert names == [f"N{n:07}" for n in range(1, 21) if n not in (2, 3, 5, 9, 20)]
    assert ven.found("resources", resourceName="N0000002") == []
    assert [one["resourceName"] for one in ven.found("resources", resourceName="N0000007")] == ["N0000007"]


def test_nothing_of_another_ven_is_ever_seen(
    ven: VenClient, stage: LecStage, ven_of: Callable[..., VenClient], now: datetime
) -> None:
    other = ven_of("HE2")
    others = published(now, head_ends=("HE2",), devices=3)
    both = published(now, starts_at=now + 3 * HOUR, head_ends=("HE1", "HE2"), devices=2)

    assert [one["id"] for one in ven.found("events")] == [str(stage.stage_uid), str(both.stage_uid)]
    assert [one["id"] for one in other.found("events")] == [str(others.stage_uid), str(both.stage_uid)]
    assert [one["venName"] for one in other.found("vens")] == ["HE2"]
    assert len(other.found("resources")) == 3
    mine = ven.found("resources")[0]["id"]
    (me,) = ven.found("vens")
    for address in (f"events/{stage.stage_uid}", f"resources/{mine}", f"vens/{me['id']}"):
        answer = other.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM), address
    assert other.found("resources", venID=me["id"]) == []
    assert other.found("events", targets=f"stage-{stage.stage_uid}") == []


def test_a_client_without_a_ven_reads_nothing(
    ven_of: Callable[..., VenClient], ven: VenClient, stage: LecStage
) -> None:
    other = ven_of("HE2")
    HeadEndProfile.objects.filter(head_end="HE2").update(driver="simulated")
    assert [other.found(address) for address in ("programs", "events", "vens", "resources")] == [[], [], [], []]


def test_targets_are_the_intersection_of_what_is_asked_and_granted(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    later = published(now, starts_at=now + 3 * HOUR, devices=2)
    first, second = f"stage-{stage.stage_uid}", f"stage-{later.stage_uid}"

    assert len(ven.found("events")) == 2
    assert [one["targets"] for one in ven.found("events", targets=second)] == [[second]]
    assert [one["targets"] for one in ven.found("events", targets=[second, "stage-of-others"])] == [[second]]
    assert ven.found("events", targets="stage-of-others") == []
    assert [one["targets"] for one in ven.found("resources", targets=second)] == [[second], [second]]
    assert [one["targets"] for one in ven.found("resources", limit=3)] == [[first, second], [first, second], [first]]
    assert ven.found("programs", targets=first) == []


def test_a_canceled_stage_has_no_length_and_stays_until_the_day_after_its_end(
    ven: VenClient, stage: LecStage, now: datetime
) -> None:
    before = ven.found("events")[0]
    canceled = stages.status(stage.starts_at, stage_uid=stage.stage_uid, state="Canceled", revision=3, reason="Storm")
    follow_stage(canceled, now=now + timedelta(seconds=3))

    (event,) = ven.found("events", active="true")

    assert event["intervalPeriod"] == {"start": "0001-01-01T00:00:00Z", "duration": "PT0S"}
    assert event["modificationDateTime"] > before["modificationDateTime"]
    assert event["createdDateTime"] == before["createdDateTime"]
    LecStage.objects.filter(pk=stage.pk).update(
        starts_at=now - timedelta(days=3), ends_at=now - timedelta(days=2, seconds=-1)
    )
    assert ven.found("events") == []


@pytest.mark.parametrize(
    ("address", "query", "says"),
    [
        ("events", {"limit": "51"}, "“limit” must be a whole number from 0 to 50."),
        ("events", {"limit": "-1"}, "“limit” must be a whole number from 0 to 50."),
        ("events", {"skip": "2147483648"}, "“skip” must be a whole number from 0 to 2147483647."),
        ("events", {"skip": ["1", "2"]}, "Give “skip” once."),
        ("events", {"active": "yes"}, "“active” must be true or false."),
        ("events", {"programID": "a b"}, "“programID” must be an id"),
        ("events", {"targets": ""}, "Each of “targets” must have 1 to 128 characters."),
        ("vens", {"venName": "x" * 129}, "“venName” must have 1 to 128 characters."),
        ("resources", {"resourceName": "a\0b"}, "“resourceName” must have 1 to 128 characters."),
        ("events", {"venName": "HE1"}, "This address has no parameter “venName”; it takes: programID, active"),
        ("events/1", {"limit": "1"}, "This address has no parameter “limit”; it takes: —."),
    ],
)
def test_a_parameter_that_is_wrong_is_a_400_that_says_why(
    ven: VenClient, address: str, query: dict[str, Any], says: str
) -> None:
    answer = ven.get(address, query)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert says in answer.json()["detail"]


def test_an_answer_is_only_sent_again_when_something_changed(ven: VenClient, stage: LecStage, now: datetime) -> None:
    tags = {address: ven.get(address)["ETag"] for address in ("programs", "events", "vens", "resources?limit=2")}
    for address, tag in tags.items():
        same = ven.get(address, **{"If-None-Match": tag})
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)

    published(now, starts_at=now + 3 * HOUR, devices=2)

    for address, tag in tags.items():
        assert ven.get(address, **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("header", ["{tag}", "W/{tag}", '"a", {tag} , "b"', '"a",W/{tag}'])
def test_an_etag_may_stand_among_others_and_be_weak(ven: VenClient, stage: LecStage, header: str) -> None:
    tag = ven.get("events")["ETag"]
    assert ven.get("events", **{"If-None-Match": header.format(tag=tag)}).status_code == 304
    other = header.format(tag=tag.replace(tag[1], "x", 1))
    assert ven.get("events", **{"If-None-Match": other}).status_code == 200


def test_who_wants_nothing_of_what_is_there_gets_nothing_and_was_told_nothing(ven: VenClient, stage: LecStage) -> None:
    for address in ("events", f"events/{stage.stage_uid}", "resources"):
        answer = ven.get(address, **{"If-None-Match": "*"})
        assert (answer.status_code, answer.content) == (304, b"")
    assert ven.get("events/nowhere", **{"If-None-Match": "*"}).status_code == 404
    told = Announcement.objects.get()
    assert (told.read_revision, told.first_read_at, told.grants_read_at) == (0, None, None)


def test_writes_of_business_logic_are_refused(ven: VenClient, stage: LecStage) -> None:
    for method, address in (("post", "events"), ("put", f"events/{stage.stage_uid}"), ("delete", "programs/program-1")):
        answer = getattr(Client(), method)(ROOT + address, headers=ven.header)
        assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)
        assert "Only Gridcall itself writes programs and events" in answer.json()["detail"]
    assert Client().patch(ROOT + "events", headers=ven.header).status_code == 405


def test_each_read_takes_its_scope(account_of: Callable[..., Any], ven: VenClient) -> None:
    made = account_of(ven.account.owner, "One scope", scopes=["read_targets"])
    header = bearer(made)
    assert Client().get(ROOT + "events", headers=header).status_code == 200
    refused = Client().get(ROOT + "vens", headers=header)
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert "read_ven_objects" in refused.json()["detail"]
    assert Client().get(ROOT + "vens").status_code == 401
