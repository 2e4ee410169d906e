"""When devices were last heard."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cpm.models.customers import Device, Subscription
from cpm.models.device_status import DeviceStatus
from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.outcomes import SILENT, Outcome
from integration.seam.sql import statement


def last_heard(devices: Sequence[Device]) -> dict[int, datetime]:
    """When each of some devices was last heard, by a report or a status check; without those that never were."""
    ids = [device.pk for device in devices]
    known = dict(DeviceStatus.objects.filter(device__in=ids).values_list("device_id", "heard_at"))
    found = {pk: at for pk, at in known.items() if at}
    for pk, at in _reports(ids):
        found[pk] = max(at, found.get(pk, at))
    return found


def devices_asked(check_uid: UUID) -> list[Device]:
    """The devices whose last status check this was."""
    return list(Device.objects.filter(status__check_uid=check_uid).order_by("pk"))


def _reports(ids: list[int]) -> list[tuple[int, datetime]]:
    """The last report of each device. Partitions are found by program event: those of programs the devices are in."""
    programs = Subscription.objects.filter(subscribed_devices__device__in=ids).values("program")
    events = ProgramEvent.objects.filter(program__in=programs, closed__gt=0).values_list("pk", flat=True)
    if not (wanted := list(events)):
        return []
    params = {"program_events": wanted, "devices": ids, "silent_codes": SILENT, "canceled": Outcome.CANCELED}
    return [(pk, at) for pk, at in sql.rows(statement("cpm", "last_reports"), params)]
