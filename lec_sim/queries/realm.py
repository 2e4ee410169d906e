"""What clients of the conformance realm may read: business logic everything, a ven its own and what it is granted."""

from collections.abc import Collection
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet

from integration.seam.models import ServiceAccount

from ..choices import OPENADR
from ..models import HeadEndProfile, RealmObject

EVERYTHING = "read_all"  # the scope of business logic
GRANTED = ("PROGRAM", "EVENT")  # kinds that are read by target; the others are their clients' own


class Reader(NamedTuple):
    """A client of the realm; `targets` are those that its vens and resources are granted."""

    client: str
    is_business_logic: bool
    targets: frozenset[str]

    def may_see(self, kind: str, asked: Collection[str] | None) -> Collection[str] | None:
        """Which targets of a kind of object a ven may see: those that it is granted, and asked for; None: all."""
        if self.is_business_logic or kind not in GRANTED:
            return None
        return self.targets if asked is None else self.targets & frozenset(asked)

    def sees(self, found: RealmObject) -> bool:
        """Whether the client may read an object."""
        if self.is_business_logic:
            return True
        if found.kind in GRANTED:
            return not found.targets or not self.targets.isdisjoint(found.targets)
        return found.client == self.client


def realm_clients() -> list[str]:
    """The clients that live in the realm: those that settings name, unless a head end is reached through them."""
    named = settings.OPENADR_CONFORMANCE
    if not named:
        return []
    bound = HeadEndProfile.objects.filter(driver=OPENADR, client__in=named).values_list("client", flat=True)
    return sorted({*named} - {*bound})


def reader_of(client: str, scopes: Collection[str]) -> Reader:
    found = RealmObject.objects.filter(kind__in=("VEN", "RESOURCE"), client=client).values_list("targets", flat=True)
    return Reader(client, EVERYTHING in scopes, frozenset(target for targets in found for target in targets))


def readable_clients(client: str, scopes: Collection[str]) -> list[str]:
    """Whose subscriptions a client may read: its own, and as business logic those of all the realm."""
    everybody = realm_clients() if EVERYTHING in scopes else []
    return everybody if client in everybody else [client]


def readers() -> list[Reader]:
    """All clients of the realm, as they may be told."""
    accounts = ServiceAccount.objects.filter(client_id__in=realm_clients())
    return [reader_of(client, scopes) for client, scopes in accounts.values_list("client_id", "scopes")]


def objects_of(kind: str, reader: Reader) -> QuerySet[RealmObject]:
    """The objects of a kind that a client may read, the oldest first."""
    found = RealmObject.objects.filter(kind=kind).select_related("parent").order_by("pk")
    if reader.is_business_logic:
        return found
    if kind in GRANTED:
        return found.filter(Q(targets=[]) | Q(targets__overlap=sorted(reader.targets)))
    return found.filter(client=reader.client)
