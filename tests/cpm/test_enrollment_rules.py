"""Who may join a program: class, model, rate, questions, another program of its type; at each door."""

import html
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cpm import models as cpm
from cpm import operations
from cpm.operations.enrollment_records import EnrollmentNotAllowed
from derms import models as derms
from integration.console.models import User
from integration.seam import clock
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db
HOUSE = {"text": "Do you own the house?", "wanted": True}
SOLD = {"text": "Is it sold?", "wanted": False}
Enroll = Callable[..., cpm.Enrollment]


@pytest.fixture
def home(zone: derms.ControlZone, program: derms.Program, now: datetime) -> cpm.DeviceLocation:
    """A customer's place with one thermostat in the program COOL, and a second program of its type."""
    factories.fleet(zone, program, 1, since=now - timedelta(days=1))
    factories.program("TANK")
    return cpm.DeviceLocation.objects.get()


@pytest.fixture
def enroll(home: cpm.DeviceLocation) -> Enroll:
    def make(**given: Any) -> cpm.Enrollment:
        made = operations.enroll(
            **{
                "customer_id": home.customer_id,
                "location_id": home.pk,
                "program_id": cpm.Program.objects.get(code="TANK").pk,
                "device_ids": list(home.devices.values_list("pk", flat=True)),
                "supply": "",
                "by": "cora",
                "now": clock.now(),
                **given,
            }
        )
        settle()
        return cpm.Enrollment.objects.get(pk=made.pk)

    return make


def tank(**fields: Any) -> None:
    cpm.Program.objects.filter(code="TANK").update(**fields)


def reasons(one: cpm.Enrollment) -> list[str]:
    assert one.state == "Exception"
    return one.reason.splitlines()


def test_class_model_and_rate_are_checked_with_value_and_limit(enroll: Enroll) -> None:
    tank(eligible_classes=["water_heater"], eligible_models=["Stat 9", "Muster"], eligible_rates=["R1", "R2"])
    one = enroll()
    assert reasons(one) == [
        "The place has no rate; Tank program takes only: R1, R2. Enter it at the device location.",
        "Device N0000001 is of class Thermostat; Tank program takes only: Water heater.",
        "Device N0000001 is a Test model; Tank program takes only: Stat 9, Muster.",
    ]
    tank(eligible_classes=["thermostat"])
    cpm.DeviceLocation.objects.update(rate="R3")
    cpm.Device.objects.update(make="MUSTERMANN")
    operations.validate_enrollment(enrollment_id=one.pk, by="pia", now=clock.now())
    one.refresh_from_db()
    assert reasons(one) == ["The place's rate is R3; Tank program takes only: R1, R2."]

    cpm.DeviceLocation.objects.update(rate="R2")
    operations.validate_enrollment(enrollment_id=one.pk, by="pia", now=clock.now())
    settle()

    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registered"


def test_questions_have_to_be_answered_as_wanted_and_answers_are_kept(enroll: Enroll) -> None:
    tank(questions_data=[HOUSE, SOLD])
    one = enroll(answers=[{"text": SOLD["text"], "answer": True}])
    assert reasons(one) == [
        "“Do you own the house?” is not answered. Cancel, then enroll anew.",
        "“Is it sold?” is answered with yes; Tank program takes only customers who answer no.",
    ]
    operations.cancel_enrollment(enrollment_id=one.pk, why="Anew", by="cora", now=clock.now())
    answers = [{"text": HOUSE["text"], "answer": True}, {"text": SOLD["text"], "answer": False}]

    one = enroll(answers=answers)

    assert (one.state, one.answers) == ("Registered", answers)


@pytest.mark.parametrize("refusing", ["COOL", "TANK"])
def test_dual_participation_is_refused_by_either_program_of_the_type(
    enroll: Enroll, home: cpm.DeviceLocation, now: datetime, refusing: str
) -> None:
    cpm.Program.objects.filter(code=refusing).update(dual_participation=False)
    since = (now - timedelta(days=1)).astimezone(ZoneInfo(home.time_zone)).date()
    one = enroll()
    assert reasons(one) == [
        f"The place has been in Cool program since {since}, and {refusing.title()} program refuses who is in two "
        "programs of type Test type."
    ]

    tank(type=cpm.ProgramType.objects.create(code="OTHER", name="Other type"))
    operations.validate_enrollment(enrollment_id=one.pk, by="cora", now=clock.now())
    settle()

    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registered"


def test_a_place_without_a_device_joins_where_none_is_required(enroll: Enroll) -> None:
    with pytest.raises(EnrollmentNotAllowed, match="Choose a device, or how one comes"):
        enroll(device_ids=[])
    cpm.ProgramType.objects.update(device_required=False)

    one = enroll(device_ids=[])

    assert [*one.transitions.order_by("revision").values_list("to_state", flat=True)] == [
        "Pending", "Validated", "Registered",
    ]  # fmt: skip
    assert not derms.Enrollment.objects.filter(program__code="TANK").exists()
    operations.unenroll(enrollment_id=one.pk, because="other", note="", by="cora", now=clock.now())
    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Deregistered"


def test_an_application_that_waits_is_refused_once_its_type_requires_a_device(enroll: Enroll) -> None:
    cpm.ProgramType.objects.update(device_required=False)
    one = enroll(device_ids=[], validates=False)
    cpm.ProgramType.objects.update(device_required=True)

    operations.validate_enrollment(enrollment_id=one.pk, by="cora", now=clock.now())

    one.refresh_from_db()
    assert reasons(one) == [
        "No device is chosen, but programs of type Test type need one. Choose one, or how it comes."
    ]


def test_a_device_that_comes_later_has_to_be_eligible_too(enroll: Enroll) -> None:
    tank(eligible_classes=["thermostat"])
    one = enroll(device_ids=[], supply="ship")
    given = {"head_end": "HE1", "nic_id": "NEW1", "model": "New", "rated_w": 900, "critical_care": False}

    with pytest.raises(EnrollmentNotAllowed, match="is of class Battery; Tank program takes only: Thermostat"):
        operations.add_device(enrollment_id=one.pk, device_class="battery", **given, by="cora", now=clock.now())

    assert not cpm.Device.objects.filter(nic_id="NEW1").exists()


def test_a_device_that_replaces_another_has_to_be_eligible_in_each_of_its_programs(
    enroll: Enroll, home: cpm.DeviceLocation, csr: User, client: Client
) -> None:
    enroll()
    tank(eligible_models=["Muster"])
    cpm.Program.objects.filter(code="COOL").update(eligible_models=["Stat"])
    client.force_login(csr)
    address = f"/customers/{home.customer.number}/devices/HE1/N0000001/replace/"
    typed = {"nic_id": "NEW1", "make": "Other", "model": "Box", "rated_w": 900}

    refused = client.post(address, typed)

    page = html.unescape(refused.content.decode())
    assert refused.status_code == 409
    assert "Device NEW1 is a Other Box; Cool program takes only: Stat." in page
    assert "Device NEW1 is a Other Box; Tank program takes only: Muster." in page
    assert [*home.devices.values_list("nic_id", "ended_at")] == [("N0000001", None)]
    assert client.post(address, {**typed, "make": "Muster", "model": "Stat 2"}).status_code == 302
    settle()
    new = home.devices.get(ended_at=None)
    assert (new.nic_id, new.make, new.model) == ("NEW1", "Muster", "Stat 2")
    assert [*new.subscribed.values_list("answer", flat=True)] == ["Registered", "Registered"]


def test_the_wizard_asks_and_the_enrollment_s_page_shows_the_answers(
    home: cpm.DeviceLocation, csr: User, client: Client
) -> None:
    tank(questions_data=[HOUSE])
    client.force_login(csr)
    address = f"/customers/{home.customer.number}/locations/{home.pk}/programs/TANK/enroll/"
    typed = {"devices": [home.devices.get().pk], "supply": ""}
    assert client.post(address, typed).status_code == 422, "a question has to be answered"

    refused = client.post(address, {**typed, "question_0": "no"})
    assert "Tank program takes only customers who answer yes" in refused.content.decode()
    typed["question_0"] = "yes"
    shown = client.post(address, typed)
    saved = client.post(address, {**typed, "seen": shown.context["seen"]})

    assert cpm.Enrollment.objects.get(program__code="TANK").answers == [{"text": HOUSE["text"], "answer": True}]
    page = client.get(saved["Location"]).content.decode()
    assert "Do you own the house?" in page


def test_a_customer_s_own_application_is_checked_before_it_is_kept(home: cpm.DeviceLocation, client: Client) -> None:
    tank(questions_data=[HOUSE], eligible_classes=["battery"])
    link = operations.make_link(customer_id=home.customer_id, by="cora", now=clock.now())
    address = f"/my-devices/{link.token}/locations/{home.pk}/programs/TANK/apply/"
    typed = {"devices": [home.devices.get().pk], "supply": "", "question_0": "no"}

    answer = client.post(address, typed)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "is of class Thermostat; Tank program takes only: Battery." in page
    assert "takes only customers who answer yes" in page
    assert not cpm.Enrollment.objects.filter(program__code="TANK").exists()
    tank(eligible_classes=[])
    assert client.post(address, {**typed, "question_0": "yes"}).status_code == 302
    kept = cpm.Enrollment.objects.get(program__code="TANK")
    assert (kept.state, kept.answers) == ("Pending", [{"text": HOUSE["text"], "answer": True}])


def test_a_program_manager_says_who_may_join(program: derms.Program, program_manager: User, client: Client) -> None:
    client.force_login(program_manager)
    typed = {
        "name": "Cool program",
        "active": "on",
        "settlement": "energy",
        "eligible_classes": ["thermostat", "battery"],
        "eligible_models": "Muster\n\n Stat 2 \nMuster",
        "eligible_rates": "R1\nR2",
        "questions": "Do you own the house? yes\nIs it sold? nein",
        "version": "1",
    }
    assert "says no answer" in client.post("/programs/COOL/", {**typed, "questions": "Own?"}).content.decode()
    twice = client.post("/programs/COOL/", {**typed, "questions": "Own? yes\nOwn? no"})
    assert "is asked twice" in twice.content.decode()
    for hidden in ("\0", "\u202e"):
        page = client.post("/programs/COOL/", {**typed, "questions": f"Own{hidden}? yes"})
        assert (page.status_code, "Own" in page.content.decode()) == (422, True), "what was typed is there to be mended"
    long = client.post("/programs/COOL/", {**typed, "eligible_rates": "R" * 21})
    assert "has 21 characters; at most 20 are kept" in long.content.decode()

    assert client.post("/programs/COOL/", typed).status_code == 302

    saved = cpm.Program.objects.get(code="COOL")
    assert (saved.settlement, saved.eligible_classes) == ("energy", ["thermostat", "battery"])
    assert (saved.eligible_models, saved.eligible_rates) == (["Muster", "Stat 2"], ["R1", "R2"])
    assert (saved.questions_data, saved.dual_participation) == ([HOUSE, SOLD], False)
    page = client.get("/programs/COOL/").content.decode()
    assert "Do you own the house? yes\nIs it sold? no" in page
    assert "Qualification questions: — → Do you own the house? Yes, Is it sold? No" in page
