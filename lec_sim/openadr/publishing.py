"""Publish by MQTT what changes for the clients of vens: once the broker has confirmed a revision, it is not sent again.

As with webhooks, what is sent is the latest state. While the broker is away nothing waits but revisions.
"""

import random
from datetime import datetime, timedelta

from django.db import transaction

from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority

from ..models import Broker, Published
from ..queries.mqtt import announcements_to_publish
from ..queries.subscriptions import may_read
from .broker import FAILS, NotPublished, publish
from .changes import changes_of
from .topics import messages_of

KIND = "broker"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
FAILURES_BEFORE_ALERT = 3


@transaction.atomic
def publish_changes(broker_id: int, *, now: datetime) -> None:
    """Publish what is new, all of it in one connection; if the broker does not take it, it rests for a while."""
    broker = Broker.objects.get_or_create(pk=broker_id)[0]
    due = announcements_to_publish(now)
    messages = [
        message
        for one, told in due
        if (changes := changes_of(one, told=told, now=now))
        for message in messages_of(changes)
        if may_read(changes.client, message.content["objectType"])
    ]
    try:
        publish(messages)
    except NotPublished as problem:
        _failed(broker, problem, now)
        return
    Published.objects.bulk_create(
        [Published(announcement=one, revision=one.revision) for one, _told in due],
        update_conflicts=True,
        unique_fields=["announcement"],
        update_fields=["revision"],
    )
    _succeeded(broker, now)


def _failed(broker: Broker, problem: NotPublished, now: datetime) -> None:
    broker.failures, broker.failing_since = broker.failures + 1, broker.failing_since or now
    broker.error = problem.sentence[:200]
    pause_s = min(FIRST_PAUSE_S * 2 ** min(broker.failures - 1, 10), LONGEST_PAUSE_S)
    broker.rests_until = now + timedelta(seconds=pause_s * random.uniform(0.75, 1.0))  # noqa: S311  (no secret)
    broker.save()
    if broker.failures >= FAILURES_BEFORE_ALERT:
        text = FAILS(failures=broker.failures, error=problem.sentence)
        raise_alert(KIND, kind=KIND, priority=Priority.MEDIUM, text=text)


def _succeeded(broker: Broker, now: datetime) -> None:
    if broker.failures >= FAILURES_BEFORE_ALERT:
        close_alert(KIND)
    broker.failures, broker.failing_since, broker.rests_until, broker.error = 0, None, None, ""
    broker.published_at = now
    broker.save()
