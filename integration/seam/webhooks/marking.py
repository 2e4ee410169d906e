"""What follows from one attempt to post a notice: it is delivered, tried again or dead; its webhook rests or is broken.

Broken is a webhook whose receiver answers 410 (Gone), or took nothing for as many attempts in a row as a notice has.
Nothing but a test is posted to it then, and the first success mends it: dead notices get their attempts anew, in order.
"""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from .. import clock
from ..alerts import close_alert, raise_alert
from ..models import Priority
from ..recorded import Sentence, recorded
from .kinds import TEST
from .rows import WAITS, Webhook, WebhookNotice

ATTEMPTS = 16
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(hours=2)
FAILURES_BEFORE_ALERT = 3
GONE = 410

# Why an attempt failed; outgoing.py has the others.
ANSWERED = recorded("it answered %(status)s")
REDIRECTED = recorded("it answered %(status)s; redirects are not followed")
DIED = recorded("the process that posted it died each time")
WITHHELD = recorded("the webhook's owner may not see this any more")

FAILS = recorded("“%(webhook)s” has taken nothing for %(failures)s attempts: %(error)s. What it should hear waits.")
DEAD = recorded(
    "A notice to “%(webhook)s” failed %(attempts)s times and is now a dead letter: %(error)s. Redeliver or discard it: "
    "others about the same subject wait behind it."
)
BROKEN = recorded(
    "“%(webhook)s” is broken: %(error)s. Nothing is posted to it until a test succeeds; what it should hear waits."
)


class Result(NamedTuple):
    """What one attempt led to: the status if there was an answer, why it failed (empty: it didn't), and how long."""

    status: int | None
    error: str
    ms: int | None


@transaction.atomic
def mark(taken: WebhookNotice, result: Result, *, is_last: bool = True) -> None:
    """Store the result of an attempt, unless the notice was taken again since.

    `is_last`: nothing that was taken with it is still being posted, so that the webhook is free again.
    """
    now = clock.now()
    webhook = Webhook.objects.select_for_update(no_key=True).filter(pk=taken.webhook_id).first()
    notice = WebhookNotice.objects.select_for_update(no_key=True).filter(pk=taken.pk).first()
    if webhook is None or notice is None or notice.attempts != taken.attempts:  # a ven may have removed its callback
        return
    if notice.state != "Open":  # somebody discarded it meanwhile
        if is_last:
            Webhook.objects.filter(pk=webhook.pk).update(rests_until=now)
        return
    notice.status, notice.error, notice.ms = result.status, result.error[:200], result.ms
    if not result.error:
        notice.delivered_at = now
        _succeeded(webhook, notice, now)
    elif notice.kind == TEST:
        notice.dead_at = now
    else:
        # Several that were posted together fail as one.
        _failed(webhook, notice, now, counts=webhook.failures == taken.webhook.failures)
    if is_last:
        is_tried_again = result.error and notice.kind != TEST
        webhook.rests_until = now + pause_after(webhook.failures) if is_tried_again else now
    notice.save(update_fields=["status", "error", "ms", "delivered_at", "dead_at", "due_at"])
    webhook.save(update_fields=["rests_until", "failures", "failing_since", "delivered_at", "broken_at"])


def pause_after(failures: int) -> timedelta:
    """2 s, then four times as long each time, at most 2 h, ± 25 %."""
    growth: int = 4 ** min(failures - 1, 10)
    return min(FIRST_PAUSE * growth, LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311  (spreads load, is no secret)


def failing_key(webhook: Webhook) -> str:
    return f"webhook failing:{webhook.pk}"


def broken_key(webhook: Webhook) -> str:
    return f"webhook broken:{webhook.pk}"


def dead_key(notice: WebhookNotice) -> str:
    return f"webhook notice:{notice.pk}"


def _succeeded(webhook: Webhook, notice: WebhookNotice, now: datetime) -> None:
    """A test that succeeds ends the pauses of what waits: a person says that the receiver is back."""
    waiting = WebhookNotice.objects.filter(WAITS, webhook=webhook).exclude(kind=TEST)
    if webhook.failures >= FAILURES_BEFORE_ALERT:
        close_alert(failing_key(webhook))
    webhook.failures, webhook.failing_since, webhook.delivered_at = 0, None, now
    if webhook.broken_at:
        webhook.broken_at = None
        close_alert(broken_key(webhook))
        for dead in waiting.filter(dead_at__isnull=False):
            close_alert(dead_key(dead))
        waiting.filter(dead_at__isnull=False).update(dead_at=None, attempts=0)
    if notice.kind == TEST:
        waiting.update(due_at=now)


def _failed(webhook: Webhook, notice: WebhookNotice, now: datetime, *, counts: bool) -> None:
    webhook.failures, webhook.failing_since = webhook.failures + counts, webhook.failing_since or now
    notice.due_at = now + pause_after(notice.attempts)
    error = Sentence(notice.error)
    if notice.attempts >= ATTEMPTS:
        notice.dead_at = now
        _alert(dead_key(notice), Priority.MEDIUM, DEAD(webhook=webhook, attempts=ATTEMPTS, error=error))
    if notice.status == GONE or webhook.failures >= ATTEMPTS:
        webhook.broken_at = now
        close_alert(failing_key(webhook))
        _alert(broken_key(webhook), Priority.HIGH, BROKEN(webhook=webhook, error=error))
    elif webhook.failures >= FAILURES_BEFORE_ALERT:
        _alert(failing_key(webhook), Priority.MEDIUM, FAILS(webhook=webhook, failures=webhook.failures, error=error))


def _alert(key: str, priority: int, text: Sentence) -> None:
    raise_alert(key, kind="webhook", priority=priority, text=text)
