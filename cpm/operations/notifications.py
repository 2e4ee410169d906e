"""Notify customers that their devices are reserved: a notification each at once, then e-mails, batch by batch."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from cpm.models import Notification, NotificationBatch, SelfServiceLink
from cpm.models.customers import Customer
from cpm.models.program_events import ProgramEvent
from integration.seam.alerts import raise_alert
from integration.seam.models import Priority
from integration.seam.sql import execute

from ..choices import ProgramEventState
from ..queries import ParticipationRow, coming_reservations
from ..set_operations import add_notifications
from .self_service import LINK_LASTS

BATCH_SIZE = 100
ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=30)


@transaction.atomic
def notify_customers(program_event_id: int, *, now: datetime) -> None:
    """Notify each customer in the program event; once per event, even if it has several stages."""
    program_event = ProgramEvent.objects.select_for_update(no_key=True).get(pk=program_event_id)
    if program_event.notified_at or program_event.state != ProgramEventState.SCHEDULED:
        return
    add_notifications(program_event, batch_size=BATCH_SIZE, now=now)
    program_event.notified_at = now
    program_event.save(update_fields=["notified_at"])


@transaction.atomic
def send_notification_batch(batch_id: int, *, now: datetime) -> None:
    """E-mail the customers of one batch, each with a link to their own page; retry those that failed later.

    If the process dies before the batch is marked, an e-mail may be sent twice; never less than once.
    """
    _be_patient()
    batch = NotificationBatch.objects.select_for_update(no_key=True, of=("self",)).select_related("program_event")
    found = batch.get(pk=batch_id)
    if found.done_at or now < found.due_at:
        return
    found.attempts += 1
    left = 0
    if found.program_event.state == ProgramEventState.SCHEDULED:
        left = _send(_unsent(found), found.program_event, now)
    if left and found.attempts < ATTEMPTS:
        found.due_at = now + FIRST_PAUSE * 2**found.attempts
    else:
        found.done_at = now
        _alert(found, left)
    found.save(update_fields=["attempts", "due_at", "done_at"])


def _be_patient() -> None:
    """Keep the database from ending this session while a slow mail server takes its time."""
    execute("SET LOCAL idle_in_transaction_session_timeout = '30min'")


def _unsent(batch: NotificationBatch) -> list[Notification]:
    of_batch = Notification.objects.filter(program_event_id=batch.program_event_id, batch_number=batch.number)
    return list(of_batch.filter(emailed_at=None).select_related("customer").order_by("pk"))


def _send(notifications: list[Notification], program_event: ProgramEvent, now: datetime) -> int:
    """Send the e-mails that are still to be sent; returns how many failed."""
    reserved = _by_customer(
        coming_reservations([n.customer for n in notifications], Q(event_uid=program_event.event_uid))
    )
    links = _make_links([n.customer for n in notifications if n.customer_id in reserved], now)
    mail = get_connection()
    no_server = _failure_of(mail.open)
    for notification in notifications:
        # Customers who have left the event meanwhile get no e-mail.
        if rows := reserved.get(notification.customer_id):
            message = _message(notification.customer, rows, links[notification.customer_id], mail)
            notification.error = no_server or _failure_of(message.send)
        notification.emailed_at = None if notification.error or not rows else now
    mail.close()
    Notification.objects.bulk_update(notifications, ["emailed_at", "error"])
    return sum(1 for notification in notifications if notification.error)


def _failure_of(act: Callable[[], object]) -> str:
    """Act; returns the kind of failure, without any data about the customer, or an empty text."""
    try:
        act()
    except (SMTPException, OSError) as problem:
        return type(problem).__name__
    return ""


def _by_customer(rows: Iterable[ParticipationRow]) -> dict[int, list[ParticipationRow]]:
    found: dict[int, list[ParticipationRow]] = defaultdict(list)
    for row in rows:
        found[row.device.location.customer_id].append(row)
    return found


def _make_links(customers: list[Customer], now: datetime) -> dict[int, SelfServiceLink]:
    links = [
        SelfServiceLink(customer=one, made_at=now, made_by="notification", expires_at=now + LINK_LASTS)
        for one in customers
    ]
    return {link.customer_id: link for link in SelfServiceLink.objects.bulk_create(links)}


def _message(
    customer: Customer, rows: list[ParticipationRow], link: SelfServiceLink, mail: BaseEmailBackend
) -> EmailMessage:
    context = {
        "rows": rows,
        "event_name": rows[0].program_event.event_name,
        "link": settings.PUBLIC_URL + reverse("cpm:self_service", args=[link.token]),
        "link_ends_at": link.expires_at,
        "zone": rows[0].device.location.time_zone,
    }
    subject, _, body = render_to_string("cpm/email/reserved.txt", context).partition("\n")
    return EmailMessage(subject, body.lstrip(), to=[customer.email], connection=mail)


def _alert(batch: NotificationBatch, left: int) -> None:
    if left:
        raise_alert(
            f"e-mail:{batch.program_event_id}",
            kind="notification",
            priority=Priority.MEDIUM,
            text=f"Customers of {batch.program_event} could not be e-mailed after {ATTEMPTS} attempts.",
            event_uid=batch.program_event.event_uid,
            stage_uid=batch.program_event.stage_uid,
        )
