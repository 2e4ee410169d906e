"""The reference system's interfaces of a CPM: its published payloads do what its pages say, in both date styles."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

from cpm.models import Device, Participation, ParticipationOutcome
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.operations import OptOutNotAllowed, opt_out_device
from integration.console.models import User
from integration.seam import clock
from tests import factories
from tests.removals.test_races import race

from .conftest import Made, bearer

pytestmark = pytest.mark.django_db(transaction=True)
SERVICE = "/rest/apis/cross/service/"
EVENT, LIFECYCLE = "programEvent/", "programEvent/lifecycle"
RESERVE, OUTCOME = "programEventParticipation/reserveDevice", "programEventParticipation/postEventOutcome"
# As the published pages write them, and as their types say.
US = {"startDateTime": "10-15-2022 01:00:00PM", "endDateTime": "10-15-2022 05:00:00PM"}
ISO = {"startDateTime": "2022-10-15T13:00:00+00:00", "endDateTime": "2022-10-15T19:00:00+02:00"}
STAGE = {
    "externalIdentifier": "1315",
    "eventExternalIdentifier": "1314",
    "programExternalIdentifier": "COOL",
    "programEventCategory": "X1EC",
}
WINDOW = {"eventStartDateTime": US["startDateTime"], "eventEndDateTime": US["endDateTime"]}
Post = Callable[..., Any]


@pytest.fixture
def post(account_of: Callable[..., Made], administrator: User) -> Post:
    header = bearer(account_of(administrator, "Other DERMS"))

    def send(address: str, body: Any) -> Any:
        return Client(enforce_csrf_checks=True).post(SERVICE + address, body, "application/json", headers=header)

    return send


@pytest.fixture
def devices(program: Any, zone: Any) -> list[Device]:
    """Three devices, installed long before the published events."""
    factories.fleet(zone, program, 3, since=datetime.fromisoformat("2022-01-01T00:00:00Z"))
    return list(Device.objects.order_by("pk"))


def of(device: Device, **more: Any) -> dict[str, Any]:
    return {"headEndSystem": device.head_end, "nicId": device.nic_id, **more}


def event(stage: str = "1315") -> ProgramEvent:
    return ProgramEvent.objects.get(external_id=stage)


def answered(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    assert int(answer["Content-Length"]) == len(answer.content)  # more than was promised is never sent
    return answer.json()


@pytest.mark.parametrize("window", [US, ISO], ids=["US", "ISO"])
def test_a_published_event_becomes_a_program_event(post: Post, program: Any, window: dict[str, str]) -> None:
    told = answered(post(EVENT, {**STAGE, **window}))
    made = event()
    assert (told["startDateTime"], told["endDateTime"]) == ("2022-10-15T13:00:00Z", "2022-10-15T17:00:00Z")
    assert (told["programEventId"], told["status"]) == (str(made.stage_uid), "X1SD")
    assert (made.event_number, made.stage_number, made.program.code) == ("1314", 1, "COOL")
    assert (made.state, made.category) == ("Scheduled", "Economic")
    assert (made.starts_at.isoformat(), made.ends_at.isoformat()) == (
        "2022-10-15T13:00:00+00:00",
        "2022-10-15T17:00:00+00:00",
    )
    assert [one.by for one in made.transitions.all()] == ["service account Other DERMS"]


def test_a_us_time_is_in_the_utilitys_time_zone(post: Post, program: Any, settings: Any) -> None:
    from zoneinfo import ZoneInfo

    settings.NIGHTLY_TIME_ZONE = ZoneInfo("America/New_York")
    assert answered(post(EVENT, {**STAGE, **US}))["startDateTime"] == "2022-10-15T17:00:00Z"
    twice = {"startDateTime": "11-06-2022 01:30:00AM", "endDateTime": "11-06-2022 05:00:00PM"}
    refused = answered(post(EVENT, {**STAGE, "externalIdentifier": "1316", **twice}), 400)
    assert "occurs twice" in refused["detail"]


@pytest.mark.parametrize(
    ("code", "category"),
    [("X1EC", "Economic"), ("X1EM", "Emergency"), ("X1RE", "Reliability"), ("X1DT", "Device Test")],
)
def test_each_category_has_its_code(post: Post, program: Any, code: str, category: str) -> None:
    assert answered(post(EVENT, {**STAGE, **US, "programEventCategory": code}))["programEventCategory"] == code
    assert event().category == category


def test_an_event_that_is_sent_again_is_one_event(post: Post, program: Any) -> None:
    first = answered(post(EVENT, {**STAGE, **US}))
    assert answered(post("programEvent", {**STAGE, **ISO})) == first
    other = answered(post(EVENT, {**STAGE, **US, "programEventCategory": "X1EM"}), 409)
    assert "is there already" in other["detail"]
    assert ProgramEvent.objects.count() == 1


def test_a_stage_that_is_posted_under_several_events_at_once_is_of_one(post: Post, program: Any) -> None:
    events = [partial(post, EVENT, {**STAGE, **US, "eventExternalIdentifier": f"E{number}"}) for number in range(6)]
    answers = race(*events)
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]
    assert ProgramEvent.objects.count() == 1


def test_an_id_of_an_event_that_is_also_anothers_stage_names_neither(post: Post, program: Any) -> None:
    answered(post(EVENT, {**STAGE, **US, "externalIdentifier": "S9", "eventExternalIdentifier": "E9"}))
    answered(post(EVENT, {**STAGE, **US, "externalIdentifier": "E9", "eventExternalIdentifier": "E10"}))
    refused = answered(post(LIFECYCLE, {"action": "F1CN", "eventExternalIdentifier": "E9"}), 409)
    assert "is the id of an event, and of a stage of the event E10" in refused["detail"]
    assert {one.state for one in ProgramEvent.objects.all()} == {"Scheduled"}
    answered(post(LIFECYCLE, {"action": "F1CN", "eventExternalIdentifier": "S9"}))
    assert (event("S9").state, event("E9").state) == ("Canceled", "Scheduled")


@pytest.mark.parametrize("depth", [900, 5000])
def test_a_body_that_is_too_deep_is_refused(post: Post, program: Any, depth: int) -> None:
    assert "not JSON" in answered(post(EVENT, "[" * depth + "]" * depth), 400)["detail"]


def test_an_event_goes_through_its_states(post: Post, program: Any) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    for action, state in (
        ("X1SD", "Scheduled"),
        ("X1IP", "In Progress"),
        ("X1IP", "In Progress"),
        ("F1CO", "Completed"),
    ):
        told = answered(post(LIFECYCLE, {"action": action, "eventExternalIdentifier": "1314"}))
        assert (told["status"], event().state) == (action, state)
    assert event().started_at
    moves = event().transitions.order_by("revision")
    assert [one.to_state for one in moves] == ["Scheduled", "In Progress", "Completed"]
    late = answered(post(LIFECYCLE, {"action": "X1IP", "eventExternalIdentifier": "1314"}), 409)
    assert late["detail"] == "1314 is Completed, which does not lead to In Progress."


def test_an_event_is_canceled_with_its_reason(post: Post, program: Any) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    body = {"action": "F1CN", "eventExternalIdentifier": "1314", "cancelReason": "Testing DACS"}
    assert answered(post(LIFECYCLE, body))["cancelReason"] == "Testing DACS"
    assert (event().state, event().reason) == ("Canceled", "Testing DACS")


def test_the_event_of_several_stages_is_named_by_a_stage(post: Post, program: Any) -> None:
    """Otherwise a call that is sent again would begin the second stage."""
    for stage in ("1315", "1316"):
        answered(post(EVENT, {**STAGE, **US, "externalIdentifier": stage}))
    refused = answered(post(LIFECYCLE, {"action": "X1IP", "eventExternalIdentifier": "1314"}), 409)
    assert "has 2 stages; name one of them: 1315, 1316." in refused["detail"]
    answered(post(LIFECYCLE, {"action": "X1IP", "eventExternalIdentifier": "1316"}))
    assert [(event(one).stage_number, event(one).state) for one in ("1315", "1316")] == [
        (1, "Scheduled"),
        (2, "In Progress"),
    ]


def test_devices_are_reserved_call_by_call(post: Post, program: Any, devices: list[Device]) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    for some in (devices[:2], devices[1:]):
        body = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": [of(one) for one in some]}
        assert answered(post(RESERVE, body))["deviceList"] == [of(one) for one in some]
    assert (event().participations, event().reserved) == (3, 3)
    rows = Participation.objects.filter(program_event_id=event().pk)
    assert sorted(row.device_id for row in rows if row.reservation_flag) == [one.pk for one in devices]


def test_unknown_devices_are_named_and_the_others_reserved(post: Post, program: Any, devices: list[Device]) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    body = {
        "eventExternalIdentifier": "1314",
        **WINDOW,
        "deviceList": [of(devices[0]), {"headEndSystem": "X", "nicId": "Y"}],
    }
    told = answered(post(RESERVE, body))
    assert told["refusedDeviceList"] == [{"headEndSystem": "X", "nicId": "Y", "detail": "refused: no such device"}]
    assert event().reserved == 1
    none = answered(post(RESERVE, {**body, "deviceList": body["deviceList"][1:]}), 422)  # type: ignore[index]
    assert "None of the 1 devices is known" in none["detail"]


def test_a_reservation_creates_its_event_in_the_devices_program(
    post: Post, program: Any, devices: list[Device]
) -> None:
    body = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": [of(devices[0])]}
    told = answered(post(RESERVE, body))
    assert (told["programExternalIdentifier"], event("1314").reserved) == ("COOL", 1)
    answered(post(EVENT, {**STAGE, **US, "programEventCategory": "X1EM"}))
    assert (event().category, event().reserved, ProgramEvent.objects.count()) == ("Emergency", 1, 1)


def test_devices_of_no_common_program_create_no_event(post: Post, program: Any, devices: list[Device]) -> None:
    Program.objects.update(code="OTHER")
    devices[0].subscribed.all().delete()
    body = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": [of(one) for one in devices]}
    assert "Post it first" in answered(post(RESERVE, body), 409)["detail"]
    assert not ProgramEvent.objects.exists()


def test_a_window_of_its_own_is_refused(post: Post, program: Any, devices: list[Device]) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    row = of(devices[0], reservationStartDateTime="10-15-2022 02:00:00PM", reservationEndDateTime=US["endDateTime"])
    body = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": [row]}
    assert "a reservation window of its own" in answered(post(RESERVE, body), 409)["detail"]
    row["reservationStartDateTime"] = ISO["startDateTime"]
    answered(post(RESERVE, body))


@pytest.mark.parametrize("shape", ["event beside the list", "event in each row", "bare list"])
def test_outcomes_close_participations(post: Post, program: Any, devices: list[Device], shape: str) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    reserved = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": [of(one) for one in devices[:2]]}
    answered(post(RESERVE, reserved))
    times = {"participationStartDateTime": US["startDateTime"], "participationEndDateTime": "10-15-2022 03:30:00PM"}
    rows = [
        of(devices[0], outcome="D1SP", **times),
        of(devices[1], outcome="D1ER", errorMessage="No answer"),
        of(devices[2], outcome="D1IO", **times),
    ]
    named = {"eventExternalIdentifier": "1314"}
    bare = [{**row, **named} for row in rows]
    body: Any = {**named, "postOutcomeList": rows} if shape == "event beside the list" else {"postOutcomeList": bare}
    body = bare if shape == "bare list" else body
    assert "was never in progress" in answered(post(OUTCOME, body), 409)["detail"]
    for action in ("X1IP", "F1CO"):
        answered(post(LIFECYCLE, {"action": action, **named}))
    assert len(answered(post(OUTCOME, body))["postOutcomeList"]) == 3
    answered(post(OUTCOME, body))  # sent again
    found = {one.device_id: one for one in ParticipationOutcome.objects.filter(program_event_id=event().pk)}
    assert [(found[one.pk].code, found[one.pk].error) for one in devices] == [
        ("D1SP", ""),
        ("D1ER", "No answer"),
        ("D1IO", ""),
    ]
    assert found[devices[0].pk].ended_at.isoformat() == "2022-10-15T15:30:00+00:00"  # type: ignore[union-attr]
    assert (event().closed, event().participations, event().reserved) == (3, 3, 2)
    assert event().outcomes == {"D1SP": 1, "D1ER": 1, "D1IO": 1}


def test_outcomes_come_call_by_call_and_the_first_of_a_device_counts(
    post: Post, program: Any, devices: list[Device]
) -> None:
    answered(post(EVENT, {**STAGE, **US}))
    answered(post(LIFECYCLE, {"action": "X1IP", "eventExternalIdentifier": "1315"}))
    for device, code in ((devices[0], "D1SP"), (devices[1], "D1ND"), (devices[0], "D1CN")):
        row = of(device, outcome=code)
        answered(post(OUTCOME, {"eventExternalIdentifier": "1315", "postOutcomeList": [row]}))
    assert event().outcomes == {"D1SP": 1, "D1ND": 1}


def test_a_customer_is_told_to_opt_out_at_the_other_system(post: Post, program: Any, devices: list[Device]) -> None:
    ProgramType.objects.update(allow_to_opt_out=True)
    start = clock.now() + timedelta(hours=2)
    body = {
        "eventExternalIdentifier": "1314",
        "eventStartDateTime": start.isoformat(),
        "eventEndDateTime": (start + timedelta(hours=1)).isoformat(),
        "deviceList": [of(devices[0])],
    }
    answered(post(RESERVE, body))
    with pytest.raises(OptOutNotAllowed, match="Another system planned this event"):
        opt_out_device(program_event_id=event("1314").pk, device_id=devices[0].pk, by="cora", now=clock.now())


def test_an_event_of_gridcall_is_not_moved_from_outside(post: Post, event_in: Any) -> None:
    from integration.seam.settling import settle

    made = event_in("Scheduled")
    settle()
    own = ProgramEvent.objects.get()
    for name in (made.number, str(own.stage_uid), str(own.event_uid)):
        answered(post(LIFECYCLE, {"action": "F1CN", "eventExternalIdentifier": name}), 404)
    assert ProgramEvent.objects.get().state == "Scheduled"


def test_an_event_with_a_number_of_ours_or_a_long_one_gets_another_number(post: Post, event_in: Any) -> None:
    from integration.seam.settling import settle

    made = event_in("Scheduled")
    settle()
    for name in (made.number, "an-event-with-a-very-long-name"):
        answered(post(EVENT, {**STAGE, **US, "externalIdentifier": f"{name}-s", "eventExternalIdentifier": name}))
        found = event(f"{name}-s")
        assert found.event_number.startswith("X-")
        assert found.event_name == name


WRONG: dict[str, tuple[Any, int, str]] = {
    "no JSON": ("{", 400, "The body is not JSON"),
    "no object": ("7", 400, "body: "),
    "nothing": ({}, 400, "externalIdentifier: Field required"),
    "null": ({**STAGE, **US, "externalIdentifier": None}, 400, "externalIdentifier: Field required"),
    "another code": ({**STAGE, **US, "programEventCategory": "X1XX"}, 400, "programEventCategory: Input should be"),
    "too long": ({**STAGE, **US, "externalIdentifier": "x" * 121}, 400, "at most 120 characters"),
    "no date": ({**STAGE, **US, "startDateTime": "13-45-2022 01:00:00PM"}, 400, "startDateTime: "),
    "a number": ({**STAGE, **US, "startDateTime": 1665838800}, 400, "write a date and time as text"),
    "a far year": ({**STAGE, **US, "endDateTime": "0001-01-01T00:00:00Z"}, 400, "from 2000 to 2100"),
    "an end before the start": ({**STAGE, **US, "endDateTime": US["startDateTime"]}, 400, "end must be after"),
    "no such program": ({**STAGE, **US, "programExternalIdentifier": "HEAT"}, 409, "There is no program “HEAT”."),
    "a NUL": (
        {**STAGE, **US, "externalIdentifier": "a\0b"},
        400,
        "externalIdentifier: Value error, write it as one line",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_body_is_told_where_it_is_wrong(post: Post, program: Any, case: str) -> None:
    body, status, sentence = WRONG[case]
    told = answered(post(EVENT, body), status)
    assert told.keys() == {"problemType", "title", "httpStatus", "detail", "problemInstance"}
    assert (told["httpStatus"], told["problemInstance"]) == (status, SERVICE + EVENT)
    assert sentence in told["detail"]
    assert not ProgramEvent.objects.exists()


def test_a_device_twice_in_one_call_is_refused(post: Post, program: Any, devices: list[Device]) -> None:
    rows = [of(devices[0]), of(devices[0])]
    body = {"eventExternalIdentifier": "1314", **WINDOW, "deviceList": rows}
    assert "a device is there twice" in answered(post(RESERVE, body), 400)["detail"]
