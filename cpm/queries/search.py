"""Find a customer by anything they may say on the phone."""

import re
import unicodedata
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.lookups import Contains

from cpm.models.customers import Customer, Device, DeviceLocation, digits_of, folded

# More than anyone reads; a person who gets so many types more.
MOST_FOUND = 500
# Parts of a text are found by an index of three-letter pieces, so they need three letters.
SHORTEST_PART = 3
FEWEST_DIGITS = 4
TELEPHONE = re.compile(r"[\d\s()+./-]+")


def customers_like(found: QuerySet[Customer], words: str) -> QuerySet[Customer]:
    """Customers with this number, account or NIC id; or, if none, with this part of it, of a name, address or phone."""
    if keys := list(_having_key(words)):
        return found.filter(pk__in=[pk for (pk,) in keys])
    if len(unicodedata.normalize("NFC", words)) < SHORTEST_PART:
        return found.none()
    return found.filter(pk__in=_partly(words))


def _having_key(words: str) -> QuerySet[Any, Any]:
    """Ids of customers with exactly this number, account or device's NIC id, each found by its own index."""
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
    """Ids of customers whose name, address or phone contains this, or whose key starts with it."""
    part = folded(Value(words))
    begins = Q(number__startswith=words.upper()) | Q(account__startswith=words.upper())
    found: list[QuerySet[Any, Any]] = [
        Customer.objects.filter(Contains(folded("name"), part)).values_list("pk"),
        Customer.objects.filter(begins).values_list("pk"),
        DeviceLocation.objects.filter(Contains(folded("address"), part)).values_list("customer"),
        Device.objects.filter(nic_id__startswith=words.upper()).values_list("location__customer"),
    ]
    digits = re.sub(r"\D", "", words)
    if TELEPHONE.fullmatch(words) and len(digits) >= FEWEST_DIGITS:
        found.append(Customer.objects.filter(Contains(digits_of("phone"), Value(digits))).values_list("pk"))
    found += _name_and_phone(words.split())
    first, *others = (each[: MOST_FOUND + 1] for each in found)
    return first.union(*others)


def _name_and_phone(words: list[str]) -> list[QuerySet[Any, Any]]:
    """Ids of customers whose name contains the words with letters, and whose phone contains the digits."""
    said = [word for word in words if not TELEPHONE.fullmatch(word)]
    name, digits = " ".join(said), re.sub(r"\D", "", "".join(word for word in words if word not in said))
    if len(name) < SHORTEST_PART or len(digits) < FEWEST_DIGITS:
        return []
    both = Contains(folded("name"), folded(Value(name))), Contains(digits_of("phone"), Value(digits))
    return [Customer.objects.filter(*both).values_list("pk")]
