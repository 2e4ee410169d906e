"""Enrollments: the list of those that wait, a customer's, and one with its history."""

from django.db.models import QuerySet

from cpm.models.customers import Customer, Device, SubscribedDevice
from cpm.models.enrollments import Enrollment

from ..choices import EnrollmentState


def enrollments() -> QuerySet[Enrollment]:
    return Enrollment.objects.select_related("customer", "program__type", "location", "subscription")


def enrollments_under_way(customer: Customer) -> QuerySet[Enrollment]:
    """A customer's enrollments that are neither Registered nor over, the one that changed last first."""
    settled = (EnrollmentState.REGISTERED, EnrollmentState.DEREGISTERED, EnrollmentState.CANCELED)
    return enrollments().filter(customer=customer).exclude(state__in=settled).order_by("-changed_at", "-pk")


def enrollments_shown_to(customer: Customer) -> QuerySet[Enrollment]:
    """What a customer sees of their own enrollments: those that are not over."""
    over = (EnrollmentState.DEREGISTERED, EnrollmentState.CANCELED)
    return enrollments().filter(customer=customer).exclude(state__in=over).order_by("program__name", "pk")


def devices_of_enrollment(enrollment: Enrollment) -> list[SubscribedDevice]:
    """The devices of an enrollment's subscription, and what DERMS answered about each."""
    found = SubscribedDevice.objects.filter(subscription=enrollment.subscription_id).select_related("device")
    return list(found.order_by("device__ended_at", "device__nic_id"))


def devices_to_enroll(enrollable_at: int, program_id: int) -> QuerySet[Device]:
    """The installed devices of a place that are not in the program."""
    inside = SubscribedDevice.objects.filter(subscription__program=program_id, subscription__ends_at=None)
    here = Device.objects.filter(location=enrollable_at, ended_at=None).select_related("location")
    return here.exclude(pk__in=inside.values("device")).order_by("nic_id")
