"""Programs, subscriptions and devices: sent to DERMS, which answers."""

from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cpm.models.customers import Device, SubscribedDevice, Subscription
from cpm.models.programs import Program
from integration.seam import extracts, outbox
from integration.seam.delivery import receiving
from integration.seam.messages import (
    EnrollmentAnswer,
    EnrollmentChange,
    EnrollmentLoad,
    EnrollmentLoadAnswer,
    EnrollmentSync,
    ProgramRuleSync,
    Receipt,
)
from integration.seam.models import Delivery
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import SyncAnswer
from ..set_operations import ENROLLMENT_ROWS, apply_answers
from .unavailability import move_periods


class SubscriptionEnded(Refused):
    """The customer has already left the program."""


class DeviceTakenOut(Refused):
    """The device was taken out."""


class NicIdTooLong(Refused):
    """A NIC id has more characters than can be kept."""


class NicIdTaken(Refused):
    """Another installed device has this NIC id."""


_TAKES_PART = Q(subscription__ends_at=None, device__ended_at=None)
_CAN_BE_ABOUT = {"Registered": _TAKES_PART, "Deregistered": ~_TAKES_PART, "Error": Q(answer=SyncAnswer.PENDING)}


@transaction.atomic
def send_program_rules(*, program_id: int) -> None:
    """Send DERMS a program with its present rules."""
    program = Program.objects.get(pk=program_id)
    outbox.send(
        ProgramRuleSync(
            program=program.code,
            name=program.name,
            active=program.active,
            version=program.version,
            rules=program.rules,
        ),
        sender=System.CPM,
    )


@transaction.atomic
def send_enrollment_load(*, program_id: int) -> int:
    """Send DERMS, in one file, the devices of a program that it has not answered yet; returns how many."""
    program = Program.objects.get(pk=program_id)
    extract = extracts.write_extract(kind="enrollment_load", query=ENROLLMENT_ROWS, params={"program": program_id})
    outbox.send(EnrollmentLoad(program=program.code, extract=extract.ref), sender=System.CPM)
    return extract.rows


@transaction.atomic
def start_enrollment(*, subscription_id: int, device_id: int, now: datetime) -> None:
    """Add a device to a subscription, and notify DERMS."""
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    device = Device.objects.get(pk=device_id)
    SubscribedDevice.objects.update_or_create(
        subscription=subscription, device=device, defaults={"answer": SyncAnswer.PENDING, "error": ""}
    )
    _send("start", subscription, device, now)


@transaction.atomic
def end_enrollment(*, subscription_id: int, now: datetime) -> None:
    """End a subscription with all its devices, and notify DERMS of each; a household has a handful."""
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    if subscription.ends_at:
        raise SubscriptionEnded(
            _("%(subscription)s ended on %(ends)s.")
            % {"subscription": subscription, "ends": f"{subscription.ends_at:%Y-%m-%d}"}
        )
    subscription.ends_at = now
    subscription.save(update_fields=["ends_at"])
    for subscribed in subscription.subscribed_devices.select_related("device").filter(device__ended_at=None):
        subscribed.answer = SyncAnswer.PENDING
        subscribed.save(update_fields=["answer"])
        _send("end", subscription, subscribed.device, now)


@transaction.atomic
def replace_device(*, device_id: int, nic_id: str, model: str, rated_w: int, now: datetime) -> Device:
    """Replace an old device with a new one, which takes over the customer's coming unavailability.

    The old one's row stays, with an end, so that outcomes can be matched. An opt-out stays with it, too: a stage that
    somebody could opt out of has its reservations and does not choose the new device.
    """
    _require_short(nic_id)
    old = Device.objects.select_for_update(no_key=True).select_related("location").get(pk=device_id)
    if old.ended_at:
        raise DeviceTakenOut(
            _("Device %(old)s was taken out on %(ended)s; it can't be replaced again.")
            % {"old": old, "ended": f"{old.ended_at:%Y-%m-%d}"}
        )
    if Device.objects.filter(head_end=old.head_end, nic_id=nic_id, ended_at=None).exists():
        raise NicIdTaken(
            _("There is already a device %(head_end)s/%(nic)s. Correct the NIC id.")
            % {"head_end": old.head_end, "nic": nic_id}
        )
    old.ended_at = now
    old.save(update_fields=["ended_at"])
    new = Device.objects.create(
        location=old.location,
        head_end=old.head_end,
        nic_id=nic_id,
        device_class=old.device_class,
        model=model,
        rated_w=rated_w,
        critical_care=old.critical_care,
        installed_at=now,
    )
    for subscribed in old.subscribed.filter(subscription__ends_at=None).select_related("subscription__program"):
        subscribed.answer = SyncAnswer.PENDING
        subscribed.save(update_fields=["answer"])
        SubscribedDevice.objects.create(subscription=subscribed.subscription, device=new)
        _send("replace", subscribed.subscription, new, now, replaces_nic_id=old.nic_id)
    move_periods(old=old, new=new, now=now)
    return new


@receiving
def answer_enrollment(body: EnrollmentAnswer) -> Receipt:
    """Store DERMS's answer about one device.

    Answers may overtake each other, so each is matched with the subscriptions that it can be about.
    """
    asked = SubscribedDevice.objects.filter(
        device__head_end=body.head_end, device__nic_id=body.nic_id, subscription__program__code=body.program
    )
    changed = asked.filter(_CAN_BE_ABOUT[body.answer]).update(answer=body.answer, error=body.error[:300])
    return Receipt(applied=changed)


@transaction.atomic
def answer_enrollment_load(delivery: Delivery, body: EnrollmentLoadAnswer) -> Receipt:
    """Store DERMS's answer about each device of a file."""
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1).table
    return Receipt(applied=apply_answers(staged, Program.objects.get(code=body.program).pk))


def _require_short(nic_id: str) -> None:
    limit = Device._meta.get_field("nic_id").max_length or 0
    if len(nic_id) > limit:
        raise NicIdTooLong(
            _("The NIC id “%(nic)s” has %(length)s characters; at most %(limit)s are kept. Correct it.")
            % {"nic": nic_id, "length": len(nic_id), "limit": limit}
        )


def _send(
    change: Literal["start", "end", "replace"],
    subscription: Subscription,
    device: Device,
    now: datetime,
    **more: Any,
) -> None:
    place = device.location
    enrollment = EnrollmentChange.model_validate(
        {
            "change": change,
            "head_end": device.head_end,
            "nic_id": device.nic_id,
            "program": subscription.program.code,
            "at": now,
            "device_class": device.device_class,
            "rated_w": device.rated_w,
            "zone": place.zone,
            "feeder": place.feeder,
            "transformer": place.transformer,
            "critical_care": device.critical_care,
            **more,
        }
    )
    outbox.send(EnrollmentSync(enrollment=enrollment), sender=System.CPM)
