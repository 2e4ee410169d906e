"""A customer's way into a program and out of it: checks, states, history, and what DERMS knows in the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from cpm import models as cpm
from cpm import operations
from cpm.operations.applications import MOVED_OUT_OF
from cpm.operations.enrollment import NicIdTaken, SubscriptionEnded
from cpm.operations.enrollment_records import EnrollmentChanged, EnrollmentNotAllowed, PlaceLeft
from derms import models as derms
from integration.console.models import User
from integration.seam import clock
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db

Enroll = Callable[..., cpm.Enrollment]


@pytest.fixture
def home(zone: derms.ControlZone, program: derms.Program, now: datetime) -> cpm.DeviceLocation:
    """A customer's place with one device in the program COOL, and a second program without anybody."""
    factories.fleet(zone, program, 1, since=now - timedelta(days=1))
    factories.program("TANK")
    return cpm.DeviceLocation.objects.get()


@pytest.fixture
def enroll(home: cpm.DeviceLocation) -> Enroll:
    def make(code: str = "TANK", **given: Any) -> cpm.Enrollment:
        made = operations.enroll(
            **{
                "customer_id": home.customer_id,
                "location_id": home.pk,
                "program_id": cpm.Program.objects.get(code=code).pk,
                "device_ids": list(home.devices.filter(ended_at=None).values_list("pk", flat=True)),
                "supply": "",
                "by": "cora",
                "now": clock.now(),
                **given,
            }
        )
        settle()
        return cpm.Enrollment.objects.get(pk=made.pk)

    return make


def passed(one: cpm.Enrollment) -> list[tuple[str, str]]:
    """The states of its history and who led to each."""
    return list(one.transitions.order_by("revision").values_list("to_state", "by"))


def at_derms(code: str) -> set[str]:
    found = derms.Enrollment.objects.filter(program__code=code, ends_at=None)
    return set(found.values_list("device__nic_id", flat=True))


def test_a_valid_enrollment_is_registered_by_derms(enroll: Enroll) -> None:
    one = enroll()

    assert (one.state, one.reason) == ("Registered", "")
    assert passed(one) == [
        ("Pending", "cora"), ("Validated", "cora"), ("Registering", "cora"), ("Registered", "DERMS"),
    ]  # fmt: skip
    assert one.subscription
    assert one.subscription.subscribed_devices.get().answer == "Registered"
    assert at_derms("TANK") == {"N0000001"}


def test_a_customer_s_application_waits_until_somebody_checks_it(enroll: Enroll) -> None:
    one = enroll(by="customer", validates=False)
    assert (one.state, one.subscription, at_derms("TANK")) == ("Pending", None, set())
    with pytest.raises(EnrollmentNotAllowed, match="has an application for this place already: Pending"):
        enroll()

    operations.validate_enrollment(enrollment_id=one.pk, by="cora", now=clock.now(), seen=one.revision)
    settle()

    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registered"


def test_each_check_that_is_not_met_is_named_and_checked_again(enroll: Enroll) -> None:
    cpm.Program.objects.filter(code="TANK").update(active=False)
    cpm.Device.objects.update(critical_care=True, rated_w=0)

    one = enroll()

    assert one.state == "Exception"
    assert one.reason.splitlines() == [
        "Tank program is inactive and takes no enrollments. Its program manager can activate it.",
        "Device N0000001 has 0 W; at least 1 W is needed.",
        "Somebody's health depends on device N0000001, and Tank program exempts no such device from its events.",
    ]
    assert not cpm.Subscription.objects.filter(program__code="TANK").exists()
    cpm.Program.objects.filter(code="TANK").update(active=True, rules_data={"critical_care_exempt": True})
    cpm.Device.objects.update(rated_w=1000)
    operations.validate_enrollment(enrollment_id=one.pk, by="pia", now=clock.now())
    settle()
    assert passed(cpm.Enrollment.objects.get(pk=one.pk))[1:] == [
        ("Exception", "cora"), ("Validated", "pia"), ("Registering", "pia"), ("Registered", "DERMS"),
    ]  # fmt: skip


def test_a_program_whose_last_day_is_over_takes_no_enrollments(enroll: Enroll, home: cpm.DeviceLocation) -> None:
    today = clock.now().astimezone(ZoneInfo(home.time_zone)).date()
    tank = cpm.Program.objects.filter(code="TANK")
    tank.update(ends_on=today - timedelta(days=1))
    one = enroll()
    assert one.reason == (
        f"Tank program ended on {today - timedelta(days=1)} and takes no enrollments. "
        "Its program manager can set another last day."
    )
    tank.update(ends_on=today, suspended=True)
    operations.validate_enrollment(enrollment_id=one.pk, by="pia", now=clock.now())
    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registering", "a suspended one takes them"


def test_a_place_and_a_device_are_in_a_program_once(enroll: Enroll, home: cpm.DeviceLocation, now: datetime) -> None:
    since = (now - timedelta(days=1)).astimezone(ZoneInfo(home.time_zone)).date()

    assert enroll("COOL").reason.splitlines() == [
        f"The place has been in Cool program since {since}.",
        f"Device N0000001 has been in Cool program since {since}. A device is in a program once.",
    ]


def test_an_enrollment_waits_for_its_device(enroll: Enroll) -> None:
    one = enroll(device_ids=[], supply="ship")
    assert (one.state, one.get_supply_display()) == ("Waiting for device", "We ship it")
    given = {"device_class": "thermostat", "model": "New", "critical_care": False, "by": "cora", "now": clock.now()}
    with pytest.raises(NicIdTaken, match="Correct the NIC id"):
        operations.add_device(enrollment_id=one.pk, head_end="HE1", nic_id="N0000001", rated_w=1000, **given)

    operations.add_device(enrollment_id=one.pk, head_end="HE1", nic_id="NEW1", rated_w=1000, **given)
    settle()

    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registered"
    assert at_derms("TANK") == {"NEW1"}


def test_an_enrollment_that_waits_for_its_device_can_be_canceled(enroll: Enroll) -> None:
    one = enroll(device_ids=[], supply="own")

    operations.cancel_enrollment(enrollment_id=one.pk, why="Changed their mind", by="cora", now=clock.now())

    one = cpm.Enrollment.objects.get(pk=one.pk)
    assert (one.state, one.transitions.latest("revision").why) == ("Canceled", "Changed their mind")
    assert one.subscription
    assert one.subscription.ends_at is not None
    assert enroll().state == "Registered"


def test_what_derms_refuses_is_an_error_that_can_be_sent_again(enroll: Enroll, home: cpm.DeviceLocation) -> None:
    derms.Device.objects.update(ended_at=clock.now())
    cpm.DeviceLocation.objects.update(feeder="NOWHERE")
    one = enroll()
    assert (one.state, one.reason) == ("Error", "There is no feeder “NOWHERE”.")

    cpm.DeviceLocation.objects.update(feeder=home.feeder)
    operations.retry_enrollment(enrollment_id=one.pk, by="cora", now=clock.now(), seen=one.revision)
    settle()

    one = cpm.Enrollment.objects.get(pk=one.pk)
    assert (one.state, one.reason, at_derms("TANK")) == ("Registered", "", {"N0000001"})


def test_who_leaves_is_deregistered_with_a_reason(enroll: Enroll) -> None:
    one = enroll()

    operations.unenroll(
        enrollment_id=one.pk, because="life support", note="A letter of the doctor", by="cora", now=clock.now()
    )
    settle()

    one = cpm.Enrollment.objects.get(pk=one.pk)
    assert (one.state, one.left_because) == ("Deregistered", "life support")
    assert passed(one)[-2:] == [("Deregistering", "cora"), ("Deregistered", "DERMS")]
    assert at_derms("TANK") == set()
    with pytest.raises(EnrollmentNotAllowed, match="is Deregistered, which does not allow this"):
        operations.unenroll(enrollment_id=one.pk, because="other", note="", by="cora", now=clock.now())
    assert one.subscription
    with pytest.raises(SubscriptionEnded):
        operations.end_enrollment(subscription_id=one.subscription.pk, now=clock.now())


def test_a_replacement_is_registered_in_every_program(enroll: Enroll, home: cpm.DeviceLocation) -> None:
    one = enroll()

    operations.replace_device(
        device_id=home.devices.get().pk, nic_id="NEW1", model="New", rated_w=900, by="cora", now=clock.now()
    )
    settle()

    assert (at_derms("TANK"), at_derms("COOL")) == ({"NEW1"}, {"NEW1"})
    assert set(cpm.Enrollment.objects.values_list("state", flat=True)) == {"Registered"}
    replaced = one.transitions.get(why="Device N0000001 was replaced by NEW1.")
    assert (replaced.from_state, replaced.to_state, replaced.by) == ("Registered", "Registering", "cora")


def test_who_moves_out_leaves_everything_and_the_place_is_free(enroll: Enroll, home: cpm.DeviceLocation) -> None:
    cpm.DeviceLocation.objects.update(service_point="SP7")
    enroll()
    factories.program("THIRD")
    enroll("THIRD", by="customer", validates=False)

    operations.move_out(location_id=home.pk, customer_id=home.customer_id, by="cora", now=clock.now())
    settle()

    assert (at_derms("TANK"), at_derms("COOL")) == (set(), set())
    states = dict(cpm.Enrollment.objects.values_list("program__code", "state"))
    assert states == {"COOL": "Deregistered", "TANK": "Deregistered", "THIRD": "Canceled"}
    assert not cpm.Device.objects.filter(ended_at=None).exists()
    assert cpm.EnrollmentTransition.objects.filter(why=MOVED_OUT_OF(place="SP7")).count() == 3
    home.refresh_from_db()
    assert home.service_point == ""
    with pytest.raises(PlaceLeft, match="The customer moved out of"):
        operations.move_out(location_id=home.pk, customer_id=home.customer_id, by="cora", now=clock.now())


def test_a_form_of_an_older_revision_changes_nothing(enroll: Enroll) -> None:
    one = enroll()

    with pytest.raises(EnrollmentChanged, match="Nothing was done") as refused:
        operations.unenroll(enrollment_id=one.pk, because="other", note="", by="cora", now=clock.now(), seen=1)

    assert refused.value.last
    assert refused.value.last.by == "DERMS"
    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Registered"


def test_a_change_with_an_older_clock_still_reaches_derms(enroll: Enroll, now: datetime) -> None:
    """Who waits for a lock read the clock before what happened meanwhile."""
    one = enroll()

    operations.unenroll(enrollment_id=one.pk, because="other", note="", by="cora", now=now - timedelta(hours=1))
    settle()

    assert at_derms("TANK") == set()
    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Deregistered"


@pytest.mark.django_db(transaction=True)
def test_what_a_file_brings_in_gets_its_record_with_derms_s_answer(home: cpm.DeviceLocation) -> None:
    cpm.Enrollment.objects.all().delete()
    cpm.SubscribedDevice.objects.update(answer="Pending")
    derms.Enrollment.objects.all().delete()
    derms.Device.objects.all().delete()
    cpm.DeviceLocation.objects.update(feeder="NOWHERE")
    program = cpm.Program.objects.get(code="COOL").pk

    operations.send_enrollment_load(program_id=program)
    assert not cpm.Enrollment.objects.exists()
    settle()

    one = cpm.Enrollment.objects.get()
    assert (one.state, one.reason, one.applied_by, one.revision) == ("Error", "There is no feeder “NOWHERE”.", "", 0)
    cpm.DeviceLocation.objects.update(feeder=home.feeder)
    cpm.SubscribedDevice.objects.update(answer="Pending", error="")
    operations.send_enrollment_load(program_id=program)
    settle()
    one = cpm.Enrollment.objects.get()
    assert (one.state, one.reason, passed(one)) == ("Registered", "", [("Registered", "DERMS")])


def test_the_database_refuses_a_second_application_and_a_state_without_history(enroll: Enroll) -> None:
    one = enroll(by="customer", validates=False)
    with pytest.raises(IntegrityError, match="enrollment_applied_once"), transaction.atomic():
        cpm.Enrollment.objects.create(
            customer=one.customer, location=one.location, program=one.program, applied_at=one.applied_at,
            changed_at=one.changed_at,
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="enrollment_valid_has_subscription"), transaction.atomic():
        cpm.Enrollment.objects.filter(pk=one.pk).update(state="Registered")


def test_a_csr_enrolls_sees_the_checks_first_and_a_program_manager_does_not(
    home: cpm.DeviceLocation, csr: User, program_manager: User, client: Client
) -> None:
    customer = home.customer.number
    address = f"/customers/{customer}/locations/{home.pk}/programs/TANK/enroll/"
    client.force_login(program_manager)
    assert client.get(address).status_code == 403
    client.force_login(csr)
    assert "The place has been in Cool program" in client.get(f"/customers/{customer}/enroll/").content.decode()
    typed = {"devices": [home.devices.get().pk], "supply": ""}

    shown = client.post(address, typed)

    assert "No other enrollment in Tank program is open at this place." in shown.content.decode()
    assert shown.context["seen"].isalnum(), "browsers change the ends of lines in forms"
    assert not cpm.Enrollment.objects.filter(program__code="TANK").exists()
    saved = client.post(address, {**typed, "seen": shown.context["seen"]})
    one = cpm.Enrollment.objects.get(program__code="TANK")
    assert saved["Location"] == f"/enrollments/{one.pk}/"
    page = client.get(saved["Location"]).content.decode()
    assert "DERMS has not answered yet" in page


def test_who_referred_the_customer_is_kept_and_nobody_refers_themselves(
    home: cpm.DeviceLocation, csr: User, client: Client
) -> None:
    friend = cpm.Customer.objects.create(number="FRIEND", name="Frida Sample", account="F", email="", phone="")
    address = f"/customers/{home.customer.number}/locations/{home.pk}/programs/TANK/enroll/"
    client.force_login(csr)
    typed: dict[str, Any] = {"devices": [home.devices.get().pk], "supply": ""}

    for number, sentence in (("NOBODY", "There is no customer NOBODY."), (home.customer.number, "Nobody refers")):
        assert sentence in client.post(address, {**typed, "referrer": number}).content.decode()
    typed["referrer"] = "FRIEND"
    saved = client.post(address, {**typed, "seen": client.post(address, typed).context["seen"]})

    assert cpm.Enrollment.objects.get(program__code="TANK").referred_by == friend
    assert "FRIEND Frida Sample" in client.get(saved["Location"]).content.decode()


def test_neither_devices_nor_how_one_comes_is_an_error_of_the_form(
    home: cpm.DeviceLocation, csr: User, client: Client
) -> None:
    client.force_login(csr)
    answer = client.post(f"/customers/{home.customer.number}/locations/{home.pk}/programs/TANK/enroll/", {"supply": ""})
    assert answer.status_code == 422
    assert "Choose a device, or how one comes to the customer." in answer.content.decode()


def test_the_list_shows_what_waits_without_names_for_who_may_not_see_customers(
    enroll: Enroll, program_manager: User, csr: User, client: Client
) -> None:
    cpm.Program.objects.filter(code="TANK").update(active=False)
    one = enroll()
    name = one.customer.name
    for person, sees in ((program_manager, False), (csr, True)):
        client.force_login(person)
        page = client.get("/enrollments/").content.decode()
        assert "is inactive and takes no enrollments" in page
        assert (name in page) is sees
        assert (name in client.get(f"/enrollments/{one.pk}/").content.decode()) is sees
    assert "is inactive" not in client.get("/enrollments/?state=Registered").content.decode()
    assert client.get("/enrollments/?state=Nothing").status_code == 422


def test_people_act_on_an_enrollment_s_page_as_they_saw_it(enroll: Enroll, csr: User, client: Client) -> None:
    cpm.Program.objects.filter(code="TANK").update(active=False)
    one = enroll()
    cpm.Program.objects.filter(code="TANK").update(active=True)
    client.force_login(csr)

    old = client.post(f"/enrollments/{one.pk}/validate/", {"version": one.revision - 1})
    assert (old.status_code, cpm.Enrollment.objects.get(pk=one.pk).state) == (409, "Exception")
    client.post(f"/enrollments/{one.pk}/validate/", {"version": one.revision})
    settle()
    one.refresh_from_db()
    assert one.state == "Registered"
    client.post(f"/enrollments/{one.pk}/unenroll/", {"version": one.revision, "because": "opted out", "note": ""})
    settle()
    assert cpm.Enrollment.objects.get(pk=one.pk).state == "Deregistered"


def test_a_customer_applies_on_their_own_page_and_sees_the_state(home: cpm.DeviceLocation, client: Client) -> None:
    link = operations.make_link(customer_id=home.customer_id, by="cora", now=clock.now())
    page, device = f"/my-devices/{link.token}/", home.devices.get()
    assert "Apply for Tank program" in client.get(page).content.decode()
    address = f"{page}locations/{home.pk}/programs/TANK/apply/"
    assert client.post(address, {"supply": ""}).status_code == 422

    assert client.post(address, {"devices": [device.pk], "supply": ""})["Location"] == page

    one = cpm.Enrollment.objects.get(program__code="TANK")
    assert (one.state, one.applied_by) == ("Pending", "customer")
    shown = client.get(page).content.decode()
    assert "Apply for Tank program" not in shown
    assert "Pending" in shown
    assert client.get(address).status_code == 409
    assert client.get(f"{page}locations/{home.pk + 1}/programs/TANK/apply/").status_code == 404


def test_a_device_is_replaced_and_a_customer_moves_out_on_the_customer_s_page(
    home: cpm.DeviceLocation, csr: User, client: Client
) -> None:
    client.force_login(csr)
    page = f"/customers/{home.customer.number}/"
    shown = client.get(page).content.decode()
    assert "Replace Device" in shown
    assert "Move Out" in shown

    client.post(f"{page}devices/HE1/N0000001/replace/", {"nic_id": "NEW1", "model": "New", "rated_w": "900"})
    client.post(f"{page}locations/{home.pk}/move-out/")
    settle()

    assert at_derms("COOL") == set()
    assert cpm.EnrollmentTransition.objects.filter(by="cora").count() == 2
    assert "Move Out" not in client.get(page).content.decode()
