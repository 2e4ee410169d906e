"""The conformance realm: whole OpenADR for clients of its own, and nothing of it for anybody else."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from integration.console.models import User
from lec_sim.models import HeadEndProfile, LecStage, RealmObject
from tests.doors.conftest import authority, bearer, loopback  # noqa: F401  (fixtures)
from tests.doors.hooks import post
from tests.doors.receivers import receiving

from .conftest import VenClient
from .test_contract import BUSINESS_LOGIC, OF_A_VEN

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"
Realm = tuple[VenClient, VenClient, VenClient]


@pytest.fixture
def realm(account_of: Callable[..., Any], operator: User, settings: Any) -> Realm:
    """Business logic and two vens of the realm."""
    made = [
        account_of(operator, name, scopes=scopes)
        for name, scopes in (("Logic", BUSINESS_LOGIC), ("First", OF_A_VEN), ("Second", OF_A_VEN))
    ]
    settings.OPENADR_CONFORMANCE = [account.client_id for account, _secret in made]
    logic, first, second = (VenClient(one[0], bearer(one)) for one in made)
    return logic, first, second


def added(client: VenClient, address: str, body: Any) -> Any:
    answer = client.post(address, body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def ven_for(logic: VenClient, client: VenClient, name: str, targets: list[str]) -> Any:
    body = {"objectType": "BL_VEN_REQUEST", "clientID": client.account.client_id, "venName": name, "targets": targets}
    return added(logic, "vens", body)


def test_business_logic_makes_reads_changes_and_deletes(realm: Realm) -> None:
    logic, _first, _second = realm
    program = added(logic, "programs", {"programName": "ResTOU", "targets": None})
    event = added(logic, "events", {"programID": program["id"], "eventName": "Peak", "priority": 0})
    assert (program["objectType"], program["programName"]) == ("PROGRAM", "ResTOU")
    assert logic.found("programs") == [logic.found(f"programs/{program['id']}")] == [program]
    assert logic.found("events", programID=program["id"]) == [event]

    changed = logic.put(f"events/{event['id']}", {"programID": program["id"], "eventName": "Storm"}).json()
    assert (changed["eventName"], "priority" in changed) == ("Storm", False)
    assert (changed["createdDateTime"], changed["id"]) == (event["createdDateTime"], event["id"])
    assert changed["modificationDateTime"] > event["modificationDateTime"]

    assert logic.delete(f"programs/{program['id']}").json() == program
    assert (logic.found("programs"), logic.found("events")) == ([], [])
    assert logic.get(f"events/{event['id']}").status_code == 404


def test_a_ven_reads_what_it_is_granted_and_no_other_target(realm: Realm) -> None:
    logic, first, second = realm
    mine = ven_for(logic, first, "V1", ["north"])
    ven_for(logic, second, "V2", ["south"])
    open_to_all = added(logic, "programs", {"programName": "Open"})
    northern = added(logic, "programs", {"programName": "North", "targets": ["north", "hidden"]})
    added(logic, "programs", {"programName": "South", "targets": ["south"]})
    event = added(logic, "events", {"programID": northern["id"], "targets": ["north", "east", "south"]})

    assert [one["programName"] for one in first.found("programs")] == ["Open", "North"]
    assert [one.get("targets") for one in first.found("programs")] == [None, ["north"]]
    assert [one["programName"] for one in first.found("programs", targets="north")] == ["North"]
    assert first.found("programs", targets="south") == []
    assert first.found(f"events/{event['id']}")["targets"] == ["north"]
    assert second.found("events")[0]["targets"] == ["south"]
    assert logic.found(f"events/{event['id']}") == event
    assert second.get(f"programs/{northern['id']}").status_code == 404

    added(logic, "resources", {"objectType": "BL_RESOURCE_REQUEST", "clientID": first.account.client_id,
                               "resourceName": "R1", "venID": mine["id"], "targets": ["south"]})  # fmt: skip
    assert [one["programName"] for one in first.found("programs")] == ["Open", "North", "South"]
    assert open_to_all in first.found("programs")


def test_a_ven_reads_and_writes_its_own_and_widens_no_targets(realm: Realm) -> None:
    logic, first, second = realm
    mine = ven_for(logic, first, "V1", ["north"])
    own = added(second, "vens", {"objectType": "VEN_VEN_REQUEST", "venName": "V2", "targets": ["north"]})
    assert (own["clientID"], "targets" in own) == (second.account.client_id, False)
    assert (first.found("vens"), second.found("vens")) == ([mine], [own])
    assert [one["venName"] for one in logic.found("vens")] == ["V1", "V2"]

    wanted = {"objectType": "VEN_VEN_REQUEST", "venName": "V1b", "targets": ["south"], "clientID": "somebody"}
    changed = first.put(f"vens/{mine['id']}", wanted).json()
    assert (changed["venName"], changed["targets"], changed["clientID"]) == ("V1b", ["north"], mine["clientID"])
    refused = first.put(f"vens/{mine['id']}", {**wanted, "objectType": "BL_VEN_REQUEST"})
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)

    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "R1", "venID": mine["id"]}
    assert second.post("resources", resource).status_code == 409
    assert added(first, "resources", resource)["clientID"] == first.account.client_id
    assert first.post("resources", resource).status_code == 409
    assert second.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": "V1b"}).status_code == 409
    assert second.delete(f"vens/{mine['id']}").status_code == 404
    for address in ("programs", "events"):
        assert first.post(address, {"programName": "Mine", "programID": "realm-1"}).status_code == 403


def test_reports_are_their_vens(realm: Realm) -> None:
    logic, first, second = realm
    program = added(logic, "programs", {"programName": "ResTOU"})
    event = added(logic, "events", {"programID": program["id"]})
    body = {"eventID": event["id"], "clientName": "V1", "resources": []}
    report = added(first, "reports", body)
    assert report["clientID"] == first.account.client_id
    assert (first.found("reports"), second.found("reports"), logic.found("reports")) == ([report], [], [report])
    assert first.found("reports", programID=program["id"], eventID=event["id"], clientName="V1") == [report]
    assert first.found("reports", clientName="V2") == []
    assert logic.post("reports", body).status_code == 403
    assert first.post("reports", {**body, "eventID": "realm-0"}).status_code == 409
    assert second.put(f"reports/{report['id']}", body).status_code == 404


@pytest.mark.parametrize(
    ("event", "is_active"),
    [
        ({}, True),
        ({"intervalPeriod": {"start": "2020-01-01T00:00:00Z", "duration": "PT1H"}}, False),
        ({"intervalPeriod": {"start": "2020-01-01T00:00:00Z", "duration": "P9999Y"}}, True),
        ({"intervalPeriod": {"start": "2020-01-01T00:00:00Z"}, "duration": "PT1H"}, False),
        ({"intervalPeriod": {"start": "2999-01-01T00:00:00Z", "duration": "PT1H"}}, True),
        ({"intervalPeriod": {"start": "0001-01-01T00:00:00Z", "duration": "PT0S"}}, True),
        ({"intervals": [{"id": 0, "payloads": [], "intervalPeriod": {"start": "2020-01-01T00:00:00Z"}}]}, False),
    ],
)
def test_active_leaves_out_what_has_ended(realm: Realm, event: Any, is_active: bool) -> None:
    logic = realm[0]
    program = added(logic, "programs", {"programName": "ResTOU"})
    made = added(logic, "events", {"programID": program["id"], **event})
    assert logic.found("events", active="true") == ([made] if is_active else [])
    assert logic.found("events", active="false") == [made]


def test_a_read_is_answered_304_until_something_changes(realm: Realm) -> None:
    logic = realm[0]
    added(logic, "programs", {"programName": "A"})
    tag = logic.get("programs")["ETag"]
    assert logic.get("programs", **{"If-None-Match": tag}).status_code == 304
    added(logic, "programs", {"programName": "B"})
    assert logic.get("programs", **{"If-None-Match": tag}).status_code == 200
    assert [one["programName"] for one in logic.found("programs", skip=1, limit=5)] == ["B"]


def test_nothing_of_it_is_seen_behind_a_head_end_nor_the_other_way(
    realm: Realm, ven: VenClient, stage: LecStage, settings: Any
) -> None:
    logic = realm[0]
    settings.OPENADR_CONFORMANCE += [ven.account.client_id]  # of a head end, it stays out although it is named
    program = added(logic, "programs", {"programName": "Open"})
    event = added(logic, "events", {"programID": program["id"], "targets": [f"stage-{stage.stage_uid}"]})

    assert [one["id"] for one in ven.found("events")] == [str(stage.stage_uid)]
    assert [one["programName"] for one in ven.found("programs")] == ["COOL"]
    assert ven.get(f"events/{event['id']}").status_code == 404
    assert ven.post("programs", {"programName": "Mine"}).status_code == 403
    assert [one["id"] for one in logic.found("events")] == [event["id"]]
    assert logic.get(f"events/{stage.stage_uid}").status_code == 404
    assert (logic.found("vens"), logic.found("resources")) == ([], [])


def test_there_is_no_realm_unless_settings_name_its_clients(realm: Realm, settings: Any) -> None:
    logic = realm[0]
    added(logic, "programs", {"programName": "Open"})
    settings.OPENADR_CONFORMANCE = []
    assert logic.found("programs") == []
    refused = logic.post("programs", {"programName": "Other"})
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert "Only Gridcall itself writes programs" in refused.json()["detail"]
    assert RealmObject.objects.count() == 1


def test_those_who_subscribed_and_may_read_it_are_told(
    realm: Realm,
    loopback: ssl.SSLContext,  # noqa: F811
) -> None:
    logic, first, second = realm
    ven_for(logic, first, "V1", ["north"])
    with receiving(loopback) as receiver:
        for client in (logic, first, second):
            operation = {"objects": ["EVENT"], "operations": ["CREATE", "DELETE"], "callbackUrl": receiver.url}
            added(client, "subscriptions", {"clientName": client.account.name, "objectOperations": [operation]})
        program = added(logic, "programs", {"programName": "ResTOU"})
        event = added(logic, "events", {"programID": program["id"], "targets": ["north", "east"]})
        logic.put(f"events/{event['id']}", {"programID": program["id"], "targets": ["north"]})
        post()
        told = [(one.content["operation"], one.content["object"]["targets"]) for one in receiver.posted]
    assert sorted(told) == [("CREATE", ["north"]), ("CREATE", ["north", "east"])]
    assert len(logic.found("subscriptions")) == 3
    assert len(first.found("subscriptions")) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "programName: Field required"),
        ({"programName": "A", "intervalPeriod": {"start": "noon"}}, "intervalPeriod.start: “noon” must be a moment"),
        ({"programName": "A", "intervalPeriod": {"duration": "1 h"}}, "“1 h” must be a length of time, as PT15M."),
        ({"programName": "A", "attributes": [{"type": "X", "values": [None]}]}, "attributes.0.values.0"),
    ],
)
def test_a_body_that_is_wrong_is_a_400_with_the_place(realm: Realm, body: Any, says: str) -> None:
    answer = realm[0].post("programs", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert says in answer.json()["detail"]


def test_a_head_end_that_leaves_openadr_frees_its_client_for_the_realm(
    realm: Realm, ven: VenClient, settings: Any
) -> None:
    settings.OPENADR_CONFORMANCE += [ven.account.client_id]
    added(realm[0], "programs", {"programName": "Open"})
    HeadEndProfile.objects.filter(head_end="HE1").update(driver="simulated")
    assert [one["programName"] for one in ven.found("programs")] == ["Open"]
