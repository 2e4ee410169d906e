"""Whom to tell of what: the subscriptions of clients, and the announcements that changed."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam import clock, sql
from integration.seam.models import WebhookNotice
from integration.seam.rights import look_up
from integration.seam.scopes import permissions_of
from integration.seam.sql import statement

from ..models import Callback, Subscription

# The scope by which a ven reads each kind of object; the others are read by that of programs and events.
_READ_BY = dict.fromkeys(("VEN", "RESOURCE", "REPORT", "SUBSCRIPTION"), "read_ven_objects")


def announcement_ids_to_tell(now: datetime) -> list[int]:
    return [int(one) for one in sql.column(statement("lec_sim", "openadr_to_tell"), {"now": now})]


def subscriptions_of(clients: Collection[str]) -> QuerySet[Subscription]:
    """The subscriptions of these clients, the oldest first."""
    return Subscription.objects.filter(client__in=clients).prefetch_related("callbacks__webhook").order_by("pk")


def callbacks_to(client: str) -> QuerySet[Callback]:
    """All addresses that a client wants to be told at."""
    found = Callback.objects.filter(subscription__client=client).select_related("subscription", "webhook")
    return found.order_by("subscription_id", "pk")


def callbacks_of(client: str, kind: str, operation: str) -> list[Callback]:
    """Where a client is told of an operation on a kind of object; nowhere if its account may not read it now."""
    if not may_read(client, kind):
        return []
    wanted = {"objects_told__contains": [kind], "operations__contains": [operation]}
    found = Callback.objects.filter(subscription__client=client, **wanted)
    return list(found.select_related("subscription", "webhook").order_by("pk"))


def may_be_told(notice: WebhookNotice) -> bool:
    """Whether the account that asked for a callback may still read what a notice is about (seam/routes.py)."""
    client: str = Callback.objects.values_list("subscription__client", flat=True).get(webhook=notice.webhook_id)
    return may_read(client, notice.type.partition(" ")[0])


def may_read(client: str, kind: str) -> bool:
    """Whether a call of the client's account would be answered; where it would come from is not asked."""
    reading = {_READ_BY.get(kind, "read_targets"), "read_all"}
    rights = look_up(Q(client_id=client))
    if rights is None or rights.end(clock.now()):
        return False
    return any(permissions_of([scope]) <= rights.permissions for scope in reading & rights.scopes)
