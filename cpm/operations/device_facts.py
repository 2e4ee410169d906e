"""Sending DERMS what changed about enrolled devices, and keeping its answers."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from cpm.models.customers import Device, SubscribedDevice
from cpm.models.enrollments import Enrollment
from integration.seam import outbox
from integration.seam.delivery import receiving
from integration.seam.messages import DeviceFacts, DeviceFactsAnswer, Receipt
from integration.seam.systems import System

from ..choices import SyncAnswer
from .enrollment_records import TICK, lock_location


@transaction.atomic
def send_device_facts(*, location_id: int, device_ids: Sequence[int], now: datetime) -> int:
    """Send DERMS the facts of those of a place's devices that it knows or is about to; returns how many.

    The others' facts travel with their enrollment. A household has a handful of devices.
    """
    location = lock_location(location_id)
    enrolled = SubscribedDevice.objects.filter(subscription__ends_at=None).exclude(answer=SyncAnswer.ERROR)
    rows = Device.objects.select_for_update(no_key=True).filter(pk__in=device_ids, ended_at=None)
    devices = list(rows.filter(pk__in=enrolled.values("device")).order_by("pk"))
    last: datetime | None = Enrollment.objects.filter(location=location).aggregate(at=Max("changed_at"))["at"]
    for device in devices:
        # Who waited for the lock may have read the clock before what happened meanwhile.
        device.facts_at = max([now, *(moment + TICK for moment in (device.facts_at, last) if moment)])
        device.facts_answer, device.facts_error = SyncAnswer.PENDING, ""
        device.save(update_fields=["facts_at", "facts_answer", "facts_error"])
        outbox.send(
            DeviceFacts.model_validate(
                {
                    "head_end": device.head_end,
                    "nic_id": device.nic_id,
                    "at": device.facts_at,
                    "device_class": device.device_class,
                    "rated_w": device.rated_w,
                    "zone": location.zone,
                    "feeder": location.feeder,
                    "transformer": location.transformer,
                    "critical_care": device.critical_care or location.life_support,
                }
            ),
            sender=System.CPM,
        )
    return len(devices)


@receiving
def answer_device_facts(body: DeviceFactsAnswer) -> Receipt:
    """Keep DERMS's answer to the facts that were sent last; an answer to earlier ones says nothing any more."""
    asked = Device.objects.filter(head_end=body.head_end, nic_id=body.nic_id, facts_at=body.at)
    answer = SyncAnswer.ERROR if body.error else SyncAnswer.REGISTERED
    return Receipt(applied=asked.update(facts_answer=answer, facts_error=body.error[:300]))
