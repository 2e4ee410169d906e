"""Notifications: those that are due, and those of a customer."""

import math
import sys
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from cpm.models import Notification, SelfServiceLink
from cpm.models.customers import Customer
from cpm.models.program_events import ProgramEvent

from ..choices import FINAL_STATES, ProgramEventState

CONSOLE = "django.core.mail.backends.console.EmailBackend"
# The most connections to the mail server at once, and how many due notifications one of them is opened for.
LANES = 4
DUE_PER_LANE = 50
SHOWN = 20


def emails_are_sent() -> bool:
    """Whether e-mails go anywhere. They are only printed to a terminal: a log must not contain customers' data."""
    return settings.EMAIL_BACKEND != CONSOLE or sys.stdout.isatty()


def program_event_ids_to_notify(now: datetime) -> "QuerySet[ProgramEvent, int]":
    """Coming program events whose customers have not been notified of their reservations."""
    coming = ProgramEvent.objects.filter(state=ProgramEventState.SCHEDULED, notified_at=None, starts_at__gt=now)
    return coming.exclude(reservations_loaded_at=None).order_by("starts_at").values_list("pk", flat=True)


def program_event_ids_over(now: datetime) -> "QuerySet[ProgramEvent, int]":
    """Program events that are over, and whose customers, who heard of their event, have not been notified of that.

    One that was canceled before its own customers were notified counts: another stage's e-mail may have named it.
    """
    over = ProgramEvent.objects.filter(end_notified_at=None, state__in=FINAL_STATES)
    return over.order_by("ends_at").values_list("pk", flat=True)


def lanes_to_send(now: datetime) -> range:
    """As many lanes as there is work for: processes that e-mail due notifications at the same time."""
    if not emails_are_sent():
        return range(0)
    due = Notification.objects.filter(done_at=None, due_at__lte=now)[: LANES * DUE_PER_LANE].count()
    return range(math.ceil(due / DUE_PER_LANE))


def notifications_of(customer: Customer) -> QuerySet[Notification]:
    """The latest notifications of a customer."""
    return customer.notifications.select_related("program_event").order_by("-made_at", "-pk")[:SHOWN]


def links_of(customer: Customer) -> QuerySet[SelfServiceLink]:
    """The latest self-service links of a customer."""
    return customer.links.order_by("-made_at", "-pk")[:SHOWN]
