"""Customers by the API: enrollments, replacements, unavailability and opt-outs, as on the pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count

from cpm.choices import EnrollmentState
from cpm.models import Participation
from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.enrollments import Enrollment
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.models.unavailability import Unavailability
from integration.seam import clock

from .calling import PROBLEM, Send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
CORA = "cora.csr"


def subscription() -> Subscription:
    """An open one whose program allows unavailability, of a device that is not reserved for anything to come."""
    found = Subscription.objects.filter(ends_at=None, subscribed_devices__device__ended_at=None)
    held = Participation.objects.filter(reservation_flag=True).values("device_id")
    free = found.exclude(subscribed_devices__device__in=held).select_related("program", "customer", "location")
    return next(one for one in free.order_by("pk") if one.program.allow_customer_unavailability)


def period(**more: Any) -> dict[str, Any]:
    starts_at = (clock.now() + timedelta(days=40)).replace(second=0, microsecond=0)
    return {
        "from": starts_at.isoformat(),
        "until": (starts_at + timedelta(hours=5)).isoformat(),
        "reason": "away",
        **more,
    }


def test_a_period_is_entered_changed_and_canceled(send: Send) -> None:
    found = subscription()
    device = found.subscribed_devices.filter(device__ended_at=None).earliest("pk").device
    address = f"customers/{found.customer.number}"
    said = period(devices=[device.pk])
    made = send(CORA, "POST", f"{address}/subscriptions/{found.pk}/unavailability", said)
    assert (made.status_code, made.json()["at"]) == (201, f"/api/v1/{address}/unavailability"), made.content
    (row,) = [one for one in send(CORA, "GET", f"{address}/unavailability").json()["items"] if one["reason"] == "away"]
    assert datetime.fromisoformat(row["from"]) == datetime.fromisoformat(said["from"])
    assert (row["nic_id"], row["state"], row["version"]) == (device.nic_id, "Active", 1)
    here = f"{address}/unavailability/{row['unavailability']}"
    moved = period(until=(datetime.fromisoformat(said["until"]) + timedelta(hours=1)).isoformat(), version=1)
    assert send(CORA, "PUT", here, moved).status_code == 200
    late = send(CORA, "PUT", here, moved)
    assert (late.status_code, late["Content-Type"]) == (409, PROBLEM)
    assert send(CORA, "POST", f"{here}/cancel", {"version": 1}).status_code == 409
    assert send(CORA, "POST", f"{here}/cancel", {"version": 2}).status_code == 200
    stored = Unavailability.objects.get(uid=row["unavailability"])
    assert (stored.state, stored.saved_by, stored.ends_at.isoformat()) == (
        "Canceled",
        f"service account {CORA}",
        datetime.fromisoformat(moved["until"]).isoformat(),
    )
    over = send(CORA, "POST", f"{here}/cancel", {"version": 3})
    assert (over.status_code, over.json()["detail"]) == (409, "The period is canceled; schedule a new one.")


WRONG = {
    "an end before the start": ({"until": "2026-01-01T00:00:00Z"}, "until", "is not after"),
    "a start that passed": ({"from": "2026-01-01T00:00:00Z"}, "from", "has passed"),
    "more than a year": ({"until": "2099-01-01T00:00:00Z"}, "until", "More than a year"),
    "no reason": ({"reason": " "}, "reason", "required"),
    "a long reason": ({"reason": "x" * 201}, "reason", "at most 200 characters"),
    "another's device": ({"devices": [1]}, "devices", "1"),
    "no device": ({"devices": []}, "devices", "at least 1 item"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_period_that_is_not_possible_names_its_field(send: Send, case: str) -> None:
    more, field, sentence = WRONG[case]
    found = subscription()
    theirs = [one.device_id for one in found.subscribed_devices.all()]
    if case == "another's device":
        more = {"devices": [Device.objects.exclude(pk__in=theirs).latest("pk").pk]}
        sentence = str(more["devices"][0])
    said = period(**{"devices": theirs[:1], **more})
    address = f"customers/{found.customer.number}/subscriptions/{found.pk}/unavailability"
    answer = send(CORA, "POST", address, said)
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM), told
    assert field in {one["field"] for one in told["errors"]}, told
    assert sentence in told["detail"], told


def opt_out_of(event: ProgramEvent, device: Device) -> str:
    place = f"{event.event_number}/{event.stage_number}/devices/{device.head_end}/{device.nic_id}"
    return f"program-events/{place}/opt-out"


def test_a_device_that_is_not_reserved_can_not_opt_out(send: Send) -> None:
    event = ProgramEvent.objects.filter(state="Completed").latest("pk")
    row = Participation.objects.filter(program_event_id=event.pk).order_by("device_id").first()
    assert row is not None
    device = Device.objects.get(pk=row.device_id)
    address = (
        f"program-events/{event.event_number}/{event.stage_number}/devices/{device.head_end}/{device.nic_id}/opt-out"
    )
    answer = send(CORA, "POST", address, {})
    assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)


def test_a_customer_is_enrolled_and_leaves(send: Send) -> None:
    """A check that is not met refuses the application, unless it may be kept as an Exception."""
    program = Program.objects.earliest("pk")
    inside = Subscription.objects.filter(program=program, ends_at=None).values("location")
    place = DeviceLocation.objects.filter(left_at=None).exclude(pk__in=inside).annotate(n=Count("devices")).filter(n=1)
    found = place.select_related("customer").order_by("pk").first()
    assert found is not None
    device = found.devices.get()
    said = {
        "location": found.pk,
        "program": program.code,
        "devices": [device.pk],
        "answers": [True] * len(program.questions),
    }
    address = f"customers/{found.customer.number}/enrollments"
    refused = send(CORA, "POST", address, said)
    if refused.status_code == 422:
        assert refused.json()["errors"], refused.content
        assert not Enrollment.objects.filter(location=found, program=program).exists()
    made = send(CORA, "POST", address, {**said, "accept_unmet": True}) if refused.status_code == 422 else refused
    assert made.status_code == 201, made.content
    enrollment = Enrollment.objects.get(location=found, program=program)
    assert made.json()["at"] == f"/api/v1/enrollments/{enrollment.pk}"
    assert enrollment.applied_by == f"service account {CORA}"
    assert (enrollment.state == EnrollmentState.EXCEPTION) is (refused.status_code == 422)


def test_an_enrollment_ends_with_a_reason(send: Send) -> None:
    enrollment = Enrollment.objects.filter(state=EnrollmentState.REGISTERED).earliest("pk")
    address = f"enrollments/{enrollment.pk}/unenroll"
    wrong = send(CORA, "POST", address, {"because": "bored"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "because")
    assert send(CORA, "POST", address, {"because": "moved out", "note": "to Bonn"}).status_code == 200
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.left_because) == (EnrollmentState.DEREGISTERING, "moved out")
    again = send(CORA, "POST", address, {"because": "moved out"})
    assert (again.status_code, again["Content-Type"]) == (409, PROBLEM)


def test_a_device_is_replaced(send: Send) -> None:
    old = subscription().subscribed_devices.filter(device__ended_at=None).earliest("pk").device
    number = old.location.customer.number
    address = f"customers/{number}/devices/{old.pk}/replace"
    wrong = send(CORA, "POST", address, {"nic_id": "NEW1", "model": "M", "rated_w": 0})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "rated_w")
    done = send(CORA, "POST", address, {"nic_id": "NEW1", "model": old.model, "rated_w": old.rated_w})
    assert done.status_code == 200, done.content
    old.refresh_from_db()
    assert old.ended_at is not None
    assert Device.objects.get(nic_id="NEW1", ended_at=None).location_id == old.location_id
    assert send(CORA, "POST", address, {"nic_id": "NEW2", "model": "M", "rated_w": 900}).status_code == 404


def test_nothing_of_another_customer_is_reached_by_an_address(send: Send) -> None:
    mine, other = subscription(), Customer.objects.order_by("-number")[0]
    assert mine.customer_id != other.pk
    device = mine.subscribed_devices.all()[0].device
    said = period(devices=[device.pk])
    for address, body in (
        (f"customers/{other.number}/subscriptions/{mine.pk}/unavailability", said),
        (f"customers/{other.number}/devices/{device.pk}/replace", {"nic_id": "N", "model": "M", "rated_w": 1}),
        (f"customers/{other.number}/enrollments", {"location": mine.location_id, "program": mine.program.code}),
    ):
        assert send(CORA, "POST", address, body).status_code == 404, address
