"""Answering whether devices can be reached."""

from datetime import datetime

from integration.seam import outbox
from integration.seam.delivery import receiving
from integration.seam.messages import DeviceStatus, DeviceStatusCheck, Receipt
from integration.seam.systems import System

from ..set_operations import statuses_of


@receiving
def answer_status_check(body: DeviceStatusCheck, *, now: datetime) -> Receipt:
    """Answer for every device that was asked about; “unknown” if its head end is offline or not known here."""
    found = statuses_of(body)
    outbox.send(DeviceStatus(check_uid=body.check_uid, at=now, devices=tuple(found)), sender=System.LEC)
    return Receipt(applied=sum(len(one.nic_ids) for one in found))
