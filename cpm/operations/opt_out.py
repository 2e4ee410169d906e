"""Preemptive opt-out: a customer's device leaves one program event before its stage starts."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models import Participation, Removal
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.seam import outbox
from integration.seam.delivery import NotYet, receiving
from integration.seam.messages import EventOptOut, OptOutAnswer, Receipt
from integration.seam.recorded import ANSWERED, recorded
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import ProgramEventState, RemovalReason
from ..pages.standings import opt_out_refusal, removal_sentence
from .notifications import confirm_opt_out
from .releases import RELEASED_BY, note_change, participating_device

OPTED_OUT = recorded("Preemptive Opt-Out: No → Yes")
UNCONFIRMED = recorded("Opt-out not confirmed: the head end had not read it by the start")
AT_DEVICE = recorded("Preemptive Opt-Out: No → Yes, at the device")
AT_DEVICE_LATE = recorded("Preemptive Opt-Out: No → Yes, at the device, after the program's cut-off")
THE_DEVICE = recorded("the device")()
OPT_OUT_ANSWERED = {"confirmed": recorded("Opt-out confirmed"), "too late": recorded("Opt-out too late")}


class OptOutNotAllowed(Refused):
    """The program type does not allow it, it is too late, or the device is not reserved."""


@transaction.atomic
def opt_out_device(*, program_event_id: int, device_id: int, by: str, now: datetime) -> None:
    """Set Preemptive Opt-Out to Yes and notify DERMS. It can't be undone; doing it again has no effect."""
    if sentence := _opt_out(program_event_id, device_id, by, now):
        raise OptOutNotAllowed(sentence)


@transaction.atomic
def opt_out_of_event(*, event_uid: UUID, device_id: int, by: str, now: datetime) -> list[str]:
    """Opt a device out of every coming stage of an event; returns a sentence for each stage it could not leave.

    Raises OptOutNotAllowed if it could leave none.
    """
    coming = ProgramEvent.objects.filter(event_uid=event_uid, state=ProgramEventState.SCHEDULED).order_by("pk")
    reserved = Participation.objects.filter(
        program_event_id__in=list(coming.values_list("pk", flat=True)), device_id=device_id, reservation_flag=True
    )
    stages = coming.filter(pk__in=list(reserved.values_list("program_event_id", flat=True)))
    answers = [(str(stage), _opt_out(stage.pk, device_id, by, now)) for stage in stages]
    refused = [f"{stage}: {sentence}" for stage, sentence in answers if sentence]
    if len(refused) == len(answers):
        raise OptOutNotAllowed(" ".join(refused) or _("The device is not reserved for a coming stage of this event."))
    return refused


def _opt_out(program_event_id: int, device_id: int, by: str, now: datetime) -> str:
    """Opt a device out of one program event; returns why that was refused, or an empty text."""
    program_event = (
        ProgramEvent.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__type")
        .get(pk=program_event_id)
    )
    row = Participation.objects.filter(program_event_id=program_event_id, device_id=device_id)
    participation = row.first()
    if participation is not None and participation.preemptive_opt_out:
        return ""
    device = Device.objects.select_related("location").get(pk=device_id)
    zone, is_reserved = device.location.time_zone, participation is not None and participation.reservation_flag
    if sentence := opt_out_refusal(program_event, is_reserved=is_reserved, zone=zone, now=now):
        return sentence
    removal, is_new = Removal.objects.get_or_create(
        stage_uid=program_event.stage_uid,
        head_end=device.head_end,
        nic_id=device.nic_id,
        defaults={"reason": RemovalReason.OPT_OUT, "requested_at": now, "requested_by": by},
    )
    if not is_new:
        return removal_sentence(removal, zone)
    row.update(preemptive_opt_out=True)
    note_change(program_event, device, OPTED_OUT(), by, now)
    outbox.send(
        EventOptOut(stage_uid=program_event.stage_uid, head_end=device.head_end, nic_id=device.nic_id),
        sender=System.CPM,
    )
    return ""


@receiving
def answer_opt_out(body: OptOutAnswer, *, now: datetime) -> Receipt:
    """Store whether DERMS and LEC confirmed the opt-out, or since when it was too late.

    Of a device that opted out by itself, this is also the first that CPM hears; what was released because of it may
    have been heard before. Raises NotYet while its program event is not known.
    """
    program_event = _lock_program_event(body)
    removal = _removal_of(body)
    if removal.answer or removal.reason != RemovalReason.OPT_OUT:
        return Receipt(applied=0, note=ANSWERED(answer=removal.answer))
    removal.answer, removal.answered_at, removal.is_unconfirmed = body.answer, body.at, body.is_unconfirmed
    removal.save()
    if device := participating_device(program_event, body.head_end, body.nic_id):
        if removal.requested_by == THE_DEVICE:
            _note_at_device(program_event, device, said_at=body.at, now=now)
        answered = UNCONFIRMED if body.is_unconfirmed else OPT_OUT_ANSWERED[body.answer]
        note_change(program_event, device, answered(), "DERMS", now)
        confirm_opt_out(program_event, device, now=now)
    return Receipt()


def _lock_program_event(body: OptOutAnswer) -> ProgramEvent:
    known = ProgramEvent.objects.select_for_update(no_key=True, of=("self",)).select_related("program__type")
    if (program_event := known.filter(stage_uid=body.stage_uid).first()) is None:
        raise NotYet("the program event is not known yet")
    return program_event


def _removal_of(body: OptOutAnswer) -> Removal:
    """The removal that is answered; of a device that opted out by itself, not answered yet by what overtook this."""
    key = {"stage_uid": body.stage_uid, "head_end": body.head_end, "nic_id": body.nic_id}
    if body.source == "customer":
        return Removal.objects.get(**key)
    asked = {"reason": RemovalReason.OPT_OUT, "requested_at": body.at, "requested_by": THE_DEVICE}
    removal, _is_new = Removal.objects.get_or_create(**key, defaults=asked)
    if removal.requested_by == RELEASED_BY and removal.reason == RemovalReason.OPT_OUT:
        removal.answer, removal.requested_by = "", THE_DEVICE
    return removal


def _note_at_device(program_event: ProgramEvent, device: Device, *, said_at: datetime, now: datetime) -> None:
    """Note that a device left by itself: it is out, whatever cut-off its program has for what customers ask of us."""
    held = Participation.objects.filter(program_event_id=program_event.pk, device_id=device.pk)
    if held.filter(preemptive_opt_out=False).update(preemptive_opt_out=True):
        what = AT_DEVICE if said_at < program_event.opt_out_ends_at else AT_DEVICE_LATE
        note_change(program_event, device, what(), THE_DEVICE, now)
