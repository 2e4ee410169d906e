"""Notify the clients of vens: what changed is posted to the callbacks of their subscriptions.

The work of the clock looks at revisions, so that many changes within a second are one notification with the latest
state, and whatever changes a stage needs to know nothing of subscriptions. A stage of 100,000 devices is one
notification for each callback: which of them are called is read from the grants.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from integration.seam.models import Webhook
from integration.seam.webhooks.announcing import write_notices

from ..choices import OPENADR
from ..models import Announcement, Callback, LecProgram, Told, VenReport
from ..queries.openadr import Call
from ..queries.subscriptions import callbacks_of
from .changes import READ, Change, Changes, changes_of, content_of
from .objects import program_id
from .subscribing import subscription_of


@transaction.atomic
def notify_of_announcement(announcement_id: int, *, now: datetime) -> None:
    """Notify a ven's client of a stage that is new to the ven or has changed, and of what else changed with it."""
    announcement = (
        Announcement.objects.select_for_update(no_key=True, of=("self",))
        .select_related("stage", "ven__profile")
        .get(pk=announcement_id)
    )
    told, _is_new = Told.objects.get_or_create(announcement=announcement, defaults={"revision": 0})
    if told.revision >= announcement.revision:
        return
    if changes := changes_of(announcement, told=told.revision, now=now):
        for change in changes.each:
            _write(announcement, changes, change)
    told.revision = announcement.revision
    told.save(update_fields=["revision"])


def notify_of_report(report: VenReport, operation: str, shown: dict[str, Any]) -> None:
    """Notify a ven's client of a report of its own, in the transaction that made, changed or deleted it."""
    client, stage = report.ven.profile.client, report.stage
    callbacks = callbacks_of(client, "REPORT", operation)
    if not callbacks:
        return
    program, target = program_id(LecProgram.objects.get(code=stage.program)), Call(stage).target
    if wanted := [one for one in callbacks if one.subscription.wants(program, target)]:
        write_notices(
            [one.webhook_id for one in wanted],
            kind=OPENADR,
            what=f"REPORT {operation}",
            subject=f"report {report.pk}",
            data={"objectType": "REPORT", "operation": operation, "object": shown},
        )


def test_notification(webhook: Webhook) -> dict[str, Any]:
    """What a person's test posts to a callback: its own subscription, which nobody changed."""
    callback = Callback.objects.select_related("subscription").get(webhook=webhook)
    return content_of("SUBSCRIPTION", READ, subscription_of(callback.subscription))


def _write(announcement: Announcement, changes: Changes, change: Change) -> None:
    found = callbacks_of(changes.client, change.kind, change.operation)
    if callbacks := [one for one in found if _takes(one, announcement, changes)]:
        write_notices(
            [one.webhook_id for one in callbacks],
            kind=OPENADR,
            what=f"{change.kind} {change.operation}",
            subject=change.subject,
            data=change.content,
        )


def _takes(callback: Callback, announcement: Announcement, changes: Changes) -> bool:
    of = callback.subscription
    return of.wants(changes.program, changes.call.target) and of.created_at <= announcement.modified_at
