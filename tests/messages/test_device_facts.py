"""Changed facts of a device: sent by CPM, used by DERMS from then on; the latest win, in whatever order they arrive."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from cpm import operations as cpm
from cpm.models.customers import Device as CpmDevice
from cpm.models.customers import DeviceLocation, SubscribedDevice
from derms.models import Candidate, ControlZone, Device, HeadEnd, Program
from derms.operations import change_enrollment, save_device_facts
from integration.seam.delivery import NotYet
from integration.seam.messages import DeviceFacts, EnrollmentChange, Receipt
from integration.seam.models import Message
from integration.seam.settling import settle
from integration.seam.sql import rows
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _facts(at: datetime, rated_w: int, **fields: Any) -> DeviceFacts:
    given = {**DeviceFacts.example, "nic_id": "A1", "at": at, "rated_w": rated_w, "zone": "NORTH"}
    place = {"feeder": "NORTH-F1", "transformer": "NORTH-T1"}
    return DeviceFacts.model_validate({**given, **place, **fields})


def _start(at: datetime, rated_w: int) -> EnrollmentChange:
    given = _facts(at, rated_w).model_dump()
    return EnrollmentChange.model_validate({**given, "change": "start", "program": "COOL"})


def _apply(messages: Sequence[DeviceFacts | EnrollmentChange], now: datetime) -> None:
    """Apply messages in this order; those that must wait are tried again at the end, as deliveries are."""
    waiting: list[DeviceFacts | EnrollmentChange] = []
    for message in [*messages, *messages]:  # each arrives twice
        try:
            with transaction.atomic():
                if isinstance(message, DeviceFacts):
                    save_device_facts(message)
                else:
                    change_enrollment(message, now=now)
        except NotYet:
            waiting.append(message)
    for message in waiting:
        assert isinstance(message, DeviceFacts)
        save_device_facts(message)


@pytest.fixture
def head_end(program: Program) -> HeadEnd:
    assert program.code == "COOL"
    return HeadEnd.objects.create(code="HE1", name="Head End One")


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.usefixtures("head_end")
def test_the_latest_facts_win_in_any_order(now: datetime, order: tuple[int, ...]) -> None:
    story = [_start(now, 1000)] + [_facts(now + n * HOUR, 1000 + n) for n in (1, 2, 3)]

    _apply([story[n] for n in order], now)

    device = Device.objects.get()
    assert (device.rated_w, device.facts_at) == (1003, now + 3 * HOUR)
    assert sorted(rows("SELECT rated_w FROM derms_candidate")) == [(1003,)]


@pytest.mark.usefixtures("head_end")
def test_older_facts_have_no_effect_and_are_answered(now: datetime) -> None:
    change_enrollment(_start(now, 1000), now=now)
    assert save_device_facts(_facts(now + HOUR, 2000)) == Receipt()

    receipt = save_device_facts(_facts(now + HOUR / 2, 3000))

    assert (receipt.applied, Device.objects.get().rated_w) == (0, 2000)
    answers = Message.objects.filter(kind="device_facts_answer").order_by("pk")
    assert [answer.payload["error"] for answer in answers] == ["", ""]


@pytest.mark.usefixtures("head_end")
def test_facts_of_a_device_that_is_taken_out_wait_for_its_return(now: datetime) -> None:
    change_enrollment(_start(now, 1000), now=now)
    change_enrollment(_start(now + HOUR, 1000).model_copy(update={"change": "end"}), now=now)
    assert save_device_facts(_facts(now + HOUR / 2, 2000)).applied == 0
    with pytest.raises(NotYet, match="not registered yet"), transaction.atomic():
        save_device_facts(_facts(now + 3 * HOUR, 3000))

    change_enrollment(_start(now + 2 * HOUR, 1500), now=now)
    save_device_facts(_facts(now + 3 * HOUR, 3000))

    assert Device.objects.get(ended_at=None).rated_w == 3000


@pytest.mark.parametrize(("part", "error"), [("feeder", "feeder “NOWHERE”"), ("transformer", "transformer “NOWHERE”")])
@pytest.mark.usefixtures("head_end")
def test_what_derms_does_not_know_is_refused_and_nothing_changes(part: str, error: str, now: datetime) -> None:
    change_enrollment(_start(now, 1000), now=now)

    receipt = save_device_facts(_facts(now + HOUR, 2000, **{part: "NOWHERE"}))

    assert (receipt.status, Device.objects.get().rated_w) == ("ERROR", 1000)
    assert error in Message.objects.get(kind="device_facts_answer").payload["error"]


def test_changed_facts_reach_derms_and_come_back_answered(zone: ControlZone, program: Program, now: datetime) -> None:
    """A device moves to another zone and gets stronger: choosing there uses it as it is now."""
    factories.fleet(zone, program, 2, since=now - HOUR)
    factories.zone("SOUTH")
    device = CpmDevice.objects.get(nic_id="N0000001")
    other = CpmDevice.objects.get(nic_id="N0000002")
    device.rated_w, device.critical_care = 4200, True
    device.save()
    place = {"zone": "SOUTH", "substation": "SOUTH-S1", "feeder": "SOUTH-F1", "transformer": "SOUTH-T1"}
    DeviceLocation.objects.filter(pk=device.location_id).update(**place)

    sent = {"location_id": device.location_id, "device_ids": [device.pk, other.pk]}
    assert cpm.send_device_facts(**sent, now=now) == 2
    settle()

    known = Device.objects.select_related("zone", "feeder", "transformer").get(nic_id="N0000001")
    assert (known.rated_w, known.critical_care, known.zone.code) == (4200, True, "SOUTH")
    assert (known.feeder.code, known.transformer.code) == ("SOUTH-F1", "SOUTH-T1")
    assert Candidate.objects.get(device_id=known.pk).zone_id == known.zone_id
    device.refresh_from_db()
    assert (device.facts_answer, device.facts_error, device.facts_at) == ("Registered", "", known.facts_at)


def test_only_enrolled_devices_are_sent_and_each_time_later(zone: ControlZone, program: Program, now: datetime) -> None:
    factories.fleet(zone, program, 1, since=now - HOUR)
    device = CpmDevice.objects.get()
    sent = {"location_id": device.location_id, "device_ids": [device.pk], "now": now}
    cpm.send_device_facts(**sent)
    cpm.send_device_facts(**sent)
    at = [message.payload["at"] for message in Message.objects.filter(kind="device_facts").order_by("pk")]
    assert at == sorted(set(at))
    assert len(at) == 2

    SubscribedDevice.objects.update(answer="Error")
    assert cpm.send_device_facts(**sent) == 0


def test_an_answer_to_earlier_facts_says_nothing_any_more(zone: ControlZone, program: Program, now: datetime) -> None:
    factories.fleet(zone, program, 1, since=now - HOUR)
    DeviceLocation.objects.update(feeder="NOWHERE")
    device = CpmDevice.objects.get()
    cpm.send_device_facts(location_id=device.location_id, device_ids=[device.pk], now=now)
    settle()
    device.refresh_from_db()
    assert (device.facts_answer, device.facts_error) == ("Error", "There is no feeder “NOWHERE”.")
    first = Message.objects.filter(kind="device_facts_answer").get()

    DeviceLocation.objects.update(feeder="NORTH-F1")
    cpm.send_device_facts(location_id=device.location_id, device_ids=[device.pk], now=now)
    body: Any = first.body
    assert cpm.answer_device_facts(body).applied == 0
    settle()

    device.refresh_from_db()
    assert (device.facts_answer, device.facts_error) == ("Registered", "")
