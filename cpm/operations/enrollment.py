"""Programs, subscriptions and devices: sent to DERMS, which answers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from cpm.models.customers import Device, SubscribedDevice, Subscription
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from cpm.queries.holidays import days_without_events
from integration.pages.moments import day_text
from integration.seam import extracts, outbox
from integration.seam.delivery import receiving
from integration.seam.messages import (
    EnrollmentAnswer,
    EnrollmentChange,
    EnrollmentLoad,
    EnrollmentLoadAnswer,
    EnrollmentSync,
    ProgramRuleSync,
    Receipt,
)
from integration.seam.models import Delivery
from integration.seam.program_rules import ProgramRules
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import EnrollmentState, LeavingReason, SyncAnswer
from ..set_operations import ENROLLMENT_ROWS, apply_answers
from .announcing import announce_moved
from .enrollment_records import (
    EnrollmentNotAllowed,
    enrollment_of_subscription,
    lock_location,
    moment_of_change,
    save_enrollment,
    settle_enrollments,
)


class SubscriptionEnded(Refused):
    """The customer has already left the program."""


class NicIdTooLong(Refused):
    """A NIC id has more characters than can be kept."""


class NicIdTaken(Refused):
    """Another installed device has this NIC id."""


_TAKES_PART = Q(subscription__ends_at=None, device__ended_at=None)
_CAN_BE_ABOUT = {"Registered": _TAKES_PART, "Deregistered": ~_TAKES_PART, "Error": Q(answer=SyncAnswer.PENDING)}


@transaction.atomic
def send_program_rules(*, program_id: int) -> None:
    """Send DERMS a program with its present rules."""
    outbox.send(program_body(Program.objects.get(pk=program_id)), sender=System.CPM)


def program_body(program: Program) -> ProgramRuleSync:
    """What DERMS knows of a program."""
    names = ("name", "active", "version", "suspended", "starts_on", "ends_on", "releases")
    of_program = {name: getattr(program, name) for name in names}
    days = days_without_events() if program.follows_holidays else ()
    dated = tuple(one.model_copy(update={"rules": _with_days(one.rules, days)}) for one in program.dated_rules)
    rules = _with_days(program.rules, days)
    of_program["calls_devices"] = program.calls_devices
    return ProgramRuleSync(program=program.code, rules=rules, dated_rules=dated, **of_program)


def _with_days(rules: ProgramRules, days: Iterable[date]) -> ProgramRules:
    """The rules with more days without events."""
    more = set(days) - set(rules.holidays)
    return rules.model_copy(update={"holidays": tuple(sorted({*rules.holidays, *more}))}) if more else rules


@transaction.atomic
def send_enrollment_load(*, program_id: int) -> int:
    """Send DERMS, in one file, the devices of a program that it has not answered yet; returns how many.

    The file has one part: parts would be loaded one after the other, because each has the zones to itself.
    """
    program, params = Program.objects.get(pk=program_id), {"program": program_id}
    extract = extracts.write_extract(kind="enrollment_load", query=ENROLLMENT_ROWS, params=params, in_one_part=True)
    outbox.send(EnrollmentLoad(program=program.code, extract=extract.ref), sender=System.CPM)
    return extract.rows


@transaction.atomic
def start_enrollment(*, subscription_id: int, device_id: int, now: datetime, by: str = "system") -> None:
    """Add a device to an open subscription, and notify DERMS."""
    subscription = _lock_open(subscription_id)
    register_devices(enrollment_of_subscription(subscription), [Device.objects.get(pk=device_id)], by=by, now=now)


def register_devices(
    enrollment: Enrollment, devices: Sequence[Device], *, by: str, now: datetime, why: str = ""
) -> None:
    """Add devices to an enrollment's subscription, notify DERMS of each, and wait for its answers.

    The caller holds the lock of the place.
    """
    subscription = _subscription_of(enrollment)
    at = moment_of_change(enrollment, now)
    for device in devices:
        SubscribedDevice.objects.update_or_create(
            subscription=subscription, device=device, defaults={"answer": SyncAnswer.PENDING, "error": ""}
        )
        send_change("start", subscription, device, at)
    was = enrollment.state
    enrollment.register()
    save_enrollment(enrollment, was=was, by=by, now=at, why=why or ", ".join(device.nic_id for device in devices))


@transaction.atomic
def end_enrollment(
    *, subscription_id: int, now: datetime, by: str = "system", because: str = LeavingReason.OTHER, note: str = ""
) -> None:
    """End a subscription with all its devices, and notify DERMS of each; a household has a handful."""
    deregister(enrollment_of_subscription(_lock_open(subscription_id)), because=because, note=note, by=by, now=now)


def deregister(enrollment: Enrollment, *, because: str, note: str, by: str, now: datetime) -> None:
    """End an enrollment's subscription and notify DERMS. The caller holds the lock of the place."""
    subscription, at, was = _subscription_of(enrollment), moment_of_change(enrollment, now), enrollment.state
    if not can_proceed(enrollment.leave):
        raise EnrollmentNotAllowed(
            _("The enrollment is %(state)s. Cancel it instead.") % {"state": EnrollmentState(was).label}
        )
    subscription.ends_at = at
    subscription.save(update_fields=["ends_at"])
    enrollment.leave(because)
    save_enrollment(enrollment, was=was, by=by, now=at, why=note)
    if not send_ends(subscription, at):
        enrollment.forget("")
        save_enrollment(enrollment, was=EnrollmentState.DEREGISTERING, by=by, now=at)


def send_ends(subscription: Subscription, at: datetime) -> int:
    """Notify DERMS that the devices of an ended subscription leave; returns how many there are."""
    leaving = list(subscription.subscribed_devices.select_related("device__location").filter(device__ended_at=None))
    for subscribed in leaving:
        subscribed.answer, subscribed.error = SyncAnswer.PENDING, ""
        subscribed.save(update_fields=["answer", "error"])
        send_change("end", subscription, subscribed.device, at)
    return len(leaving)


@receiving
def answer_enrollment(body: EnrollmentAnswer, *, now: datetime) -> Receipt:
    """Store DERMS's answer about one device.

    Answers may overtake each other, so each is matched with the subscriptions that it can be about.
    """
    asked = SubscribedDevice.objects.filter(
        device__head_end=body.head_end, device__nic_id=body.nic_id, subscription__program__code=body.program
    )
    for location_id in sorted(set(asked.values_list("subscription__location", flat=True))):
        lock_location(location_id)
    answered = asked.filter(_CAN_BE_ABOUT[body.answer])
    subscription_ids = list(answered.values_list("subscription", flat=True))
    changed = answered.update(answer=body.answer, error=body.error[:300])
    settle_enrollments(subscription_ids, now=now)
    return Receipt(applied=changed)


@transaction.atomic
def answer_enrollment_load(delivery: Delivery, body: EnrollmentLoadAnswer, *, now: datetime) -> Receipt:
    """Store DERMS's answer about each device of a file."""
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1).table
    program = Program.objects.get(code=body.program)
    changed, moved = apply_answers(staged, program.pk, now=now)
    announce_moved(program, moved)
    return Receipt(applied=changed)


def require_short(nic_id: str) -> None:
    limit = Device._meta.get_field("nic_id").max_length or 0
    if len(nic_id) > limit:
        raise NicIdTooLong(
            _("The NIC id “%(nic)s” has %(length)s characters; at most %(limit)s are kept. Correct it.")
            % {"nic": nic_id, "length": len(nic_id), "limit": limit}
        )


def require_free_nic_id(head_end: str, nic_id: str) -> None:
    """Raise NicIdTaken if a device is installed that has this NIC id, in capitals or small letters."""
    if other := Device.objects.filter(head_end=head_end, nic_id__iexact=nic_id, ended_at=None).first():
        raise NicIdTaken(
            _("There is already a device %(other)s; capital and small letters make no difference. Correct the NIC id.")
            % {"other": other}
        )


def _lock_open(subscription_id: int) -> Subscription:
    """Lock a subscription's place and return the subscription, which must be open."""
    lock_location(Subscription.objects.values_list("location", flat=True).get(pk=subscription_id))
    subscription = Subscription.objects.select_related("program", "location").get(pk=subscription_id)
    if subscription.ends_at:
        raise SubscriptionEnded(
            _("%(subscription)s ended on %(ends)s.")
            % {
                "subscription": subscription,
                "ends": day_text(subscription.ends_at, subscription.location.time_zone),
            }
        )
    return subscription


def _subscription_of(enrollment: Enrollment) -> Subscription:
    if enrollment.subscription is None:
        raise EnrollmentNotAllowed(_("The enrollment of %(what)s has not been validated.") % {"what": enrollment})
    return enrollment.subscription


def send_change(
    change: Literal["start", "end", "replace"],
    subscription: Subscription,
    device: Device,
    now: datetime,
    **more: Any,
) -> None:
    """Notify DERMS of a device in a subscription's program."""
    place = device.location
    enrollment = EnrollmentChange.model_validate(
        {
            "change": change,
            "head_end": device.head_end,
            "nic_id": device.nic_id,
            "program": subscription.program.code,
            "at": now,
            "device_class": device.device_class,
            "rated_w": device.rated_w,
            "zone": place.zone,
            "feeder": place.feeder,
            "transformer": place.transformer,
            "critical_care": device.is_critical,
            **more,
        }
    )
    outbox.send(EnrollmentSync(enrollment=enrollment), sender=System.CPM)
