"""Customers, what they are enrolled in, and when their devices are called."""

from django.db.models import Prefetch, Q, QuerySet

from ..choices import FINAL_STATES
from ..models import Customer, Device, DeviceLocation, SubscribedDevice, Subscription
from .participations import ParticipationRow, Wanted, participations

MOST_RESERVATIONS = 100


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
    return found.filter(
        Q(number__in=keys) | Q(account__in=keys) | Q(name__icontains=words) | Q(pk__in=with_device)
    )


def enrollments(customer: Customer) -> QuerySet[Subscription]:
    """The subscriptions of a customer, open ones first, with their devices."""
    devices = SubscribedDevice.objects.select_related("device").order_by("device__nic_id")
    return (
        customer.subscriptions.select_related("program__type", "location")
        .prefetch_related(Prefetch("subscribed_devices", devices))
        .order_by("-starts_at", "pk")
    )


def reservations(customer: Customer) -> list[ParticipationRow]:
    """What the customer's devices are reserved for and has not ended, the next one first."""
    program_events = ~Q(state__in=FINAL_STATES) & _programs_of(customer)
    wanted = Wanted(program_events=program_events, device_ids=_device_ids(customer))
    rows = participations(wanted, limit=MOST_RESERVATIONS)
    return sorted(rows, key=lambda row: (row.program_event.starts_at, row.device.pk))


def past_participations(customer: Customer, *, limit: int) -> list[ParticipationRow]:
    """The latest program events of the customer's devices that are over."""
    program_events = Q(state__in=FINAL_STATES) & _programs_of(customer)
    wanted = Wanted(program_events=program_events, device_ids=_device_ids(customer))
    rows = participations(wanted, limit=limit)
    return sorted(rows, key=lambda row: row.program_event.starts_at, reverse=True)


def _programs_of(customer: Customer) -> Q:
    return Q(program__in=customer.subscriptions.values("program"))


def _device_ids(customer: Customer) -> list[int]:
    return list(Device.objects.filter(location__customer=customer).values_list("pk", flat=True))
