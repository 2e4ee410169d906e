"""Whom to tell of what: the subscriptions of clients, and the announcements that changed."""

from datetime import datetime

from django.db.models import QuerySet

from integration.seam import sql
from integration.seam.models import ServiceAccount
from integration.seam.sql import statement

from ..models import Callback, Subscription


def announcement_ids_to_tell(now: datetime) -> list[int]:
    return [int(one) for one in sql.column(statement("lec_sim", "openadr_to_tell"), {"now": now})]


def subscriptions_of(client: str) -> QuerySet[Subscription]:
    """The subscriptions of one client, the oldest first."""
    return Subscription.objects.filter(client=client).prefetch_related("callbacks__webhook").order_by("pk")


def callbacks_of(client: str, kind: str, operation: str) -> list[Callback]:
    """Where a client is told of an operation on a kind of object; nowhere if its account can't call any more."""
    if not ServiceAccount.objects.filter(client_id=client, is_active=True, owner__is_active=True).exists():
        return []
    wanted = {"objects_told__contains": [kind], "operations__contains": [operation]}
    found = Callback.objects.filter(subscription__client=client, **wanted)
    return list(found.select_related("subscription", "webhook").order_by("pk"))
