"""A customer's way into a program, as people take it: apply, validate, add a device, try again; or cancel and leave."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from cpm.models.customers import Customer, Device, Subscription
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from integration.seam.recorded import recorded
from integration.seam.versions import save_version

from ..choices import APPLICATION_STATES, LEFT_STATES, EnrollmentState, LeavingReason, SyncAnswer
from ..planning import Application, checks_of, failures
from .enrollment import deregister, register_devices, require_free_nic_id, require_short, send_ends
from .enrollment_records import (
    EnrollmentNotAllowed,
    lock_enrollment,
    lock_lived_in,
    moment_after,
    moment_of_change,
    require_met,
    save_enrollment,
)

MOVED_OUT_OF = recorded("Moved out of service point %(place)s.")


@transaction.atomic
def enroll(
    *,
    customer_id: int,
    location_id: int,
    program_id: int,
    device_ids: Sequence[int],
    supply: str,
    by: str,
    now: datetime,
    answers: Sequence[Mapping[str, Any]] = (),
    referred_by: Customer | None = None,
    validates: bool = True,
) -> Enrollment:
    """Apply for a program at a place with its devices, or with how one comes there; then validate the application.

    `answers` are pairs of "text" and "answer", one for each question of the program that was asked.
    A customer's own application stays Pending until a CSR has looked at it (`validates` is false).
    """
    location = lock_lived_in(location_id)
    if location.customer_id != customer_id:
        raise EnrollmentNotAllowed(_("%(place)s belongs to another customer by now.") % {"place": location})
    _require_first(program_id, location_id)
    program = Program.objects.select_related("type").get(pk=program_id)
    if not device_ids and not supply and program.type.device_required:
        raise EnrollmentNotAllowed(_("Choose a device, or how one comes to the customer."))
    at = moment_after(program_id=program_id, location_id=location_id, now=now)
    enrollment = Enrollment.objects.create(
        customer=Customer.objects.get(pk=customer_id),
        location=location,
        program=program,
        supply="" if device_ids else supply,
        answers=list(answers),
        referred_by=referred_by,
        applied_at=now,
        applied_by=by,
        changed_at=at,
    )
    enrollment.wanted.set(device_ids)
    save_enrollment(enrollment, was="", by=by, now=at)
    return validate_enrollment(enrollment_id=enrollment.pk, by=by, now=now) if validates else enrollment


@transaction.atomic
def validate_enrollment(*, enrollment_id: int, by: str, now: datetime, seen: int | None = None) -> Enrollment:
    """Check an application: its subscription begins, or it is an Exception that names each check that is not met."""
    enrollment = lock_enrollment(enrollment_id, seen=seen)
    _require(enrollment, enrollment.validate)
    at = moment_of_change(enrollment, now)
    devices = list(Device.objects.select_related("location").filter(pk__in=enrollment.wanted.all()).order_by("pk"))
    given = {"answers": enrollment.answers, "is_supplied": bool(enrollment.supply)}
    wanted, was = Application(enrollment.program, enrollment.location, devices, **given), enrollment.state
    if failed := failures(checks_of(wanted)):
        enrollment.refuse("\n".join(failed))
        save_enrollment(enrollment, was=was, by=by, now=at, why=enrollment.reason)
        return enrollment
    enrollment.validate(
        Subscription.objects.create(
            customer=enrollment.customer, program=enrollment.program, location=enrollment.location, starts_at=at
        )
    )
    save_enrollment(enrollment, was=was, by=by, now=at)
    if devices:
        register_devices(enrollment, devices, by=by, now=now)
        return enrollment
    if enrollment.supply:
        enrollment.await_device()
    else:
        enrollment.confirm("")
    save_enrollment(enrollment, was=EnrollmentState.VALIDATED, by=by, now=at)
    return enrollment


@transaction.atomic
def add_device(
    *,
    enrollment_id: int,
    head_end: str,
    nic_id: str,
    device_class: str,
    model: str,
    rated_w: int,
    critical_care: bool,
    by: str,
    now: datetime,
    make: str = "",
    seen: int | None = None,
) -> Device:
    """Install a device at the place of an enrollment that waits for one, or has others, and register it."""
    nic_id = nic_id.strip()
    require_short(nic_id)
    enrollment = lock_enrollment(enrollment_id, seen=seen)
    _require(enrollment, enrollment.register)
    require_free_nic_id(head_end, nic_id)
    device = Device.objects.create(
        location=enrollment.location,
        head_end=head_end,
        nic_id=nic_id,
        device_class=device_class,
        make=make,
        model=model,
        rated_w=rated_w,
        critical_care=critical_care,
        installed_at=now,
    )
    require_met(Application(enrollment.program, enrollment.location, [device], enrollment))
    register_devices(enrollment, [device], by=by, now=now)
    return device


@transaction.atomic
def add_installed_device(*, enrollment_id: int, device_id: int, by: str, now: datetime) -> None:
    """Register a device that is installed at the place of an enrollment, which does not have it yet."""
    enrollment = lock_enrollment(enrollment_id)
    _require(enrollment, enrollment.register)
    device = Device.objects.select_related("location").get(pk=device_id)
    require_met(Application(enrollment.program, enrollment.location, [device], enrollment))
    register_devices(enrollment, [device], by=by, now=now)


@transaction.atomic
def retry_enrollment(*, enrollment_id: int, by: str, now: datetime, seen: int | None = None) -> None:
    """Send DERMS again what it refused: the devices of an open subscription, or the end of one that ended."""
    enrollment = lock_enrollment(enrollment_id, seen=seen)
    if enrollment.state != EnrollmentState.ERROR or enrollment.subscription is None:
        raise _not_now(enrollment)
    subscription = enrollment.subscription
    if subscription.ends_at is None:
        refused = subscription.subscribed_devices.filter(device__ended_at=None).exclude(answer=SyncAnswer.REGISTERED)
        devices = list(Device.objects.select_related("location").filter(subscribed__in=refused).order_by("pk"))
        register_devices(enrollment, devices, by=by, now=now)
        return
    at = moment_of_change(enrollment, now)
    enrollment.leave(enrollment.left_because)
    save_enrollment(enrollment, was=EnrollmentState.ERROR, by=by, now=at)
    send_ends(subscription, at)


@transaction.atomic
def cancel_enrollment(*, enrollment_id: int, why: str, by: str, now: datetime, seen: int | None = None) -> None:
    """Cancel an enrollment before any device is registered."""
    enrollment = lock_enrollment(enrollment_id, seen=seen)
    _require(enrollment, enrollment.cancel)
    _cancel(enrollment, why=why, by=by, now=now)


@transaction.atomic
def unenroll(*, enrollment_id: int, because: str, note: str, by: str, now: datetime, seen: int | None = None) -> None:
    """End an enrollment, with a reason, and notify DERMS of each device."""
    enrollment = lock_enrollment(enrollment_id, seen=seen)
    _require(enrollment, enrollment.leave)
    deregister(enrollment, because=because, note=note, by=by, now=now)


@transaction.atomic
def move_out(*, location_id: int, customer_id: int, by: str, now: datetime) -> None:
    """End a customer's enrollments at a place and take its devices out.

    The place keeps its customer and history, and gives up its service point: the next customer there gets a place of
    their own, and sees nothing of this one. Nothing new begins at a place that was left. Raises PlaceLeft.
    """
    location = lock_lived_in(location_id)
    if location.customer_id != customer_id:
        raise EnrollmentNotAllowed(_("%(place)s belongs to another customer by now.") % {"place": location})
    rows = Enrollment.objects.filter(location=location).exclude(state__in=LEFT_STATES)
    why = MOVED_OUT_OF(place=location.service_point) if location.service_point else ""
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        _leave_with_the_move(lock_enrollment(pk), why, by, now)
    Device.objects.filter(location=location, ended_at=None).update(ended_at=now)
    save_version(location, {"service_point": "", "left_at": now}, by=by, now=now)


def _leave_with_the_move(enrollment: Enrollment, why: str, by: str, now: datetime) -> None:
    if can_proceed(enrollment.cancel):
        _cancel(enrollment, why=why, by=by, now=now)
    elif enrollment.subscription and enrollment.subscription.ends_at is None:
        deregister(enrollment, because=LeavingReason.MOVED_OUT, note=why, by=by, now=now)


def _cancel(enrollment: Enrollment, *, why: str, by: str, now: datetime) -> None:
    at, was = moment_of_change(enrollment, now), enrollment.state
    if subscription := enrollment.subscription:
        subscription.ends_at = at
        subscription.save(update_fields=["ends_at"])
    enrollment.cancel()
    save_enrollment(enrollment, was=was, by=by, now=at, why=why)


def _require_first(program_id: int, location_id: int) -> None:
    """Refuse a second application; a second subscription is what a check finds."""
    if first := Enrollment.objects.filter(
        program_id=program_id, location_id=location_id, state__in=APPLICATION_STATES
    ).first():
        raise EnrollmentNotAllowed(
            _("%(program)s has an application for this place already: %(state)s.")
            % {"program": first.program, "state": EnrollmentState(first.state).label}
        )


def _require(enrollment: Enrollment, move: object) -> None:
    if not can_proceed(move):
        raise _not_now(enrollment)


def _not_now(enrollment: Enrollment) -> EnrollmentNotAllowed:
    return EnrollmentNotAllowed(
        _("The enrollment of %(what)s is %(state)s, which does not allow this. Look at it again.")
        % {"what": enrollment, "state": EnrollmentState(enrollment.state).label}
    )
