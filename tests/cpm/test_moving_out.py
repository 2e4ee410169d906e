"""A place that its customer has left: nothing new begins there, and the pages say so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from cpm import operations
from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.operations.enrollment_records import PlaceLeft
from cpm.planning import TAKEN, offers_of
from integration.seam import clock
from integration.seam.recorded import in_words

Make = Callable[..., ProgramEvent]
PAGE = "/customers/NC1/"
LATE = datetime(2026, 1, 23, 3, 30, tzinfo=UTC)  # still 22 January in New York


@pytest.fixture
def home(devices: list[Device]) -> DeviceLocation:
    devices[0].location.__class__.objects.filter(pk=devices[0].location_id).update(time_zone="America/New_York")
    return DeviceLocation.objects.get(pk=devices[0].location_id)


@pytest.fixture
def left(home: DeviceLocation) -> DeviceLocation:
    operations.move_out(location_id=home.pk, customer_id=home.customer_id, by="cora", now=clock.now())
    home.refresh_from_db()
    return home


def test_nobody_is_enrolled_at_a_place_that_was_left(left: DeviceLocation, as_csr: Client) -> None:
    offers = offers_of(Customer.objects.get(number="NC1"))
    assert offers
    assert not any(offer.is_possible for offer in offers)
    assert "The customer moved out of this place on" in as_csr.get(f"{PAGE}enroll/").content.decode()
    program = Subscription.objects.earliest("pk").program
    address = f"{PAGE}locations/{left.pk}/programs/{program.code}/enroll/"
    assert as_csr.get(address).status_code == 409
    with pytest.raises(PlaceLeft, match="If they are back, make a new device location"):
        operations.enroll(
            customer_id=left.customer_id,
            location_id=left.pk,
            program_id=program.pk,
            device_ids=[],
            supply="ship",
            by="cora",
            now=clock.now(),
        )


def test_a_place_that_was_left_gets_no_device_and_no_service_point(left: DeviceLocation, as_csr: Client) -> None:
    for what in ("edit", "devices/new", "move-out"):
        assert as_csr.get(f"{PAGE}locations/{left.pk}/{what}/").status_code == 409, what
    with pytest.raises(PlaceLeft):
        operations.save_device(device_id=None, location_id=left.pk, fields={}, by="cora", now=clock.now())
    with pytest.raises(PlaceLeft):
        operations.save_location(location_id=left.pk, fields={"service_point": "SP1"}, by="cora", now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceLocation.objects.filter(pk=left.pk).update(service_point="SP1")


def test_the_pages_mark_a_place_that_was_left(left: DeviceLocation, as_csr: Client) -> None:
    DeviceLocation.objects.filter(pk=left.pk).update(left_at=LATE)
    page = as_csr.get(PAGE).content.decode()
    assert "moved out on 22 Jan 2026" in page
    assert "New device<" not in page
    assert "moved out" in as_csr.get("/customers/?q=testa").content.decode()


def test_move_out_says_how_much_ends(make_program_event: Make, home: DeviceLocation, as_csr: Client) -> None:
    make_program_event("DR-2026-0001", state="In Progress", starts_in=-timedelta(minutes=10))
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=3))
    make_program_event("DR-2026-0003", starts_in=timedelta(hours=9))

    page = as_csr.get(f"{PAGE}locations/{home.pk}/move-out/").content.decode()

    for said in (
        "1 device is taken out of all programs: N0000001.",
        "1 enrollment ends: Cool program.",
        "2 reservations of coming stages are released.",
        "1 device is in a stage that runs now; that ends for it as planned.",
    ):
        assert said in page, said


def test_replacing_and_unenrolling_say_how_much_is_reserved(
    make_program_event: Make, home: DeviceLocation, as_csr: Client
) -> None:
    one = Subscription.objects.get(location=home).enrollment
    addresses = (f"{PAGE}devices/HE1/N0000001/replace/", f"/enrollments/{one.pk}/unenroll/")
    for address in addresses:
        assert "None of these devices is reserved" in as_csr.get(address).content.decode(), address
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=3))
    for address in addresses:
        assert "1 reservation of a coming stage is released." in as_csr.get(address).content.decode(), address


def test_a_day_is_the_place_s_in_the_format_of_the_page(home: DeviceLocation, as_csr: Client) -> None:
    Subscription.objects.filter(location=home).update(starts_at=LATE)
    offered: list[Any] = [offer.sentence for offer in offers_of(home.customer)]
    assert offered[0] == "The place has been in Cool program since 2026-01-22."
    assert "since 22 Jan 2026" in as_csr.get(f"{PAGE}enroll/").content.decode()
    assert "since 22 Jan 2026" in as_csr.get(PAGE).content.decode()
    with translation.override("de"):
        assert "22 Mai 2026" in in_words(TAKEN(program="Cool program", since="2026-05-22"))
