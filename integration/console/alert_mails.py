"""E-mails to people about alerts that nobody has acknowledged, as each of them asks for in their settings.

The first alert is told at once; those that come within PAUSE after an e-mail are told together in the next one. An
alert that becomes more urgent is told again. Each person's e-mail is committed by itself, so an address that can't be
e-mailed costs nobody else anything. One process sends them all: a mail server that hangs holds up one worker at most.
"""

import hashlib
import smtplib
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from integration.seam import clock, sql
from integration.seam.alert_rows import Alert, Priority
from integration.seam.alerts import raise_alert
from integration.seam.delivery import NotYet
from integration.seam.recorded import NOT_MAILED
from integration.seam.sql import Sql, statement
from integration.seam.steps import in_committed_steps

from .models import User

PAUSE = timedelta(minutes=5)
SHOWN = 20
SERVER_PAUSE = timedelta(seconds=30)
TURN_S = 30.0


def lanes_to_mail(now: datetime) -> range:
    """One piece of due work if alerts are due to be e-mailed to anybody."""
    return range(1 if _people_to_mail(now) else 0)


def mail_alerts(lane: int, *, now: datetime) -> None:
    """E-mail due alerts for half a minute. Raises NotYet while the mail server can't be reached."""
    in_committed_steps(partial(mail_due_alerts, seconds=TURN_S))


def mail_due_alerts(*, seconds: float) -> None:
    """E-mail due alerts to one person after the other, until nobody is left or the time is over.

    Raises NotYet if somebody's e-mail has to wait; the others' have been sent.
    """
    until = time.monotonic() + seconds
    mail = get_connection()
    try:
        mail.open()
    except Exception as problem:  # a backend may raise anything
        raise _not_yet(problem) from problem
    waits: NotYet | None = None
    try:
        for person in _people_to_mail(clock.now()):
            if time.monotonic() < until:
                try:
                    _mail(person.pk, mail)
                except NotYet as one:
                    waits = one
    finally:
        mail.close()
    if waits:
        raise waits


def _people_to_mail(now: datetime) -> list[User]:
    """People to whom alerts are due, and who may see alerts."""
    found = sql.column(statement("integration.console", "people_to_mail", due=_due()), _times(now))
    return [one for one in User.objects.filter(pk__in=found) if one.has_perm("integration.view_alert")]


@transaction.atomic
def _mail(person_id: int, mail: BaseEmailBackend) -> None:
    """Note what one person is told, and e-mail it. Raises NotYet if it has to wait; then nothing is noted.

    A process that dies between sending and its commit sends one e-mail twice, with the same Message-ID.
    """
    now = clock.now()
    person = User.objects.select_for_update(no_key=True).get(pk=person_id)
    query = statement("integration.console", "tell_of_alerts", due=_due())
    told = sql.rows(query, {**_times(now), "person": person_id})
    if not told:
        return
    try:
        _written(person, told, mail).send()
    except Exception as problem:  # an impossible address raises anything
        if _is_temporary(problem):
            raise _not_yet(problem) from problem
        text = NOT_MAILED(person=person.username, failure=type(problem).__name__)
        raise_alert(f"alert mail:{person.pk}", kind="alert not e-mailed", priority=Priority.MEDIUM, text=text)


def _is_temporary(problem: Exception) -> bool:
    """Whether the same e-mail may be taken later: the server went away, or refused it with a code of 4xx."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _why in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPResponseException):
        return 400 <= problem.smtp_code < 500
    return isinstance(problem, (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError))


def _not_yet(problem: Exception) -> NotYet:
    return NotYet(f"the mail server doesn't take e-mails now: {type(problem).__name__}", pause=SERVER_PAUSE)


def _due() -> Sql:
    return statement("integration.console", "due_alerts")


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "rested_since": now - PAUSE}


def _written(person: User, told: Sequence[tuple[int, int]], mail: BaseEmailBackend) -> EmailMessage:
    """The e-mail about these alerts, each with its priority; its Message-ID is theirs."""
    alerts = Alert.objects.filter(pk__in=[alert for alert, _priority in told]).order_by("priority", "-last_at")
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
