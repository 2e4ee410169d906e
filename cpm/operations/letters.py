"""The texts of e-mails to customers, by kind of notification, each from what is true when it is written."""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from cpm.models import Notification, Removal
from cpm.models.program_events import ProgramEvent

from ..choices import Channel, NotificationKind, NotSent
from ..queries import ParticipationRow, coming_reservations
from .self_service import make_link

BLANK_LINES = re.compile(r"\n{3,}")  # left by lines of a template that contain only tags
PAUSE = timedelta(seconds=10)
TEMPLATES = {
    NotificationKind.RESERVED: "reserved",
    NotificationKind.CANCELED: "canceled",
    NotificationKind.OPTED_OUT: "opted_out",
    NotificationKind.ENDED: "ended",
}


class Letter(NamedTuple):
    """An e-mail, and the notifications that it contains."""

    email: EmailMessage
    notification_ids: list[int]


class NotNow(Exception):
    """Another notification of the same customer and event comes first."""

    def __init__(self, until: datetime) -> None:
        super().__init__(str(until))
        self.until = until


class Unneeded(Exception):
    """The customer need not, or can't, be told, as far as is known of what was made then."""

    def __init__(self, reason: NotSent, made_at: datetime) -> None:
        super().__init__(reason)
        self.reason, self.made_at = reason, made_at


def write_letter(notification: Notification, *, now: datetime, mail: BaseEmailBackend) -> Letter:
    """Write a notification's e-mail, together with others of its kind that wait for the same customer.

    Raises NotNow and Unneeded.
    """
    _require_wanted(notification)
    together = _together(notification, now)
    coming = coming_reservations([notification.customer], Q(event_uid=notification.event_uid))
    if notification.kind == NotificationKind.RESERVED and not coming:
        raise Unneeded(NotSent.NOTHING_COMES, notification.made_at)
    context = _contents(notification, together, coming) | _everywhere(notification, now)
    with translation.override(notification.customer.reads):
        text = render_to_string(f"cpm/email/{TEMPLATES[NotificationKind(notification.kind)]}.txt", context)
    subject, _newline, body = text.partition("\n")
    email = EmailMessage(
        subject.strip(),
        BLANK_LINES.sub("\n\n", body).strip() + "\n",
        to=[notification.customer.email],
        reply_to=[settings.EMAIL_REPLY_TO] if settings.EMAIL_REPLY_TO else None,
        headers={"Message-ID": f"<{notification.uid}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].strip('> ')}>"},
        connection=mail,
    )
    return Letter(email, [one.pk for one in together])


def _require_wanted(notification: Notification) -> None:
    """Raise Unneeded if the customer can't, or doesn't want to, be e-mailed."""
    customer = notification.customer
    if not customer.consents:
        raise Unneeded(NotSent.NO_CONSENT, notification.made_at)
    if customer.channel != Channel.EMAIL:
        raise Unneeded(NotSent.OTHER_CHANNEL, notification.made_at)
    if not customer.email.strip():
        raise Unneeded(NotSent.NO_ADDRESS, notification.made_at)


def _together(notification: Notification, now: datetime) -> list[Notification]:
    """The notifications that one e-mail contains. Raises NotNow if an earlier one will contain this one."""
    if notification.kind in (NotificationKind.CANCELED, NotificationKind.ENDED):
        _require_told(notification, now)
    waiting = list(_same(notification).filter(kind=notification.kind, done_at=None).order_by("pk"))
    if waiting and waiting[0].pk < notification.pk:
        raise NotNow(now + PAUSE)
    return waiting


def _require_told(notification: Notification, now: datetime) -> None:
    """Go on only if the customer was told that the event comes, before this came to pass."""
    told = _same(notification).get(kind=NotificationKind.RESERVED)
    if told.done_at is None:
        raise NotNow(max(told.due_at, now) + PAUSE)
    if told.emailed_at is None:
        raise Unneeded(NotSent.NOT_TOLD, notification.made_at)
    if told.emailed_at > notification.made_at and notification.kind == NotificationKind.CANCELED:
        raise Unneeded(NotSent.TOLD_SINCE, notification.made_at)


def _same(notification: Notification) -> QuerySet[Notification]:
    """The notifications of the same customer about the same event."""
    of_event = Notification.objects.filter(event_uid=notification.event_uid, customer_id=notification.customer_id)
    return of_event.select_related("program_event", "device__location")


def _contents(
    notification: Notification, together: list[Notification], coming: list[ParticipationRow]
) -> dict[str, Any]:
    if notification.kind == NotificationKind.OPTED_OUT:
        return {"opt_outs": [(one, _removal_of(one)) for one in together], "rows": coming}
    return {"stages": _stages(together), "rows": coming}


def _stages(together: list[Notification]) -> list[ProgramEvent]:
    return sorted((one.program_event for one in together), key=lambda stage: stage.stage_number)


def _removal_of(notification: Notification) -> Removal:
    device = notification.device
    if device is None:
        raise LookupError("a confirmation of an opt-out without a device")
    stage_uid = notification.program_event.stage_uid
    return Removal.objects.get(stage_uid=stage_uid, head_end=device.head_end, nic_id=device.nic_id)


def _everywhere(notification: Notification, now: datetime) -> dict[str, Any]:
    """What every e-mail contains: program, place's time, utility, and the customer's own page."""
    if notification.link is None or notification.link.expires_at <= now:
        notification.link = make_link(customer_id=notification.customer_id, by="notification", now=now)
        notification.save(update_fields=["link"])
    place = notification.customer.locations.order_by("pk").first()
    return {
        "program": notification.program_event.program.name,
        "stage": notification.program_event,
        "zone": place.time_zone if place else notification.program_event.time_zone,
        "link": settings.PUBLIC_URL + reverse("cpm:self_service", args=[notification.link.token]),
        "link_ends_at": notification.link.expires_at,
        "utility": settings.UTILITY_NAME,
        "utility_phone": settings.UTILITY_PHONE,
    }
