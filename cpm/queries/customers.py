"""Customers, their enrollments, and when their devices are called."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Prefetch, Q, QuerySet

from cpm.models.customers import Customer, Device, DeviceLocation, SubscribedDevice, Subscription
from cpm.models.prior_participations import PriorParticipation

from ..choices import FINAL_STATES, ParticipationStatus, ProgramEventState
from .participations import ParticipationRow, participations
from .wanted import Wanted

MOST_RESERVATIONS = 100


class CustomerEnrollment(NamedTuple):
    """A subscription, and the participations of its devices that are not over."""

    subscription: Subscription
    reservations: list[ParticipationRow]

    @property
    def outstanding(self) -> list[ParticipationRow]:
        """The reservations of coming stages."""
        coming = [row for row in self.reservations if row.program_event.state == ProgramEventState.SCHEDULED]
        return [row for row in coming if row.facts.reservation_flag]

    @property
    def can_opt_out(self) -> bool:
        return bool(self.outstanding) and self.subscription.program.type.allow_to_opt_out


def customers() -> QuerySet[Customer]:
    """Customers with their locations and the programs in which they are now."""
    open_ones = Subscription.objects.filter(ends_at=None).select_related("program").order_by("program__name")
    return Customer.objects.prefetch_related(
        Prefetch("locations", DeviceLocation.objects.order_by("pk")),
        Prefetch("subscriptions", open_ones, to_attr="open_subscriptions"),
    )


def current_enrollments(customer: Customer, rows: list[ParticipationRow]) -> list[CustomerEnrollment]:
    """The open subscriptions of a customer, who has these participations."""
    return [CustomerEnrollment(one, _of(rows, one)) for one in subscriptions_of(customer).filter(ends_at=None)]


def enrollment_of(customer: Customer, subscription_id: int) -> CustomerEnrollment | None:
    """One open subscription of a customer; None if there is none with this id."""
    found = subscriptions_of(customer).filter(ends_at=None, pk=subscription_id).first()
    return CustomerEnrollment(found, _of(own_participations(customer), found)) if found else None


def ended_enrollments(customer: Customer) -> QuerySet[Subscription]:
    return subscriptions_of(customer).exclude(ends_at=None)


def past_participations(customer: Customer, *, limit: int) -> list[ParticipationRow]:
    """The latest past program events of the customer's devices."""
    over = Wanted(program_events=Q(state__in=FINAL_STATES) & _programs_of(customer), device_ids=_device_ids(customer))
    rows = participations(over, limit=limit)
    return sorted(rows, key=lambda row: row.program_event.starts_at, reverse=True)


def prior_participations(customer: Customer, *, limit: int) -> list[PriorParticipation]:
    """What the customer did in events of another system, the latest first."""
    rows = customer.prior_participations.select_related("program", "device__location").order_by("-reserved_from", "pk")
    return list(rows[:limit])


def subscriptions_of(customer: Customer) -> QuerySet[Subscription]:
    """A customer's subscriptions with their devices, the latest first."""
    devices = SubscribedDevice.objects.select_related("device").order_by("device__nic_id")
    found = customer.subscriptions.select_related("program__type", "location", "enrollment")
    return found.prefetch_related(Prefetch("subscribed_devices", devices)).order_by("-starts_at", "pk")


def coming_reservations(customers: Iterable[Customer], program_events: Q | None = None) -> list[ParticipationRow]:
    """Reservations of these customers' devices that have not ended, the next one first."""
    people = [customer.pk for customer in customers]
    theirs = Q(program__in=Subscription.objects.filter(customer__in=people).values("program"))
    wanted = Wanted(
        program_events=~Q(state__in=FINAL_STATES) & theirs & (program_events or Q()),
        device_ids=list(Device.objects.filter(location__customer__in=people).values_list("pk", flat=True)),
        status=ParticipationStatus.RESERVED,
    )
    rows = participations(wanted, limit=MOST_RESERVATIONS * len(people))
    return sorted(rows, key=lambda row: (row.program_event.starts_at, row.program_event.pk, row.device.pk))


def own_participations(customer: Customer) -> list[ParticipationRow]:
    """Participations of a customer's devices in stages that are not over: reserved or left; the next one first."""
    wanted = Wanted(
        program_events=~Q(state__in=FINAL_STATES) & _programs_of(customer), device_ids=_device_ids(customer)
    )
    rows = participations(wanted, limit=MOST_RESERVATIONS)
    return sorted(rows, key=lambda row: (row.program_event.starts_at, row.program_event.pk, row.device.pk))


def _of(rows: list[ParticipationRow], subscription: Subscription) -> list[ParticipationRow]:
    devices = {one.device_id for one in subscription.subscribed_devices.all()}
    return [r for r in rows if r.program_event.program_id == subscription.program_id and r.device.pk in devices]


def _programs_of(customer: Customer) -> Q:
    return Q(program__in=customer.subscriptions.values("program"))


def _device_ids(customer: Customer) -> list[int]:
    return list(Device.objects.filter(location__customer=customer).values_list("pk", flat=True))
