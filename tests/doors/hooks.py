"""What tests of webhooks do: announce, let time pass, post, and look at what arrived."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import F

from integration.seam.models import Webhook, WebhookNotice
from integration.seam.webhooks.announcing import announce
from integration.seam.webhooks.posting import post_due_notices
from tests.doors.receivers import Receiver

Make = Callable[..., Webhook]
AWAY = "https://localhost:9/"


def say(subject: str, number: int, kind: str = "event") -> None:
    """Announce a change as an operation does."""
    announce(kind, what=f"{kind}.state", subject=subject, data=lambda: {"subject": subject, "number": number})


def pass_time() -> None:
    """Let every pause be over."""
    day = timedelta(days=1)
    WebhookNotice.objects.update(due_at=F("due_at") - day)
    Webhook.objects.update(rests_until=F("rests_until") - day)


def post() -> None:
    post_due_notices(seconds=20)


def numbers(receiver: Receiver) -> list[tuple[str, int]]:
    return [(one.content["data"]["subject"], one.content["data"]["number"]) for one in receiver.posted]


def states() -> list[str]:
    return [one.state for one in WebhookNotice.objects.order_by("id")]
