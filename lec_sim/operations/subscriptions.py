"""Subscriptions of vens' clients: each callback is a webhook of the seam, so that all of them are posted to alike."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from integration.seam.models import ServiceAccount, Webhook
from integration.seam.refusals import Refused
from integration.seam.vault import lock
from integration.seam.webhooks.keeping import remove_webhook

from ..choices import OPENADR
from ..models import Callback, Subscription

MOST_SUBSCRIPTIONS, MOST_CALLBACKS = 20, 10


class TooManySubscriptions(Refused):
    """A client has as many subscriptions as one may have."""


class WantedCallback(NamedTuple):
    """One address of a subscription, as its client wants it."""

    url: str
    token: str
    objects: Sequence[str]
    operations: Sequence[str]


class Wanted(NamedTuple):
    """A subscription as its client wants it; `targets` None: all that it is granted."""

    client_name: str
    program_id: str
    targets: Sequence[str] | None
    callbacks: Sequence[WantedCallback]


@transaction.atomic
def add_subscription(*, client: str, wanted: Wanted, now: datetime) -> Subscription:
    """Raises TooManySubscriptions."""
    account = ServiceAccount.objects.select_for_update(no_key=True).get(client_id=client)
    if Subscription.objects.filter(client=client).count() >= MOST_SUBSCRIPTIONS:
        sentence = _("A client may have %(most)s subscriptions. Delete one that is not used any more.")
        raise TooManySubscriptions(sentence % {"most": MOST_SUBSCRIPTIONS})
    made = Subscription.objects.create(client=client, created_at=now, modified_at=now, **_fields(wanted))
    _add_callbacks(made, account, wanted.callbacks)
    return made


@transaction.atomic
def change_subscription(*, subscription_id: int, wanted: Wanted, now: datetime) -> Subscription:
    """Put what is wanted in the place of what was; what waits at the former addresses is dropped."""
    found = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    _remove_callbacks(found)
    for name, value in _fields(wanted).items():
        setattr(found, name, value)
    found.modified_at = now
    found.save()
    _add_callbacks(found, ServiceAccount.objects.get(client_id=found.client), wanted.callbacks)
    return found


@transaction.atomic
def remove_subscription(*, subscription_id: int) -> None:
    found = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    _remove_callbacks(found)
    found.delete()


def _fields(wanted: Wanted) -> dict[str, object]:
    targets = None if wanted.targets is None else list(wanted.targets)
    return {"client_name": wanted.client_name, "program_id": wanted.program_id, "targets": targets}


def _add_callbacks(subscription: Subscription, account: ServiceAccount, wanted: Sequence[WantedCallback]) -> None:
    for number, one in enumerate(wanted, start=1):
        webhook = Webhook.objects.create(
            name=f"{subscription.client_name[:40]} {subscription.uid.hex[:8]}.{number}",
            owner=account.owner,
            url=one.url,
            door=OPENADR,
            authorization=lock(one.token) if one.token else "",
            generation=1,
            secret_at=subscription.modified_at,
        )
        Callback.objects.create(
            subscription=subscription, webhook=webhook, objects_told=[*one.objects], operations=[*one.operations]
        )


def _remove_callbacks(subscription: Subscription) -> None:
    for callback in subscription.callbacks.select_related("webhook"):
        callback.delete()
        remove_webhook(callback.webhook)
