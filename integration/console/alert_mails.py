"""E-mails to people about alerts that nobody has acknowledged, as each of them asks for in their settings.

The first alert is told at once; those that come within PAUSE after an e-mail are told together in the next one. An
alert that becomes more urgent is told again. Each person is a piece of work of their own, so an address that can't be
e-mailed costs nobody else anything.
"""

import hashlib
import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from integration.seam import sql
from integration.seam.alert_rows import Alert, Priority
from integration.seam.alerts import raise_alert
from integration.seam.delivery import NotYet
from integration.seam.recorded import NOT_MAILED
from integration.seam.sql import statement

from .models import User

PAUSE = timedelta(minutes=5)
SHOWN = 20
SERVER_PAUSE = timedelta(seconds=30)
AWAY = "the mail server can't be reached: {failure}"


def people_to_mail(now: datetime) -> list[int]:
    """The ids of people to whom alerts are due to be e-mailed, and who may see alerts."""
    due = sql.column(statement("integration.console", "people_to_mail"), _times(now))
    return [one.pk for one in User.objects.filter(pk__in=due) if one.has_perm("integration.view_alert")]


@transaction.atomic
def mail_alerts(person_id: int, *, now: datetime) -> None:
    """E-mail one person the alerts that are due to them. Raises NotYet while the mail server can't be reached.

    A process that dies between sending and its commit sends one e-mail twice, with the same Message-ID.
    """
    mail = get_connection()
    try:
        mail.open()
    except Exception as problem:
        raise NotYet(AWAY.format(failure=type(problem).__name__), pause=SERVER_PAUSE) from problem
    try:
        _mail(person_id, mail, now)
    finally:
        mail.close()


def _mail(person_id: int, mail: BaseEmailBackend, now: datetime) -> None:
    person = User.objects.select_for_update(no_key=True).get(pk=person_id)
    told = sql.column(statement("integration.console", "tell_of_alerts"), {**_times(now), "person": person_id})
    if not told:
        return
    try:
        _written(person, told, mail).send()
    except (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError) as problem:
        raise NotYet(AWAY.format(failure=type(problem).__name__), pause=SERVER_PAUSE) from problem
    except Exception as problem:  # noqa: BLE001  (an impossible address raises anything)
        text = NOT_MAILED(person=person.username, failure=type(problem).__name__)
        raise_alert(f"alert mail:{person.pk}", kind="alert not e-mailed", priority=Priority.MEDIUM, text=text)


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "rested_since": now - PAUSE}


def _written(person: User, told: Sequence[int], mail: BaseEmailBackend) -> EmailMessage:
    alerts = Alert.objects.filter(pk__in=told).order_by("priority", "-last_at")
    with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
        context = {
            "alerts": alerts[:SHOWN],
            "count": len(told),
            "more": max(0, len(told) - SHOWN),
            "most_urgent": Priority(alerts[0].priority).label,
            "link": settings.PUBLIC_URL + reverse("alert_list"),
            "own_settings": settings.PUBLIC_URL + reverse("profile"),
        }
        subject, _newline, body = render_to_string("console/email/alerts.txt", context).partition("\n")
    names = hashlib.sha256(f"{person.pk} {sorted(told)}".encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    headers = {"Message-ID": f"<alerts-{names}@{domain}>"}
    return EmailMessage(subject.strip(), body.strip() + "\n", to=[person.email], headers=headers, connection=mail)
