"""Removing devices from stages, because of an opt-out, unavailability or an ended enrollment. LEC's answer decides."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from integration.seam import outbox
from integration.seam.delivery import NotYet, receiving
from integration.seam.messages import (
    LEFT,
    CustomerUnavailability,
    DeviceOptOut,
    DeviceRemoval,
    EnrollmentChange,
    EventOptOut,
    OptOutAnswer,
    Receipt,
    RemovalAnswer,
    RemovalReason,
    ReservationReleased,
)
from integration.seam.nudges import tell_pages
from integration.seam.recorded import ANSWERED, VERSION_NOT_NEWER, recorded
from integration.seam.systems import System

from ..choices import HOLDING_STAGE_STATES, StageState
from ..models import Departure, Device, DeviceUnavailability, Removal, Reservation, Stage
from .figures import renew_figures
from .locks import lock_event, lock_stages, lock_zones_now

GIVEN_UP = recorded("%(count)s reservations given up")


@receiving
def opt_out_device(body: EventOptOut, *, now: datetime) -> Receipt:
    """Ask LEC to remove a device from a stage because its customer opted out.

    LEC is asked even if the stage is canceled: it may have started there before it was canceled here.
    """
    _lock_stage(body.stage_uid)
    _ask_removal(body.stage_uid, body.head_end, body.nic_id, "opt-out", now)
    return Receipt()


@receiving
def save_unavailability(body: CustomerUnavailability, *, now: datetime) -> Receipt:
    """Keep the device out of events in this period: from future choices and from existing reservations.

    The control zone's lock is taken first, so a schedule has either finished, and its reservations are given up here,
    or it has not started and will not choose the device. Raises NotYet while the device's enrollment is on its way.
    """
    device = _newest_device(body.head_end, body.nic_id)
    if device is None:
        raise NotYet(f"device {body.head_end}/{body.nic_id} is not known yet")
    lock_zones_now([device.zone_id])
    known = DeviceUnavailability.objects.filter(uid=body.unavailability_uid, device=device).first()
    if known and known.version >= body.version:
        return Receipt(applied=0, note=VERSION_NOT_NEWER(new=body.version, known=known.version))
    period = {"starts_at": body.starts_at, "ends_at": body.ends_at, "canceled": body.canceled}
    DeviceUnavailability.objects.update_or_create(
        uid=body.unavailability_uid, device=device, defaults={**period, "version": body.version}
    )
    stages = [] if body.canceled else _stages_holding(device, body.starts_at, body.ends_at)
    for stage in stages:
        _ask_removal(stage.uid, body.head_end, body.nic_id, "customer unavailable", now)
    return Receipt(note=GIVEN_UP(count=len(stages)) if stages else "")


def give_up_coming_stages(change: EnrollmentChange, nic_id: str, now: datetime) -> None:
    """Give up a device's reservations for future stages of a program it has left. A running stage finishes."""
    device = _newest_device(change.head_end, nic_id)
    if device is None:
        return
    for stage in _stages_holding(device, change.at, None):
        if stage.state == StageState.SCHEDULED and stage.program.code == change.program:
            _ask_removal(stage.uid, change.head_end, nic_id, "enrollment ended", now)


@receiving
def answer_removal(body: RemovalAnswer, *, now: datetime) -> Receipt:
    """Apply LEC's answer, send it on to CPM, and raise an alert if the event no longer meets its target."""
    stage = _lock_stage(body.stage_uid)
    removal = Removal.objects.select_for_update(no_key=True).get(
        stage_uid=body.stage_uid, head_end=body.head_end, nic_id=body.nic_id
    )
    if body.reason == "opt-out":
        _answer_opt_out(body, "customer")
    return _apply_answer(stage, removal, body)


@receiving
def hear_opt_out(body: DeviceOptOut, *, now: datetime) -> Receipt:
    """Apply that a device opted out by itself as an answer to a removal that nobody had to ask for.

    The customer's own opt-out may be on its way; the first of both answers counts, and says the same.
    """
    stage = _lock_stage(body.stage_uid)
    removal, _ = Removal.objects.select_for_update(no_key=True).get_or_create(
        stage_uid=body.stage_uid,
        head_end=body.head_end,
        nic_id=body.nic_id,
        defaults={"reason": "opt-out", "requested_at": now},
    )
    answer = RemovalAnswer.model_validate({**body.model_dump(), "reason": "opt-out"})
    _answer_opt_out(answer, "device")
    return _apply_answer(stage, removal, answer)


def _apply_answer(stage: Stage, removal: Removal, body: RemovalAnswer) -> Receipt:
    # A removal that was too late for one reason may succeed for another; one that has succeeded stays.
    if removal.answer and (removal.has_left or body.answer not in LEFT):
        return Receipt(applied=0, note=ANSWERED(answer=removal.answer))
    removal.reason, removal.answer, removal.answered_at = body.reason, body.answer, body.at
    removal.save(update_fields=["reason", "answer", "answered_at"])
    if body.answer in LEFT:
        _count_removed(stage, removal)
    outbox.send(ReservationReleased.model_validate(body.model_dump()), sender=System.DERMS)
    return Receipt()


def _lock_stage(stage_uid: UUID) -> Stage:
    event = lock_event(Stage.objects.values_list("event_id", flat=True).get(uid=stage_uid))
    return next(stage for stage in lock_stages(event) if stage.uid == stage_uid)


def _ask_removal(stage_uid: UUID, head_end: str, nic_id: str, reason: RemovalReason, now: datetime) -> None:
    """Ask LEC to remove a device, again only if the reason is another one."""
    removal, is_new = Removal.objects.get_or_create(
        stage_uid=stage_uid, head_end=head_end, nic_id=nic_id, defaults={"reason": reason, "requested_at": now}
    )
    if is_new or removal.reason != reason:
        outbox.send(
            DeviceRemoval(stage_uid=stage_uid, head_end=head_end, nic_id=nic_id, reason=reason), sender=System.DERMS
        )


def _count_removed(stage: Stage, removal: Removal) -> None:
    """Update the stage's counters and the event's figures, which raise an alert if its target is no longer met."""
    reservation = Reservation.objects.filter(
        stage_id=stage.pk, device_id__in=_device_ids(removal.head_end, removal.nic_id)
    ).first()
    if reservation is None:
        return
    Stage.objects.filter(pk=stage.pk).update(
        removed=F("removed") + 1, removed_w=F("removed_w") + reservation.expected_w
    )
    renew_figures(stage.event, devices_left=0 if _is_in_another_stage(stage, reservation) else 1)
    tell_pages(stage.event.number)


def _is_in_another_stage(stage: Stage, reservation: Reservation) -> bool:
    """Whether the event still has the device, in a stage that it has not left."""
    others = stage.event.stages.exclude(pk=stage.pk).exclude(state=StageState.CANCELED, started_at=None)
    held = Reservation.objects.filter(stage_id__in=list(others.values_list("pk", flat=True)))
    held = held.filter(device_id=reservation.device_id)
    left = Departure.objects.filter(stage_id=OuterRef("stage_id"), device_id=OuterRef("device_id"))
    return held.filter(~Exists(left)).exists()


def _answer_opt_out(body: RemovalAnswer, source: Literal["customer", "device"]) -> None:
    answer = "confirmed" if body.answer == "removed" else "too late"
    fields = {**body.model_dump(exclude={"reason"}), "answer": answer, "source": source}
    outbox.send(OptOutAnswer.model_validate(fields), sender=System.DERMS)


def _newest_device(head_end: str, nic_id: str) -> Device | None:
    """Return the device that had this NIC id last; NIC ids may be reused."""
    return Device.objects.filter(head_end__code=head_end, nic_id=nic_id).order_by("-registered_at", "-pk").first()


def _device_ids(head_end: str, nic_id: str) -> list[int]:
    return list(Device.objects.filter(head_end__code=head_end, nic_id=nic_id).values_list("pk", flat=True))


def _stages_holding(device: Device, starts_at: datetime, ends_at: datetime | None) -> list[Stage]:
    """Return open stages that overlap the period and have the device reserved."""
    stages = Stage.objects.filter(event__zone_id=device.zone_id, state__in=HOLDING_STAGE_STATES, ends_at__gt=starts_at)
    if ends_at is not None:
        stages = stages.filter(starts_at__lt=ends_at)
    ids = list(stages.values_list("pk", flat=True))
    held = Reservation.objects.filter(stage_id__in=ids, device_id=device.pk).values_list("stage_id", flat=True)
    return list(stages.filter(pk__in=list(held)).order_by("pk"))
