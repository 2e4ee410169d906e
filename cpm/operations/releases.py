"""Reservations that DERMS released, device by device."""

from datetime import datetime

from django.db.models import F

from cpm.models import Participation, ParticipationChange, Removal
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.seam.delivery import receiving
from integration.seam.messages import LEFT, Receipt, ReservationReleased
from integration.seam.nudges import tell_pages
from integration.seam.recorded import recorded

RELEASED_BY = "DERMS"  # who asked for a removal of which CPM had not heard before
FLAG_CLEARED = recorded("Reservation flag: Yes → No (%(reason)s)")


@receiving
def release_reservation(body: ReservationReleased, *, now: datetime) -> Receipt:
    """Set the reservation flag to No if the device left the stage; “too late” is stored but changes nothing.

    What was too late for one reason may be accepted for another. A customer's opt-out is answered separately.
    """
    program_event = ProgramEvent.objects.select_for_update(no_key=True).filter(stage_uid=body.stage_uid).first()
    removal, is_new = Removal.objects.get_or_create(
        stage_uid=body.stage_uid,
        head_end=body.head_end,
        nic_id=body.nic_id,
        defaults={"reason": body.reason, "requested_at": body.at, "requested_by": RELEASED_BY},
    )
    has_left = body.answer in LEFT
    if is_new or (removal.is_too_late and has_left):
        removal.reason, removal.answer, removal.answered_at = body.reason, body.answer, body.at
        removal.is_unconfirmed = body.is_unconfirmed
        removal.save(update_fields=["reason", "answer", "answered_at", "is_unconfirmed"])
    if program_event is None or not has_left:
        return Receipt(applied=int(is_new))
    return Receipt(applied=_clear_flag(program_event, body, now))


def participating_device(program_event: ProgramEvent, head_end: str, nic_id: str) -> Device | None:
    """The participating device with this key; its NIC id may have been reused since."""
    devices = {device.pk: device for device in Device.objects.filter(head_end=head_end, nic_id=nic_id)}
    held = Participation.objects.filter(program_event_id=program_event.pk, device_id__in=list(devices))
    participation = held.first()
    return devices[participation.device_id] if participation else None


def note_change(program_event: ProgramEvent, device: Device, what: str, by: str, now: datetime) -> None:
    """Add a row to a participation's history, and notify the pages."""
    ParticipationChange.objects.create(program_event=program_event, device=device, what=what, at=now, by=by)
    tell_pages(program_event.event_number)


def _clear_flag(program_event: ProgramEvent, body: ReservationReleased, now: datetime) -> int:
    device = participating_device(program_event, body.head_end, body.nic_id)
    if device is None:
        return 0
    held = Participation.objects.filter(program_event_id=program_event.pk, device_id=device.pk, reservation_flag=True)
    if not held.update(reservation_flag=False):
        return 0
    ProgramEvent.objects.filter(pk=program_event.pk).update(reserved=F("reserved") - 1)
    note_change(program_event, device, FLAG_CLEARED(reason=body.reason), "DERMS", now)
    return 1
