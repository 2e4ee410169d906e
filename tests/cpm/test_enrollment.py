"""Enrollment across systems: CPM sends changes to DERMS, which registers devices and answers for each one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from cpm import models as cpm
from cpm import operations
from cpm.operations.enrollment import NicIdTaken, SubscriptionEnded
from cpm.operations.replacing import DeviceTakenOut
from derms import models as derms
from derms.operations import load_enrollments
from integration.seam import clock
from integration.seam.delivery import deliver
from integration.seam.messages import EnrollmentLoad
from integration.seam.models import Message
from integration.seam.program_rules import ProgramRules
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscriptions(zone: derms.ControlZone, program: derms.Program, now: datetime) -> list[cpm.Subscription]:
    """Three households with one subscribed device each; nothing has been sent to DERMS yet."""
    factories.fleet(zone, program, 3, since=now - timedelta(days=1))
    derms.Enrollment.objects.all().delete()
    derms.Device.objects.all().delete()
    cpm.SubscribedDevice.objects.update(answer="Pending")
    return list(cpm.Subscription.objects.order_by("pk"))


@pytest.fixture
def start(subscriptions: list[cpm.Subscription]) -> Callable[[int], cpm.SubscribedDevice]:
    """Start the enrollment of a household's device."""

    def make(n: int) -> cpm.SubscribedDevice:
        subscribed = subscriptions[n].subscribed_devices.get()
        operations.start_enrollment(
            subscription_id=subscribed.subscription_id, device_id=subscribed.device_id, now=clock.now()
        )
        settle()
        return cpm.SubscribedDevice.objects.select_related("device").get(pk=subscribed.pk)

    return make


def _enrolled() -> dict[str, bool]:
    """Devices that DERMS knows as enrolled, and whether they are registered."""
    rows = derms.Enrollment.objects.filter(ends_at=None).values_list("device__nic_id", "device__ended_at")
    return {nic_id: ended_at is None for nic_id, ended_at in rows}


def test_a_start_is_registered_and_answered(start: Callable[[int], cpm.SubscribedDevice]) -> None:
    subscribed = start(0)

    assert (subscribed.answer, subscribed.error) == ("Registered", "")
    device = derms.Device.objects.get()
    assert (device.nic_id, device.rated_w, device.zone.code) == ("N0000001", 1000, "NORTH")
    assert _enrolled() == {"N0000001": True}
    assert cpm.SubscribedDevice.objects.filter(answer="Pending").count() == 2


def test_a_start_told_twice_registers_once(start: Callable[[int], cpm.SubscribedDevice]) -> None:
    start(0)
    assert start(0).answer == "Registered"

    assert derms.Device.objects.count() == 1
    assert _enrolled() == {"N0000001": True}


def test_an_end_is_deregistered_and_answered(start: Callable[[int], cpm.SubscribedDevice], now: datetime) -> None:
    subscribed = start(0)

    operations.end_enrollment(subscription_id=subscribed.subscription_id, now=clock.now())
    settle()

    subscribed.refresh_from_db()
    assert subscribed.answer == "Deregistered"
    assert _enrolled() == {}
    assert derms.Device.objects.get().ended_at is not None
    with pytest.raises(SubscriptionEnded, match="ended on"):
        operations.end_enrollment(subscription_id=subscribed.subscription_id, now=clock.now())


def test_a_device_of_two_programs_stays_registered_when_it_leaves_one(
    start: Callable[[int], cpm.SubscribedDevice],
) -> None:
    subscribed = start(0)
    factories.program("SECOND")
    first = subscribed.subscription
    second = cpm.Subscription.objects.create(
        customer=first.customer,
        location=first.location,
        program=cpm.Program.objects.get(code="SECOND"),
        starts_at=clock.now(),
    )
    operations.start_enrollment(subscription_id=second.pk, device_id=subscribed.device_id, now=clock.now())
    settle()

    operations.end_enrollment(subscription_id=first.pk, now=clock.now())
    settle()

    assert _enrolled() == {"N0000001": True}
    answers = dict(cpm.SubscribedDevice.objects.filter(device=subscribed.device).values_list("subscription", "answer"))
    assert answers == {first.pk: "Deregistered", second.pk: "Registered"}


def test_a_replaced_device_leaves_and_the_new_one_takes_its_place(start: Callable[[int], cpm.SubscribedDevice]) -> None:
    subscribed = start(0)
    old = subscribed.device

    new = operations.replace_device(
        device_id=old.pk, nic_id="NEW1", model="Better model", rated_w=2500, now=clock.now()
    )
    settle()

    assert _enrolled() == {"NEW1": True}
    assert derms.Device.objects.get(nic_id="N0000001").ended_at is not None
    assert derms.Device.objects.get(nic_id="NEW1").rated_w == 2500
    answers = cpm.SubscribedDevice.objects.filter(subscription=subscribed.subscription)
    assert dict(answers.values_list("device__nic_id", "answer")) == {"N0000001": "Deregistered", "NEW1": "Registered"}
    old.refresh_from_db()
    assert old.ended_at is not None
    assert new.location == old.location


def test_a_device_is_replaced_once_and_by_a_nic_id_nobody_has(start: Callable[[int], cpm.SubscribedDevice]) -> None:
    first, second = start(0).device, start(1).device
    with pytest.raises(NicIdTaken, match="Correct the NIC id"):
        operations.replace_device(device_id=first.pk, nic_id=second.nic_id, model="Model", rated_w=1, now=clock.now())
    with pytest.raises(NicIdTaken, match=f"already a device {second}; capital and small letters make no difference"):
        operations.replace_device(
            device_id=first.pk, nic_id=second.nic_id.lower(), model="Model", rated_w=1, now=clock.now()
        )
    new = operations.replace_device(device_id=first.pk, nic_id=" NEW1 ", model="Model", rated_w=1, now=clock.now())
    assert new.nic_id == "NEW1"

    with pytest.raises(DeviceTakenOut, match="can't be replaced again"):
        operations.replace_device(device_id=first.pk, nic_id="NEW2", model="Model", rated_w=1, now=clock.now())


@pytest.mark.parametrize(
    ("part", "error"), [("zone", "There is no control zone"), ("feeder", "There is no feeder “NOWHERE”.")]
)
def test_what_derms_does_not_know_is_answered_with_the_error(
    part: str, error: str, start: Callable[[int], cpm.SubscribedDevice]
) -> None:
    cpm.DeviceLocation.objects.update(**{part: "NOWHERE"})

    subscribed = start(0)

    assert subscribed.answer == "Error"
    assert error in subscribed.error
    assert not derms.Device.objects.exists()
    receipt = Message.objects.get(kind="enrollment_sync").deliveries.get().receipt
    assert (receipt["status"], receipt["refused"]) == ("ERROR", 1)


@pytest.mark.django_db(transaction=True)
def test_a_program_s_devices_are_loaded_and_answered_in_one_file(
    subscriptions: list[cpm.Subscription], program: derms.Program
) -> None:
    cpm.DeviceLocation.objects.filter(pk=subscriptions[1].location_id).update(transformer="NOWHERE")
    cpm.Device.objects.filter(nic_id="N0000003").update(rated_w=0)

    sent = operations.send_enrollment_load(program_id=cpm.Program.objects.get().pk)
    settle()

    assert sent == 3
    assert _enrolled() == {"N0000001": True}
    answers = dict(cpm.SubscribedDevice.objects.values_list("device__nic_id", "answer"))
    assert answers == {"N0000001": "Registered", "N0000002": "Error", "N0000003": "Error"}
    errors = cpm.SubscribedDevice.objects.exclude(error="").order_by("pk").values_list("error", flat=True)
    assert list(errors) == [
        "There is no transformer “NOWHERE”.",
        "The rated power is 0 W; it must be above 0 W.",
    ]
    receipt = Message.objects.get(kind="enrollment_load").deliveries.get().receipt
    assert (receipt["status"], receipt["applied"], receipt["refused"]) == ("ERROR", 1, 2)
    cpm.DeviceLocation.objects.update(transformer="NORTH-T1")
    cpm.SubscribedDevice.objects.update(answer="Pending", error="")
    operations.send_enrollment_load(program_id=cpm.Program.objects.get().pk)
    settle()
    assert _enrolled() == {"N0000001": True, "N0000002": True}
    assert derms.Device.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("subscriptions")
def test_devices_of_one_file_are_registered_in_the_order_of_their_nic_ids(settings: Any) -> None:
    """The parts of later extracts are in this order, so each joins with one range of the receiver's devices."""
    settings.EXTRACT_PART_ROWS = 2
    for device, nic_id in zip(cpm.Device.objects.order_by("pk"), ("N9", "N5", "N7"), strict=True):
        cpm.Device.objects.filter(pk=device.pk).update(nic_id=nic_id)

    operations.send_enrollment_load(program_id=cpm.Program.objects.get().pk)
    part = Message.objects.get(kind="enrollment_load").deliveries.get()
    deliver(part.pk, part.attempt)

    assert list(derms.Device.objects.order_by("pk").values_list("nic_id", flat=True)) == ["N5", "N7", "N9"]


def test_a_file_s_answers_are_counted_before_they_are_joined_to_every_device(
    subscriptions: list[cpm.Subscription],
) -> None:
    """Without statistics, 20,000 of them were merged with a million devices by head end alone, which took minutes."""
    operations.send_enrollment_load(program_id=cpm.Program.objects.get().pk)
    message = Message.objects.get(kind="enrollment_load")

    with transaction.atomic(), connection.cursor() as cursor:
        load_enrollments(message.deliveries.get(), EnrollmentLoad.model_validate(message.payload))
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'answered' AND relpersistence = 't'")
        assert cursor.fetchone() == (len(subscriptions),)


@pytest.mark.django_db(transaction=True)
def test_a_device_that_left_while_the_file_was_on_its_way_stays_out(
    subscriptions: list[cpm.Subscription], start: Callable[[int], cpm.SubscribedDevice]
) -> None:
    operations.send_enrollment_load(program_id=cpm.Program.objects.get().pk)
    load = Message.objects.get(kind="enrollment_load")
    load.deliveries.update(due_at=clock.now() + timedelta(hours=1), dead_at=clock.now())
    operations.end_enrollment(subscription_id=subscriptions[0].pk, now=clock.now())
    settle()

    load.deliveries.update(due_at=clock.now(), dead_at=None)
    settle()

    assert _enrolled() == {"N0000002": True, "N0000003": True}


def test_rules_are_told_with_a_version_and_older_ones_have_no_effect(program: derms.Program) -> None:
    owned = cpm.Program.objects.get()

    for most in (3, 2):
        rules = ProgramRules(events_per_week=most)
        operations.save_program(program_id=owned.pk, fields={}, rules=rules, by="pia", now=clock.now())
    newer, older = reversed(Message.objects.filter(kind="program_rule_sync").order_by("pk"))
    older.deliveries.update(due_at=clock.now() + timedelta(seconds=1))
    settle()

    known = derms.Program.objects.get()
    assert (known.version, known.rules.events_per_week, known.rules.events_per_month) == (3, 2, None)
    receipt = older.deliveries.get().receipt
    assert (receipt["applied"], receipt["note"]) == (0, "version 2 is not newer than 3")
    assert newer.deliveries.get().receipt["applied"] == 1


def test_a_flag_that_is_no_rule_tells_nobody(program: derms.Program) -> None:
    owned = cpm.Program.objects.get()

    operations.save_program(
        program_id=owned.pk,
        fields={"allow_customer_unavailability": True},
        rules=ProgramRules(),
        by="pia",
        now=clock.now(),
    )

    owned.refresh_from_db()
    assert (owned.allow_customer_unavailability, owned.version) == (True, 2)
    assert not Message.objects.exists()


def test_a_program_derms_has_not_heard_of_is_made(program: derms.Program) -> None:
    derms.Program.objects.all().delete()
    owned = cpm.Program.objects.get()

    operations.save_program(
        program_id=owned.pk,
        fields={"name": "Cooler", "active": False},
        rules=ProgramRules(),
        by="pia",
        now=clock.now(),
    )
    settle()

    known = derms.Program.objects.get()
    assert (known.code, known.name, known.active, known.version) == ("COOL", "Cooler", False, 2)
