"""Notifications: those that are due, and those of a customer."""

import sys
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from cpm.models import Notification, NotificationBatch, SelfServiceLink
from cpm.models.customers import Customer
from cpm.models.program_events import ProgramEvent

from ..choices import ProgramEventState

CONSOLE = "django.core.mail.backends.console.EmailBackend"
# The most batches sent to mail servers at once.
BATCHES_AT_ONCE = 4
SHOWN = 20


def emails_are_sent() -> bool:
    """Whether e-mails go anywhere. They are only printed to a terminal: a log must not contain customers' data."""
    return settings.EMAIL_BACKEND != CONSOLE or sys.stdout.isatty()


def program_event_ids_to_notify(now: datetime) -> "QuerySet[ProgramEvent, int]":
    """Coming program events whose customers have not been notified of their reservations."""
    coming = ProgramEvent.objects.filter(state=ProgramEventState.SCHEDULED, notified_at=None, starts_at__gt=now)
    return coming.exclude(reservations_loaded_at=None).order_by("starts_at").values_list("pk", flat=True)


def notification_batch_ids_to_send(now: datetime) -> "QuerySet[NotificationBatch, int]":
    due = NotificationBatch.objects.filter(done_at=None, due_at__lte=now)
    batches = due if emails_are_sent() else due.none()
    return batches.order_by("due_at", "pk").values_list("pk", flat=True)[:BATCHES_AT_ONCE]


def notifications_of(customer: Customer) -> QuerySet[Notification]:
    """The latest notifications of a customer."""
    return customer.notifications.select_related("program_event").order_by("-made_at", "-pk")[:SHOWN]


def links_of(customer: Customer) -> QuerySet[SelfServiceLink]:
    """The latest self-service links of a customer."""
    return customer.links.order_by("-made_at", "-pk")[:SHOWN]
