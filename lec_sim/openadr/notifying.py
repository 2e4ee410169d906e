"""Notify the clients of vens: what changed is posted to the callbacks of their subscriptions.

The work of the clock looks at revisions, so that many changes within a second are one notification with the latest
state, and whatever changes a stage needs to know nothing of subscriptions. A stage of 100,000 devices is one
notification for each callback: which of them are called is read from the grants.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from integration.seam.models import Webhook
from integration.seam.webhooks.announcing import write_notices

from ..choices import OPENADR
from ..models import Announcement, Callback, Told, Ven
from ..queries.openadr import Call, calls_to, programs_of
from ..queries.subscriptions import callbacks_of
from .objects import event_of, program_of, ven_of
from .subscribing import subscription_of
from .wire import Wire

CREATE, UPDATE, READ = "CREATE", "UPDATE", "READ"


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
    client = announcement.ven.profile.client
    vens = list(Ven.objects.filter(profile__client=client).select_related("profile").order_by("pk"))
    calls = calls_to(vens, now)
    call = next((one for one in calls if one.stage.pk == announcement.stage_id), None)
    if call is not None:
        _notify(announcement, call, calls, client, is_new=told.revision == 0)
    told.revision = announcement.revision
    told.save(update_fields=["revision"])


def test_notification(webhook: Webhook) -> dict[str, Any]:
    """What a person's test posts to a callback: its own subscription, which nobody changed."""
    callback = Callback.objects.select_related("subscription").get(webhook=webhook)
    return _content("SUBSCRIPTION", READ, subscription_of(callback.subscription))


def _notify(announcement: Announcement, call: Call, calls: list[Call], client: str, *, is_new: bool) -> None:
    (program,) = programs_of([call]).values()
    ven, verb = announcement.ven, CREATE if is_new else UPDATE

    def takes(callback: Callback) -> bool:
        of = callback.subscription
        if of.program_id and of.program_id != program_of(program).id:
            return False
        return of.takes(call.target) and of.created_at <= announcement.modified_at

    def send(kind: str, operation: str, subject: str, found: Wire) -> None:
        _write(client, kind, operation, subject, found, takes)

    others = [one for one in calls if one is not call and one.stage.program == call.stage.program]
    if is_new and not others:
        send("PROGRAM", CREATE, f"program {program.pk}", program_of(program))
    send("EVENT", verb, f"event {call.stage.stage_uid}", event_of(call, program))
    granted = [one.target for one in calls if one.concerns(ven)]
    send("VEN", UPDATE, f"ven {ven.pk}", ven_of(ven, client, granted))


def _write(
    client: str, kind: str, operation: str, subject: str, found: Wire, takes: Callable[[Callback], bool]
) -> None:
    callbacks = [one for one in callbacks_of(client, kind, operation) if takes(one)]
    if callbacks:
        write_notices(
            [one.webhook_id for one in callbacks],
            kind=OPENADR,
            what=f"{kind} {operation}",
            subject=subject,
            data=_content(kind, operation, found),
        )


def _content(kind: str, operation: str, found: Wire) -> dict[str, Any]:
    shown = found.model_dump(mode="json", exclude_none=True)
    return {"objectType": kind, "operation": operation, "object": shown}
