"""Reads of the monitor pages."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from . import sql
from .models import Alert, Delivery, DueWork, Load, Message, RefusedRow
from .sql import statement

# The newest deliveries that the last hour's backlog is counted from; if more were made, its first minutes are too low.
NEWEST = 20_000
DEAD = Q(dead_at__isnull=False, delivered_at=None, discarded_at=None)
# What the monitor calls the state of a delivery (Delivery.state), as conditions.
DELIVERY_STATES = {
    "open": Delivery.OPEN,
    "delivered": Q(delivered_at__isnull=False),
    "dead": DEAD,
    "discarded": Q(discarded_at__isnull=False),
}


class Backlog(NamedTuple):
    """What is on its way and what failed: `waits_since` is when the oldest open delivery was created."""

    open: int
    waits_since: datetime | None
    dead: int


def backlog() -> Backlog:
    """Count only open and dead rows, which are few and indexed."""
    waiting = Delivery.objects.filter(Delivery.OPEN)
    return Backlog(
        open=waiting.count() + DueWork.objects.filter(DueWork.OPEN).count(),
        waits_since=waiting.aggregate(oldest=Min("created_at"))["oldest"],
        dead=Delivery.objects.filter(DEAD).count() + DueWork.objects.exclude(DueWork.OPEN).count(),
    )


class OpenThen(NamedTuple):
    """How many deliveries were open at a full minute."""

    minute: datetime
    deliveries: int


def backlog_by_minute(now: datetime) -> list[OpenThen]:
    """The last hour, minute by minute."""
    since = now.replace(second=0, microsecond=0) - timedelta(hours=1)
    query = statement("integration.seam", "backlog_by_minute")
    found = sql.rows(query, {"since": since, "minutes": 60, "newest": NEWEST})
    return [OpenThen(minute, int(count)) for minute, count in found]


def deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("message")


class Sent(NamedTuple):
    """How many messages about some stages were sent, by their deliveries: delivered, waiting and dead."""

    whole: int
    delivered: int
    waiting: int
    dead: int


def sent_about(stage_uids: list[UUID]) -> Sent:
    """Count the deliveries about stages, without the reports of each minute."""
    about = Delivery.objects.filter(message__stage_uid__in=stage_uids).exclude(message__kind="delivered_load")
    conditions = (DELIVERY_STATES["delivered"], Delivery.OPEN, DEAD)
    delivered, waiting, dead = (Count("pk", filter=condition) for condition in conditions)
    found = about.aggregate(whole=Count("pk"), delivered=delivered, waiting=waiting, dead=dead)
    return Sent(**found)


def stage_uids_of(event_number: str) -> QuerySet[Message, UUID | None]:
    """The stages of an event, according to their status messages."""
    statuses = Message.objects.filter(kind="stage_status", payload__event_number=event_number.upper())
    return statuses.values_list("stage_uid", flat=True)


def dead_deliveries() -> QuerySet[Delivery]:
    return deliveries().filter(DEAD).order_by("-dead_at")


def dead_due_work() -> QuerySet[DueWork]:
    """Due work that failed for good."""
    return DueWork.objects.exclude(DueWork.OPEN).order_by("-dead_at")


def deliveries_of(message: Message) -> QuerySet[Delivery]:
    return deliveries().filter(message=message).order_by("receiver", "part")


def loads_of(message: Message) -> QuerySet[Load]:
    return message.loads.order_by("receiver")


def refused_rows_of(message: Message) -> QuerySet[RefusedRow]:
    """Rows of the message's extract that a receiver did not apply, or applied as an exception."""
    return RefusedRow.objects.filter(delivery__message=message).select_related("delivery").order_by("pk")


def alerts() -> QuerySet[Alert]:
    return Alert.objects.all()


def open_alerts() -> QuerySet[Alert]:
    """Alerts that a person must look at now, the most urgent first."""
    return alerts().filter(closed_at=None).order_by("priority", "-last_at", "-id")


def newest_unseen_alert() -> Alert | None:
    """Return the alert that was opened last of those that nobody has acknowledged."""
    return alerts().filter(Alert.UNSEEN).order_by("-id").first()
