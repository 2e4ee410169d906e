"""Making, changing and deleting customers, device locations and devices on pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cpm import operations
from cpm.models.customers import Customer, Device, DeviceLocation
from derms.models import ControlZone, Program
from derms.models import Device as KnownDevice
from integration.console.models import User
from integration.pages.object_log import object_log
from integration.seam.history import ObjectChange
from integration.seam.messages import DeviceFacts
from integration.seam.models import Message
from integration.seam.settling import settle
from tests import factories
from tests.importing.bringing import applied
from tests.pages.editing import Tab, save

pytestmark = pytest.mark.django_db
CUSTOMER = {
    "number": "0007",
    "name": "Ada Example",
    "account": "A-7",
    "email": "ada@example.invalid",
    "channel": "e-mail",
    "consents": "on",
}
PLACE = {
    "service_point": "SP-7",
    "address": "7 Test Street",
    "time_zone": "America/New_York",
    "zone": "NORTH",
    "feeder": "NORTH-F1",
    "transformer": "NORTH-T1",
}
DEVICE = {
    "head_end": "HE1",
    "nic_id": "A1",
    "device_class": "thermostat",
    "make": "Mock",
    "model": "Mock 1",
    "serial_number": "S-1",
    "rated_w": "3500",
    "owner": "customer",
}


@pytest.fixture
def as_csr(client: Client, csr: User) -> Client:
    client.force_login(csr)
    return client


@pytest.fixture
def enrolled(zone: ControlZone, program: Program, now: datetime) -> Device:
    """A device that CPM and DERMS know."""
    factories.fleet(zone, program, 1, since=now - timedelta(hours=1))
    return Device.objects.select_related("location__customer").get()


def _page_of(device: Device) -> str:
    return f"/customers/{device.location.customer.number}/devices/{device.pk}/edit/"


def test_a_customer_gets_a_place_and_a_device(as_csr: Client) -> None:
    assert as_csr.post("/customers/new/", CUSTOMER).url == "/customers/0007/"
    assert as_csr.post("/customers/0007/locations/new/", PLACE).status_code == 302
    place = DeviceLocation.objects.get(service_point="SP-7")
    assert as_csr.post(f"/customers/0007/locations/{place.pk}/devices/new/", DEVICE).status_code == 302

    device = Device.objects.select_related("location__customer").get()
    assert (str(device), device.serial_number, device.owner, device.rated_w) == ("HE1/A1", "S-1", "customer", 3500)
    assert (device.state, device.location.customer.number) == ("Installed", "0007")
    assert [(one.kind, one.what, one.by) for one in ObjectChange.objects.exclude(by="system").order_by("id")] == [
        ("customer", "created", "cora"),
        ("device location", "created", "cora"),
        ("device", "created", "cora"),
    ]
    page = as_csr.get("/customers/0007/").content.decode()
    for text in ("Ada Example", "7 Test Street", f"/customers/0007/devices/{device.pk}/edit/"):
        assert text in page
    assert not Message.objects.exists()


def test_the_time_of_a_consent_is_noted_when_it_is_changed(as_csr: Client) -> None:
    page = "/customers/0007/edit/"
    as_csr.post("/customers/new/", {**CUSTOMER, "consent_source": "call"})
    given = Customer.objects.get().consent_at
    assert given is not None
    save(as_csr, page, {**CUSTOMER, "consent_source": "call", "name": "Ada Other"})
    assert Customer.objects.get().consent_at == given

    save(as_csr, page, {name: value for name, value in CUSTOMER.items() if name != "consents"})

    after = Customer.objects.get()
    assert (after.consents, after.consent_source) == (False, "")
    assert after.consent_at is not None
    assert after.consent_at > given


@pytest.mark.parametrize(
    ("address", "typed", "sentence"),
    [
        ("/customers/new/", {**CUSTOMER, "number": "new"}, "can&#x27;t be a code"),
        ("/customers/new/", {**CUSTOMER, "number": "1E+10"}, "spreadsheet"),
        ("/customers/new/", {**CUSTOMER, "email": ""}, "Enter an e-mail address, or choose another channel."),
        ("locations/new/", {**PLACE, "latitude": "52.5"}, "Enter both coordinates, or none."),
        ("locations/new/", {**PLACE, "latitude": "152", "longitude": "13"}, "not between -90 and 90 degrees"),
        ("devices/new/", {**DEVICE, "rated_w": "0"}, "greater than or equal to 1"),
        ("devices/new/", {**DEVICE, "rated_w": "100000001"}, "less than or equal to 100000000"),
        ("devices/new/", {**DEVICE, "nic_id": "n0000001"}, "There is already a device HE1/N0000001;"),
        ("locations/new/", {**PLACE, "service_point": "SP-1"}, "Customer NC1 has this id."),
    ],
)
def test_what_is_wrong_is_refused_with_a_sentence(
    as_csr: Client, enrolled: Device, address: str, typed: dict[str, str], sentence: str
) -> None:
    start = f"/customers/{enrolled.location.customer.number}/"
    DeviceLocation.objects.update(service_point="SP-1")
    places = {"locations/new/": start + "locations/new/"}
    places["devices/new/"] = f"{start}locations/{enrolled.location_id}/devices/new/"

    answer = as_csr.post(places.get(address, address), typed)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert (Customer.objects.count(), DeviceLocation.objects.count(), Device.objects.count()) == (1, 1, 1)


def test_a_change_of_an_enrolled_device_reaches_derms_and_its_history(as_csr: Client, enrolled: Device) -> None:
    typed = {"device_class": "thermostat", "model": "Test model", "rated_w": "4200", "firmware": "2.1"}
    assert save(as_csr, _page_of(enrolled), typed).status_code == 302
    settle()

    assert KnownDevice.objects.get().rated_w == 4200
    enrolled.refresh_from_db()
    assert (enrolled.version, enrolled.saved_by, enrolled.facts_answer) == (2, "cora", "Registered")
    assert [one.sentence for one in object_log("device", object=enrolled.pk)] == [
        "Rated power, W: 1000 → 4200; Firmware: — → 2.1"
    ]
    save(as_csr, _page_of(enrolled), {**typed, "firmware": "2.2"})
    assert Message.objects.filter(kind="device_facts").count() == 1  # DERMS doesn't choose by firmware


def test_life_support_makes_every_device_of_the_place_critical(as_csr: Client, enrolled: Device) -> None:
    place = f"/customers/{enrolled.location.customer.number}/locations/{enrolled.location_id}/edit/"
    given = {name: getattr(enrolled.location, name) for name in PLACE}
    assert save(as_csr, place, {**given, "life_support": "on"}).status_code == 302
    settle()
    assert KnownDevice.objects.get().critical_care


def test_derms_refusal_of_a_place_is_on_the_device_s_page(as_csr: Client, enrolled: Device) -> None:
    place = f"/customers/{enrolled.location.customer.number}/locations/{enrolled.location_id}/edit/"
    given = {name: getattr(enrolled.location, name) for name in PLACE}
    save(as_csr, place, {**given, "feeder": "NOWHERE"})
    settle()
    page = as_csr.get(_page_of(enrolled)).content.decode()
    assert "DERMS refused the last change" in page
    assert "There is no feeder “NOWHERE”." in page


def test_two_people_who_change_a_device_don_t_overwrite_each_other(as_csr: Client, enrolled: Device) -> None:
    typed = {"device_class": "thermostat", "model": "Test model", "rated_w": "1000"}
    mine = Tab(as_csr, _page_of(enrolled))
    assert save(as_csr, _page_of(enrolled), {**typed, "badge": "B-1"}).status_code == 302

    assert mine.send({**typed, "badge": "B-2"}) == 409

    assert "B-1" in mine.page
    assert Device.objects.get().badge == "B-1"


def test_a_file_changes_what_somebody_has_open(as_csr: Client) -> None:
    operations.save_customer(
        customer_id=None,
        fields={"number": "0007", "name": "Ada", "account": "A-7", "email": "a@example.invalid", "phone": "1"},
        by="cora",
        now=datetime.now().astimezone(),
    )
    tab = Tab(as_csr, "/customers/0007/edit/")

    applied("customers", "customer,name,account,email,phone\n0007,Ada Changed,A-7,a@example.invalid,1\n")

    assert tab.send({**CUSTOMER, "name": "Ada Mine"}) == 409
    assert Customer.objects.get().name == "Ada Changed"


def test_only_what_nothing_refers_to_is_deleted(as_csr: Client, enrolled: Device) -> None:
    start = f"/customers/{enrolled.location.customer.number}/"
    place = f"{start}locations/{enrolled.location_id}/"
    for address, what in (
        (start, "device locations"),
        (place, "devices"),
        (f"{start}devices/{enrolled.pk}/", "subscriptions"),
    ):
        assert what in as_csr.get(address + "delete/").content.decode()
        assert as_csr.post(address + "delete/", {"version": 1}).status_code == 409
    as_csr.post(place + "devices/new/", DEVICE)
    spare = Device.objects.get(nic_id="A1")

    assert as_csr.post(f"{start}devices/{spare.pk}/delete/", {"version": 1}).status_code == 302

    assert not Device.objects.filter(nic_id="A1").exists()
    assert [one.what for one in ObjectChange.objects.filter(kind="device").order_by("id")] == ["created", "removed"]


def test_history_holds_no_personal_data(as_csr: Client) -> None:
    as_csr.post("/customers/new/", {**CUSTOMER, "phone": "555-0177", "notes": "Has a dog"})
    save(as_csr, "/customers/0007/edit/", {**CUSTOMER, "name": "Other Name", "channel": "post"})
    assert "Name: changed" in object_log("customer", object=Customer.objects.get().pk)[0].sentence
    held = "".join(str(one.fields) for one in ObjectChange.objects.all())
    assert not [text for text in ("Ada", "Other Name", "555-0177", "dog", "ada@") if text in held]


def test_a_program_manager_keeps_customers_without_the_summary(client: Client, program_manager: User) -> None:
    client.force_login(program_manager)
    assert client.post("/customers/new/", CUSTOMER).url == "/customers/0007/edit/"
    assert client.get("/customers/0007/edit/").status_code == 200
    assert client.get("/customers/0007/").status_code == 403


def test_a_device_that_was_taken_out_says_where_it_is(as_csr: Client, enrolled: Device, now: datetime) -> None:
    operations.replace_device(device_id=enrolled.pk, nic_id="B2", model="New", rated_w=1, now=now)
    typed = {"device_class": "thermostat", "model": "Test model", "rated_w": "1000", "whereabouts": "in repair"}
    assert save(as_csr, _page_of(enrolled), typed).status_code == 302
    assert "In repair" in as_csr.get(_page_of(enrolled)).content.decode()
    assert 'name="whereabouts"' not in as_csr.get(_page_of(Device.objects.get(nic_id="B2"))).content.decode()


def test_messages_name_a_device_as_it_is(enrolled: Device, now: datetime) -> None:
    operations.save_device(device_id=enrolled.pk, fields={"rated_w": 2000}, by="cora", now=now)
    body: Any = Message.objects.get(kind="device_facts").body
    assert isinstance(body, DeviceFacts)
    assert (body.nic_id, body.rated_w, body.zone) == (enrolled.nic_id, 2000, "NORTH")
