"""Enrollments that wait for somebody, one of each kind, so that their pages show what they are for."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cpm.choices import Supply
from cpm.models import Customer, DeviceLocation, EnrollmentTransition, Program, Subscription
from cpm.models.customers import Device
from cpm.models.enrollments import Enrollment
from cpm.operations import add_device, enroll

PROGRAM, WITHOUT_EXEMPTION = "PEAK-RESERVE", "CHARGE-LATER"
CSR, CUSTOMER = "cora.csr", "customer"
NO_HEAD_END = "sample-cloud"  # DERMS knows none of this name


def are_made() -> bool:
    return EnrollmentTransition.objects.filter(to_state="Pending").exists()


@transaction.atomic
def add_enrollments(now: datetime) -> None:
    """A customer's application, a check that is not met, a device that is to be shipped, and one that DERMS refuses.

    A demo with few homes has some of them.
    """
    kinds = (_apply, _ship, _install_what_derms_does_not_know)
    for make, place in zip(kinds, _homes(PROGRAM).order_by("pk")[: len(kinds)], strict=False):
        make(place, now)
    critical = Device.objects.filter(location=OuterRef("pk"), critical_care=True, ended_at=None)
    if home := _homes(WITHOUT_EXEMPTION).filter(Exists(critical)).order_by("pk").first():
        _enroll(home, WITHOUT_EXEMPTION, CSR, now)


def _apply(place: DeviceLocation, now: datetime) -> None:
    _enroll(place, PROGRAM, CUSTOMER, now, validates=False)


def _ship(place: DeviceLocation, now: datetime) -> None:
    _enroll(place, PROGRAM, CSR, now, supply=Supply.SHIP)


def _install_what_derms_does_not_know(place: DeviceLocation, now: datetime) -> None:
    waiting = _enroll(place, PROGRAM, CSR, now, supply=Supply.INSTALLER)
    add_device(
        enrollment_id=waiting.pk,
        head_end=NO_HEAD_END,
        nic_id="NSAMPLE-1",
        device_class="thermostat",
        model="Sample Stat 2",
        rated_w=3000,
        critical_care=False,
        by=CSR,
        now=now,
    )


def _homes(program: str) -> QuerySet[DeviceLocation]:
    """Places that are not in a program."""
    inside = Subscription.objects.filter(location=OuterRef("pk"), program__code=program, ends_at=None)
    return DeviceLocation.objects.exclude(Exists(inside))


def _enroll(
    place: DeviceLocation, program: str, by: str, now: datetime, *, supply: str = "", validates: bool = True
) -> Enrollment:
    installed = place.devices.filter(ended_at=None).values_list("pk", flat=True)
    return enroll(
        customer_id=Customer.objects.get(locations=place).pk,
        location_id=place.pk,
        program_id=Program.objects.get(code=program).pk,
        device_ids=[] if supply else list(installed),
        supply=supply,
        by=by,
        now=now,
        validates=validates,
    )
