"""Applying what CPM reports about devices that are registered already."""

from integration.seam import outbox
from integration.seam.delivery import NotYet, receiving
from integration.seam.messages import DeviceFacts, DeviceFactsAnswer, Receipt
from integration.seam.recorded import recorded
from integration.seam.systems import System

from ..models import ControlZone, Device, Feeder, Transformer
from .enrollment import EnrollmentRefused, known_part
from .locks import lock_zones_now

NOT_LATER = recorded("Later facts of the device are known.")
NAMES = ("device_class", "rated_w", "zone", "feeder", "transformer", "critical_care")


@receiving
def save_device_facts(body: DeviceFacts) -> Receipt:
    """Use these facts from now on, unless later ones are known; the answer says whether they were refused.

    The control zones' locks are taken first, so a schedule has either finished with the former facts, which its
    reservations keep, or it has not started. Raises NotYet while the device's enrollment is on its way.
    """
    zone_id = _registered(body).zone_id
    lock_zones_now([zone_id, *ControlZone.objects.filter(code=body.zone).values_list("pk", flat=True)])
    device = _registered(body)
    if device.zone_id != zone_id:
        raise NotYet(f"device {device} has just moved to another control zone")
    if device.ended_at or (device.facts_at or device.registered_at) >= body.at:
        _answer(body)
        return Receipt(applied=0, note=NOT_LATER())
    try:
        device.zone = known_part(ControlZone, body.zone, "control zone")
        device.feeder = known_part(Feeder, body.feeder, "feeder")
        device.transformer = known_part(Transformer, body.transformer, "transformer")
    except EnrollmentRefused as reason:
        _answer(body, str(reason))
        return Receipt(status="ERROR", applied=0, refused=1, note=str(reason))
    device.device_class, device.rated_w, device.critical_care = body.device_class, body.rated_w, body.critical_care
    device.facts_at = body.at
    device.save(update_fields=[*NAMES, "facts_at"])
    _answer(body)
    return Receipt()


def _registered(body: DeviceFacts) -> Device:
    """The device's newest registration. Raises NotYet if the facts are of a coming one."""
    found = Device.objects.select_related("head_end").filter(head_end__code=body.head_end, nic_id=body.nic_id)
    device = found.order_by("-registered_at", "-pk").first()
    if device is None or (device.ended_at and device.ended_at < body.at):
        raise NotYet(f"device {body.head_end}/{body.nic_id} is not registered yet")
    return device


def _answer(body: DeviceFacts, error: str = "") -> None:
    answer = DeviceFactsAnswer(head_end=body.head_end, nic_id=body.nic_id, at=body.at, error=error)
    outbox.send(answer, sender=System.DERMS)
