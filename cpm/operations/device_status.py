"""Asking Live Energy Connect whether devices can be reached, and keeping its answers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from integration.seam import outbox
from integration.seam.delivery import receiving
from integration.seam.messages import AskedDevices, DeviceStatus, DeviceStatusCheck, Receipt
from integration.seam.recorded import recorded
from integration.seam.systems import System

from ..set_operations import ask_devices, ask_unheard_devices, keep_statuses

NIGHTLY = recorded("nightly check")()  # who asked: no user name, those have no blanks
ASKED_AGAIN_AFTER = timedelta(days=7)
AT_ONCE = 5_000  # devices of one message


@transaction.atomic
def check_devices(*, devices: Sequence[tuple[str, str]], by: str, now: datetime) -> int:
    """Ask about installed devices, given by head end and NIC id; returns how many there are. Others are left out."""
    check_uid = uuid4()
    return _ask(check_uid, ask_devices(devices, check_uid=check_uid, by=by, now=now))


def check_unheard_devices(*, now: datetime) -> None:
    """Ask about each enrolled device that no check has found online for a week, in blocks, each a message of its own.

    A device that somebody asked about in the last twelve hours is left out.
    """
    last: int | None = 0
    while last is not None:
        with transaction.atomic():
            check_uid = uuid4()
            heard_before = now - ASKED_AGAIN_AFTER
            last, asked = ask_unheard_devices(
                after=last, most=AT_ONCE, heard_before=heard_before, check_uid=check_uid, by=NIGHTLY, now=now
            )
            _ask(check_uid, asked)


@receiving
def keep_device_status(body: DeviceStatus) -> Receipt:
    """Keep the answer with devices whose last question it answers; those online were heard whatever was asked last."""
    return Receipt(applied=keep_statuses(body))


def _ask(check_uid: UUID, asked: list[AskedDevices]) -> int:
    if asked:
        outbox.send(DeviceStatusCheck(check_uid=check_uid, devices=tuple(asked)), sender=System.CPM)
    return sum(len(one.nic_ids) for one in asked)
