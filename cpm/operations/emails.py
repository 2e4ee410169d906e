"""E-mail due notifications, one at a time: whatever one of them raises costs that one alone.

    take   count the attempt and set the time of the next one; commit, so that one that kills the process runs out, too
    write  read what is true now, and write the text; commit, so that its link works
    send   outside any transaction
    mark   store that it was sent, or why not; commit, so that nothing that follows can take it back

A process that dies between send and mark sends one e-mail twice, with the same Message-ID.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Count, F

from cpm.models import Notification
from integration.seam import clock
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.sql import rows, statement
from integration.seam.steps import in_committed_steps

from ..choices import NotSent
from .letters import Letter, NotNow, Unneeded, write_letter

UNREACHABLE = recorded(
    "The mail server can't be reached (%(failure)s): at least %(waiting)s notifications of customers wait. They are "
    "sent when it is back. Check EMAIL_HOST and EMAIL_PORT, and the server."
)
NOT_EMAILED = recorded(
    "%(customers)s customers of %(event)s could not be e-mailed after %(attempts)s attempts. "
    "Each customer's page says why."
)

ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=60)  # longer than the mail server's time limits together; then doubled
SERVER_PAUSE = timedelta(seconds=30)
TURN_S = 30.0
SERVER_AWAY = "mail server away"


class _Result(NamedTuple):
    """What became of one attempt: the notifications it concerns, and why no e-mail was sent, if none was.

    `made_at` is set if a stage that is notified of since would change that.
    """

    ids: list[int]
    told_at: datetime | None = None
    not_sent: str = ""
    is_final: bool = True
    retry_at: datetime | None = None
    made_at: datetime | None = None


def send_notifications(lane: int, *, now: datetime) -> None:
    """Send due notifications for half a minute; `lane` only tells the processes that do so from each other."""
    in_committed_steps(partial(send_due_notifications, seconds=TURN_S))


def send_due_notifications(*, seconds: float) -> None:
    """Send due notifications until none is left, the time is over or the mail server fails."""
    mail = get_connection()
    if failure := _failure_of(mail):
        _wait_for_server(failure)
        return
    close_alert(SERVER_AWAY)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until and (notification_id := _take(clock.now())):
            result = _try_one(notification_id, mail)
            _mark(result)
            if result.not_sent in BROKEN_CONNECTION:
                break  # the next turn connects anew
    finally:
        mail.close()


BROKEN_CONNECTION = ("SMTPServerDisconnected", "TimeoutError", "ConnectionResetError", "BrokenPipeError")


def _failure_of(mail: BaseEmailBackend) -> str:
    """Connect; returns the kind of failure, or an empty text."""
    try:
        mail.open()
    except Exception as problem:  # noqa: BLE001  (a backend may raise anything)
        return type(problem).__name__
    return ""


def _wait_for_server(failure: str) -> None:
    """Let everything due wait; no attempt is used up, since nobody's e-mail has failed."""
    now = clock.now()
    due = Notification.objects.filter(done_at=None, due_at__lte=now)
    waiting = due.update(due_at=now + SERVER_PAUSE, not_sent=failure)
    text = UNREACHABLE(failure=failure, waiting=waiting)
    raise_alert(SERVER_AWAY, kind="notification", priority=Priority.HIGH, text=text)


def _take(now: datetime) -> int | None:
    """Take the notification that has been due longest, for FIRST_PAUSE and longer; None if nothing is due."""
    params = {"now": now, "first_pause": FIRST_PAUSE}
    taken = rows(statement("cpm", "take_notification"), params)
    return int(taken[0][0]) if taken else None


def _try_one(notification_id: int, mail: BaseEmailBackend) -> _Result:
    told_at = clock.now()  # before anything is read: what happens from here on may be missing in the text
    try:
        letter = _write(notification_id, told_at, mail)
        letter.email.send()
    except NotNow as wait:
        return _Result([notification_id], is_final=False, retry_at=wait.until)
    except Unneeded as why:
        return _Result([notification_id], not_sent=why.reason, made_at=why.made_at)
    except Exception as problem:  # noqa: BLE001  (an impossible address, zone or name raises anything)
        return _Result([notification_id], not_sent=type(problem).__name__, is_final=False)
    return _Result(letter.notification_ids, told_at=told_at)


@transaction.atomic
def _write(notification_id: int, now: datetime, mail: BaseEmailBackend) -> Letter:
    notification = Notification.objects.select_related("customer", "program_event__program__type")
    return write_letter(notification.get(pk=notification_id), now=now, mail=mail)


@transaction.atomic
def _mark(result: _Result) -> None:
    found = Notification.objects.filter(pk__in=result.ids, done_at=None)
    if result.made_at:
        found = found.filter(made_at=result.made_at)
    if result.retry_at:
        found.update(due_at=result.retry_at, attempts=F("attempts") - 1)
        return
    now = clock.now()
    if result.is_final:
        found.update(done_at=now, emailed_at=result.told_at, not_sent=result.not_sent)
        return
    found.update(not_sent=result.not_sent)
    if found.filter(attempts__gte=ATTEMPTS).update(done_at=now):
        _alert(result.ids[0])


def _alert(notification_id: int) -> None:
    """Tell that customers of an event could not be e-mailed, without saying who: the summary of each customer does."""
    failed = Notification.objects.get(pk=notification_id).program_event
    of_event = Notification.objects.filter(event_uid=failed.event_uid, emailed_at=None).exclude(done_at=None)
    count = of_event.exclude(not_sent__in=NotSent.values).aggregate(customers=Count("customer", distinct=True))
    raise_alert(
        f"e-mail:{failed.event_uid}",
        kind="notification",
        priority=Priority.MEDIUM,
        text=NOT_EMAILED(customers=count["customers"], event=failed.event_number, attempts=ATTEMPTS),
        event_uid=failed.event_uid,
    )
