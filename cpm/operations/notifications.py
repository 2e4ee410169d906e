"""Notify customers about events: a row for each thing that a customer should hear, which emails.py sends one by one."""

from datetime import datetime, timedelta

from django.db import transaction

from cpm.models import Notification
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent

from ..choices import FINAL_STATES, NotificationKind, ProgramEventState
from ..set_operations import notify_reserved, notify_told

# Stages of an event that are canceled one after the other are told in one e-mail.
GATHER = timedelta(seconds=10)


@transaction.atomic
def notify_customers(program_event_id: int, *, now: datetime) -> None:
    """Notify each customer with a reserved device in the program event; once per event, even if it has many stages."""
    program_event = ProgramEvent.objects.select_for_update(no_key=True).get(pk=program_event_id)
    if program_event.notified_at or program_event.state != ProgramEventState.SCHEDULED:
        return
    notify_reserved(program_event, now=now)
    program_event.notified_at = now
    program_event.save(update_fields=["notified_at"])


@transaction.atomic
def notify_of_end(program_event_id: int, *, now: datetime) -> None:
    """Notify customers who heard of the event: of a stage that was canceled or cut short, or that all of it is over."""
    program_event = ProgramEvent.objects.select_for_update(no_key=True).get(pk=program_event_id)
    if program_event.end_notified_at or program_event.state not in FINAL_STATES:
        return
    if program_event.state == ProgramEventState.CANCELED:
        about, stages = str(program_event.stage_number), [program_event.pk]
        notify_told(program_event, NotificationKind.CANCELED, about=about, stages=stages, due_at=now + GATHER, now=now)
    elif stages := _completed_if_all_are_over(program_event):
        notify_told(program_event, NotificationKind.ENDED, about="", stages=stages, due_at=now, now=now)
    program_event.end_notified_at = now
    program_event.save(update_fields=["end_notified_at"])


def confirm_opt_out(program_event: ProgramEvent, device: Device, *, now: datetime) -> None:
    """Notify a device's customer of the answer to their opt-out, within the caller's transaction."""
    Notification.objects.get_or_create(
        event_uid=program_event.event_uid,
        customer_id=device.location.customer_id,
        kind=NotificationKind.OPTED_OUT,
        about=f"{program_event.stage_number} {device.pk}",
        defaults={"program_event": program_event, "device": device, "made_at": now, "due_at": now + GATHER},
    )


def _completed_if_all_are_over(program_event: ProgramEvent) -> list[int]:
    """Return the event's completed program events; none while another one is still to come or runs."""
    of_event = ProgramEvent.objects.filter(event_uid=program_event.event_uid)
    if of_event.exclude(state__in=FINAL_STATES).exists():
        return []
    return list(of_event.filter(state=ProgramEventState.COMPLETED).values_list("pk", flat=True))
