"""Customers, what they are enrolled in, and when their devices are called."""

from typing import NamedTuple

from django.db.models import Prefetch, Q, QuerySet

from ..choices import FINAL_STATES, ParticipationStatus
from ..models import Customer, Device, DeviceLocation, SubscribedDevice, Subscription
from .participations import ParticipationRow, Wanted, participations

MOST_RESERVATIONS = 100


class CustomerEnrollment(NamedTuple):
    """A subscription, and the reservations of its devices in the program event that comes (or runs) next."""

    subscription: Subscription
    next_reservations: list[ParticipationRow]


def customers() -> QuerySet[Customer]:
    """Customers with their locations and the programs they are in now."""
    open_ones = Subscription.objects.filter(ends_at=None).select_related("program").order_by("program__name")
    return Customer.objects.prefetch_related(
        Prefetch("locations", DeviceLocation.objects.order_by("pk")),
        Prefetch("subscriptions", open_ones, to_attr="open_subscriptions"),
    )


def customers_like(found: QuerySet[Customer], words: str) -> QuerySet[Customer]:
    """Those whose number, account or device's NIC id is this, or whose name contains it."""
    with_device = Device.objects.filter(nic_id=words.rpartition("/")[2]).values("location__customer")
    keys = {words, words.upper()}
    return found.filter(Q(number__in=keys) | Q(account__in=keys) | Q(name__icontains=words) | Q(pk__in=with_device))


def current_enrollments(customer: Customer) -> list[CustomerEnrollment]:
    """The open subscriptions of a customer."""
    coming = _reservations(customer)
    return [CustomerEnrollment(one, _next(coming, one)) for one in _subscriptions(customer).filter(ends_at=None)]


def ended_enrollments(customer: Customer) -> QuerySet[Subscription]:
    return _subscriptions(customer).exclude(ends_at=None)


def past_participations(customer: Customer, *, limit: int) -> list[ParticipationRow]:
    """The latest program events of the customer's devices that are over."""
    over = Wanted(program_events=Q(state__in=FINAL_STATES) & _programs_of(customer), device_ids=_device_ids(customer))
    rows = participations(over, limit=limit)
    return sorted(rows, key=lambda row: row.program_event.starts_at, reverse=True)


def _subscriptions(customer: Customer) -> QuerySet[Subscription]:
    devices = SubscribedDevice.objects.select_related("device").order_by("device__nic_id")
    found = customer.subscriptions.select_related("program__type", "location")
    return found.prefetch_related(Prefetch("subscribed_devices", devices)).order_by("-starts_at", "pk")


def _reservations(customer: Customer) -> list[ParticipationRow]:
    """What the customer's devices are reserved for and has not ended, the next one first."""
    wanted = Wanted(
        program_events=~Q(state__in=FINAL_STATES) & _programs_of(customer),
        device_ids=_device_ids(customer),
        status=ParticipationStatus.RESERVED,
    )
    rows = [row for row in participations(wanted, limit=MOST_RESERVATIONS) if row.facts.reservation_flag]
    return sorted(rows, key=lambda row: (row.program_event.starts_at, row.program_event.pk, row.device.pk))


def _next(coming: list[ParticipationRow], subscription: Subscription) -> list[ParticipationRow]:
    devices = {one.device_id for one in subscription.subscribed_devices.all()}
    mine = [r for r in coming if r.program_event.program_id == subscription.program_id and r.device.pk in devices]
    return [row for row in mine if row.program_event == mine[0].program_event]


def _programs_of(customer: Customer) -> Q:
    return Q(program__in=customer.subscriptions.values("program"))


def _device_ids(customer: Customer) -> list[int]:
    return list(Device.objects.filter(location__customer=customer).values_list("pk", flat=True))
