"""Finding a customer by whatever they say of themselves."""

import re
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Contains

from cpm.models.customers import Customer, Device, DeviceLocation, digits_of

# More than a person reads through; whoever gets so many types more.
MOST_FOUND = 500
# A part of a text is looked up by its three-letter pieces, so it needs that many.
SHORTEST_PART = 3
FEWEST_DIGITS = 4
TELEPHONE = re.compile(r"[\d\s()+./-]+")


def customers_like(found: QuerySet[Customer], words: str) -> QuerySet[Customer]:
    """Those whose number, account or device's NIC id this is; or else part of it, of a name, an address or a phone."""
    if keys := list(_having_key(words)):
        return found.filter(pk__in=[pk for (pk,) in keys])
    if len(words) < SHORTEST_PART:
        return found.none()
    return found.filter(pk__in=_partly(words))


def _having_key(words: str) -> QuerySet[Any, Any]:
    """Ids of customers with this number, this account, or a device of this NIC id, complete: each by its own index."""
    keys = {words, words.upper()}
    head_end, _, nic_id = words.rpartition("/")
    devices = Device.objects.filter(nic_id__in={nic_id, nic_id.upper()})
    devices = devices.filter(head_end=head_end) if head_end else devices
    return (
        Customer.objects.filter(number__in=keys)
        .values_list("pk")
        .union(
            Customer.objects.filter(account__in=keys).values_list("pk"),
            devices.values_list("location__customer"),
        )
    )


def _partly(words: str) -> QuerySet[Any, Any]:
    """Ids of customers whose name, address or phone contains this, or whose key begins with it."""
    part = Value(words.upper())
    begins = Q(number__startswith=words.upper()) | Q(account__startswith=words.upper())
    found: list[QuerySet[Any, Any]] = [
        Customer.objects.filter(Contains(Upper("name"), part)).values_list("pk"),
        Customer.objects.filter(begins).values_list("pk"),
        DeviceLocation.objects.filter(Contains(Upper("address"), part)).values_list("customer"),
        Device.objects.filter(nic_id__startswith=words.upper()).values_list("location__customer"),
    ]
    digits = re.sub(r"\D", "", words)
    if TELEPHONE.fullmatch(words) and len(digits) >= FEWEST_DIGITS:
        found.append(Customer.objects.filter(Contains(digits_of("phone"), Value(digits))).values_list("pk"))
    first, *others = (each[:MOST_FOUND] for each in found)
    return first.union(*others)
