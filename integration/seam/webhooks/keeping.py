"""What people do to webhooks: save them, make their secret, test them, redeliver and discard notices."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from .. import clock
from ..alerts import close_alert
from ..outbox import BY_THE_CLOCK, wake
from ..refusals import Refused
from ..routes import DOOR_TESTS
from ..versions import lock_version, save_version
from .kinds import TEST
from .marking import broken_key, dead_key, failing_key
from .rows import Webhook, WebhookNotice
from .signing import secret_of

KEPT = timedelta(days=30)


class NoticeNotWaiting(Refused):
    """The notice's state does not allow it."""


class WebhookNotReady(Refused):
    """The webhook is off or has no secret, so nothing is posted to it."""


@transaction.atomic
def add_webhook(fields: dict[str, Any], *, by: str, now: datetime) -> Webhook:
    """Store a new webhook, which has no secret yet."""
    return Webhook.objects.create(**fields, saved_by=by, saved_at=now)


@transaction.atomic
def save_webhook(*, pk: int, fields: dict[str, Any], by: str, now: datetime, version: int | None = None) -> Webhook:
    """Change a webhook. One that is off has no open alerts. Raises SavedMeanwhile."""
    webhook = lock_version(Webhook.objects.filter(pk=pk), version)
    save_version(webhook, fields, by=by, now=now)
    if not webhook.is_active:
        close_alert(failing_key(webhook), by=by)
        close_alert(broken_key(webhook), by=by)
    return webhook


@transaction.atomic
def make_secret(*, pk: int, by: str, now: datetime, version: int | None = None) -> str:
    """Give the webhook another secret and return it; for a day the former one signs, too. Raises SavedMeanwhile."""
    webhook = lock_version(Webhook.objects.filter(pk=pk), version)
    save_version(webhook, {"generation": webhook.generation + 1, "secret_by": by, "secret_at": now}, by=by, now=now)
    return secret_of(webhook)


@transaction.atomic
def send_test(*, pk: int, by: str) -> None:
    """Send a notice of no change, which is tried once, also if the webhook is broken. Raises WebhookNotReady."""
    webhook = Webhook.objects.get(pk=pk)
    if why := not_ready(webhook):
        raise WebhookNotReady(why)
    subject = f"test {uuid4()}"  # of its own, so that it waits for nothing
    WebhookNotice.objects.create(
        webhook=webhook, kind=TEST, type="webhook.test", subject=subject, data=_test_of(webhook), asked_by=by
    )
    # Also while it rests after failures; what is being posted at the moment has a lease of its own.
    Webhook.objects.filter(pk=pk).update(rests_until=clock.now())
    wake(BY_THE_CLOCK)


def _test_of(webhook: Webhook) -> dict[str, Any]:
    """What a test says: nothing, or what the webhook's door says in one."""
    content: dict[str, Any] = import_string(DOOR_TESTS[webhook.door])(webhook) if webhook.door else {}
    return content


def remove_webhook(webhook: Webhook) -> None:
    """Remove a callback of a door, with all that waits there and its alerts."""
    close_alert(failing_key(webhook))
    close_alert(broken_key(webhook))
    for notice in webhook.notices.filter(dead_at__isnull=False):
        close_alert(dead_key(notice))
    webhook.notices.all().delete()
    webhook.delete()


def not_ready(webhook: Webhook) -> str:
    """Why nothing is posted to a webhook, as a sentence; empty if something is."""
    if not webhook.is_active:
        return _("The webhook is off: nothing is posted to it. Edit it to switch it on.")
    if not webhook.generation:
        return _("The webhook has no secret yet, and what isn't signed is not posted. Make the secret first.")
    return ""


@transaction.atomic
def redeliver(*, notice_id: int, by: str, now: datetime) -> None:
    """Post a notice again that was delivered or is dead, with all its attempts. Raises NoticeNotWaiting."""
    notice = _lock(notice_id)
    if why := not_to_redeliver(notice):
        raise NoticeNotWaiting(why)
    close_alert(dead_key(notice), by=by)
    notice.delivered_at = notice.dead_at = None
    notice.attempts, notice.due_at, notice.asked_by, notice.asked_at = 0, now, by, now
    notice.save(update_fields=["delivered_at", "dead_at", "attempts", "due_at", "asked_by", "asked_at"])


@transaction.atomic
def discard(*, notice_id: int, by: str, reason: str, now: datetime) -> None:
    """Give up a notice that waits, for good: those behind it go on. Raises NoticeNotWaiting."""
    notice = _lock(notice_id)
    if why := not_to_discard(notice):
        raise NoticeNotWaiting(why)
    close_alert(dead_key(notice), by=by)
    notice.discarded_at, notice.discard_reason, notice.asked_by, notice.asked_at = now, reason, by, now
    notice.dead_at = None
    notice.save(update_fields=["discarded_at", "discard_reason", "asked_by", "asked_at", "dead_at"])


def not_to_redeliver(notice: WebhookNotice) -> str:
    """Why a notice can't be redelivered, as a sentence; empty if it can."""
    if notice.kind == TEST:
        return _("A test is not repeated; send another one.")
    if notice.state in ("Delivered", "Dead"):
        return ""
    if notice.state == "Open":
        return _("The notice waits and will be posted; nothing has to be done.")
    return _("The notice was discarded for good.")


def not_to_discard(notice: WebhookNotice) -> str:
    """Why a notice can't be discarded, as a sentence; empty if it can."""
    if notice.state in ("Open", "Dead"):
        return ""
    return _("The notice does not wait any more: it is delivered or discarded.")


def forget_notices(*, now: datetime) -> None:
    """Forget notices of more than 30 days ago, those that were never delivered, too; work of every night."""
    old = WebhookNotice.objects.filter(made_at__lt=now - KEPT)
    for notice in old.filter(dead_at__isnull=False).exclude(kind=TEST):
        close_alert(dead_key(notice))
    old.delete()


def _lock(notice_id: int) -> WebhookNotice:
    """Lock a notice after its webhook, as marking does."""
    webhook_id = WebhookNotice.objects.values_list("webhook", flat=True).get(pk=notice_id)
    Webhook.objects.select_for_update(no_key=True).get(pk=webhook_id)
    return WebhookNotice.objects.select_for_update(no_key=True).get(pk=notice_id)
