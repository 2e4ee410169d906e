"""What is checked before a customer is enrolled: a sentence each, stored with the enrollment if it is not met."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from integration.seam import clock
from integration.seam.recorded import Sentence, recorded

from .choices import APPLICATION_STATES, Category, DeviceClass
from .models.customers import Customer, Device, DeviceLocation, SubscribedDevice, Subscription
from .models.enrollments import Enrollment
from .models.programs import Program, Question

OPEN = recorded("%(program)s takes enrollments.")
CLOSED = recorded("%(program)s is inactive and takes no enrollments. Its program manager can activate it.")
OVER = recorded("%(program)s ended on %(day)s and takes no enrollments. Its program manager can set another last day.")
LEFT = recorded("The customer moved out of this place on %(day)s.")
FREE = recorded("No other enrollment in %(program)s is open at this place.")
TAKEN = recorded("The place has been in %(program)s since %(since)s.")
APPLIED = recorded("An application for %(program)s waits at this place: %(state)s.")
INSTALLED = recorded("Device %(device)s is installed at this place.")
ELSEWHERE = recorded("Device %(device)s is not installed at this place any more. Cancel, then enroll another one.")
TWICE = recorded("Device %(device)s has been in %(program)s since %(since)s. A device is in a program once.")
RATED = recorded("Device %(device)s has %(watts)s W; at least 1 W is needed.")
NO_CRITICAL_CARE = recorded("Nobody's health depends on device %(device)s.")
CRITICAL_CARE = recorded(
    "Somebody's health depends on device %(device)s, and %(program)s exempts no such device from its events."
)
EXEMPT = recorded("Somebody's health depends on device %(device)s: %(program)s exempts it from every event.")
ALONE = recorded("Device %(device)s is in no other program.")
EVERY_CLASS = recorded("%(program)s takes devices of every class.")
CLASS_TAKEN = recorded("Device %(device)s is of class %(class)s, which %(program)s takes.")
OTHER_CLASS = recorded("Device %(device)s is of class %(class)s; %(program)s takes only: %(limit)s.")
EVERY_MODEL = recorded("%(program)s takes every make and model.")
MODEL_TAKEN = recorded("Device %(device)s is a %(model)s, which %(program)s takes.")
OTHER_MODEL = recorded("Device %(device)s is a %(model)s; %(program)s takes only: %(limit)s.")
EVERY_RATE = recorded("%(program)s takes every rate.")
RATE_TAKEN = recorded("The place's rate is %(rate)s, which %(program)s takes.")
OTHER_RATE = recorded("The place's rate is %(rate)s; %(program)s takes only: %(limit)s.")
NO_RATE = recorded("The place has no rate; %(program)s takes only: %(limit)s. Enter it at the device location.")
YES = recorded("“%(question)s” is answered with yes.")
NO = recorded("“%(question)s” is answered with no.")
YES_WANTED = recorded("“%(question)s” is answered with no; %(program)s takes only customers who answer yes.")
NO_WANTED = recorded("“%(question)s” is answered with yes; %(program)s takes only customers who answer no.")
UNANSWERED = recorded("“%(question)s” is not answered. Cancel, then enroll anew.")
IN_NO_OTHER = recorded("The place is in no other program of type %(type)s.")
IN_BOTH = recorded("The place is in %(programs)s, too; no program of these refuses that.")
DUAL = recorded(
    "The place has been in %(other)s since %(since)s, and %(refusing)s refuses who is in two programs of type %(type)s."
)
COMPARED = recorded(
    "The place has been in %(other)s since %(since)s. A place is either in a control group, or in programs whose "
    "devices events call."
)
NOT_COMPARED = recorded("The place is in no program whose devices events call.")
NEEDS_DEVICE = recorded("No device is chosen, but programs of type %(type)s need one. Choose one, or how it comes.")
SHARED = recorded("Device %(device)s is in %(programs)s, too. A device is reserved for one stage at a time.")


class Check(NamedTuple):
    """One check: what it is about, whether it is met, and the sentence with the value and the limit."""

    name: str | Promise
    is_met: bool
    sentence: Sentence


@dataclass(frozen=True)
class Application:
    """What somebody applies for, and their answers to its questions.

    `enrollment` is the open one that devices are added to. `is_supplied`: a device will come.
    """

    program: Program
    location: DeviceLocation
    devices: Sequence[Device]
    enrollment: Enrollment | None = None
    answers: Sequence[Mapping[str, Any]] = ()
    is_supplied: bool = False


def checks_of(wanted: Application) -> list[Check]:
    """Every check of an application, met or not, in the order in which people read them."""
    per_device = [check for device in wanted.devices for check in _of_device(wanted, device)]
    return [*([] if wanted.enrollment else _of_place(wanted)), *per_device]


def failures(checks: Sequence[Check]) -> list[str]:
    """The sentences of the checks that are not met."""
    return [check.sentence for check in checks if not check.is_met]


class Offer(NamedTuple):
    """A program at a place: a sentence says that a customer can enroll there, or why not."""

    location: DeviceLocation
    program: Program
    is_possible: bool
    sentence: Sentence


def offers_of(customer: Customer) -> list[Offer]:
    """Every program at every place of a customer."""
    programs = list(Program.objects.order_by("name"))
    open_ones = {(s.program_id, s.location_id): s for s in customer.subscriptions.filter(ends_at=None)}
    asked = customer.enrollments.filter(state__in=APPLICATION_STATES)
    applied = {(e.program_id, e.location_id): e for e in asked}

    def offer(location: DeviceLocation, program: Program) -> Offer:
        key = program.pk, location.pk
        if taken := open_ones.get(key):
            return Offer(location, program, False, TAKEN(program=program, since=_day(taken.starts_at, location)))
        if waits := applied.get(key):
            return Offer(location, program, False, APPLIED(program=program, state=waits.state))
        return Offer(location, program, *_opening(program, location))

    return [offer(place, program) for place in customer.locations.order_by("pk") for program in programs]


def _of_place(wanted: Application) -> Iterator[Check]:
    yield _program_is_open(wanted)
    yield _is_only_one(wanted)
    yield _takes_rate(wanted)
    yield _is_in_no_other(wanted)
    yield from _compared(wanted)
    program_type = wanted.program.type
    if program_type.device_required and not wanted.devices and not wanted.is_supplied:
        yield Check(_("Device"), False, NEEDS_DEVICE(type=program_type))
    for question in wanted.program.questions:
        yield _is_answered(wanted, question)


def _takes_rate(wanted: Application) -> Check:
    program, rate = wanted.program, wanted.location.rate
    limit = ", ".join(program.eligible_rates)
    if not limit:
        return Check(_("Rate"), True, EVERY_RATE(program=program))
    if rate in program.eligible_rates:
        return Check(_("Rate"), True, RATE_TAKEN(rate=rate, program=program))
    return Check(_("Rate"), False, (OTHER_RATE if rate else NO_RATE)(rate=rate, program=program, limit=limit))


def _is_in_no_other(wanted: Application) -> Check:
    """Dual participation: both the program and those of its type that the place is in have to allow it."""
    at, program = wanted.location, wanted.program
    open_ones = Subscription.objects.filter(location=at, ends_at=None, program__type=program.type_id)
    others = list(open_ones.exclude(program=program).select_related("program").order_by("pk"))
    name, program_type = _("Dual participation"), program.type
    if not others:
        return Check(name, True, IN_NO_OTHER(type=program_type))
    refused = others if not program.dual_participation else [o for o in others if not o.program.dual_participation]
    if not refused:
        return Check(name, True, IN_BOTH(programs=", ".join(sorted(other.program.name for other in others))))
    other = refused[0]
    refusing = other.program if program.dual_participation else program
    since = _day(other.starts_at, at)
    return Check(name, False, DUAL(other=other.program, since=since, refusing=refusing, type=program_type))


def _compared(wanted: Application) -> Iterator[Check]:
    """A control group is compared with those whose devices are called; no place is in both."""
    sides = {Category.CONTROL_GROUP: Category.DEVICE_CONTROL, Category.DEVICE_CONTROL: Category.CONTROL_GROUP}
    own, at = Category(wanted.program.type.category), wanted.location
    opposite = Subscription.objects.filter(location=at, ends_at=None, program__type__category=sides.get(own))
    other = opposite.select_related("program").order_by("pk").first()
    if other:
        yield Check(_("Control group"), False, COMPARED(other=other.program, since=_day(other.starts_at, at)))
    elif own == Category.CONTROL_GROUP:
        yield Check(_("Control group"), True, NOT_COMPARED())


def _is_answered(wanted: Application, question: Question) -> Check:
    name = _("Question")
    given = next((one["answer"] for one in wanted.answers if one["text"] == question.text), None)
    if given is None:
        return Check(name, False, UNANSWERED(question=question.text))
    if given == question.wanted:
        return Check(name, True, (YES if given else NO)(question=question.text))
    return Check(name, False, (NO_WANTED if given else YES_WANTED)(question=question.text, program=wanted.program))


def _program_is_open(wanted: Application) -> Check:
    return Check(_("Program"), *_opening(wanted.program, wanted.location))


def _opening(program: Program, location: DeviceLocation) -> tuple[bool, Sentence]:
    """Whether a program takes enrollments at a place, and the sentence; a suspended one does, for when it goes on."""
    if location.left_at is not None:
        return False, LEFT(day=_day(location.left_at, location))
    if not program.active:
        return False, CLOSED(program=program)
    if program.ends_on and program.ends_on.isoformat() < _day(clock.now(), location):
        return False, OVER(program=program, day=program.ends_on.isoformat())
    return True, OPEN(program=program)


def _day(moment: datetime, location: DeviceLocation) -> str:
    """The place's day of a moment, as sentences store it."""
    return moment.astimezone(ZoneInfo(location.time_zone)).date().isoformat()


def _is_only_one(wanted: Application) -> Check:
    at, program = wanted.location, wanted.program
    if other := Subscription.objects.filter(program=program, location=at, ends_at=None).first():
        sentence = TAKEN(program=program, since=_day(other.starts_at, at))
        return Check(_("Once"), False, sentence)
    return Check(_("Once"), True, FREE(program=program))


def _of_device(wanted: Application, device: Device) -> Iterator[Check]:
    yield _is_installed(wanted, device)
    yield Check(_("Rated power"), device.rated_w > 0, RATED(device=device.nic_id, watts=f"{device.rated_w:,}"))
    yield _takes_class(wanted, device)
    yield _takes_model(wanted, device)
    yield _critical_care(wanted, device)
    yield _in_programs(wanted, device)


def _is_installed(wanted: Application, device: Device) -> Check:
    is_here = device.ended_at is None and device.location_id == wanted.location.pk
    sentence = (INSTALLED if is_here else ELSEWHERE)(device=device.nic_id)
    return Check(_("Device"), is_here, sentence)


def _takes_class(wanted: Application, device: Device) -> Check:
    program, limit = wanted.program, ", ".join(map(_plain, wanted.program.eligible_classes))
    name, own = _("Class"), {"class": _plain(device.device_class)}
    if not limit:
        return Check(name, True, EVERY_CLASS(program=program))
    if device.device_class in program.eligible_classes:
        return Check(name, True, CLASS_TAKEN(device=device.nic_id, program=program, **own))
    return Check(name, False, OTHER_CLASS(device=device.nic_id, program=program, limit=limit, **own))


def _plain(device_class: str) -> str:
    """A class as sentences store it; a page has its name in the reader's language."""
    with override("en"):
        return str(DeviceClass(device_class).label)


def _takes_model(wanted: Application, device: Device) -> Check:
    program, own = wanted.program, f"{device.make} {device.model}".strip()
    name, known = _("Model"), {"device": device.nic_id, "model": own, "program": program}
    if not program.eligible_models:
        return Check(name, True, EVERY_MODEL(program=program))
    if any(part.casefold() in own.casefold() for part in program.eligible_models):
        return Check(name, True, MODEL_TAKEN(**known))
    return Check(name, False, OTHER_MODEL(limit=", ".join(program.eligible_models), **known))


def _critical_care(wanted: Application, device: Device) -> Check:
    is_exempt = wanted.program.rules.critical_care_exempt
    if not device.is_critical:
        return Check(_("Critical care"), True, NO_CRITICAL_CARE(device=device.nic_id))
    said = (EXEMPT if is_exempt else CRITICAL_CARE)(device=device.nic_id, program=wanted.program)
    return Check(_("Critical care"), bool(is_exempt), said)


def _in_programs(wanted: Application, device: Device) -> Check:
    """The same program twice is refused; other programs are named, since their events exclude each other."""
    theirs = SubscribedDevice.objects.filter(device=device, subscription__ends_at=None)
    found = [one.subscription for one in theirs.select_related("subscription__program")]
    if same := next((one for one in found if one.program_id == wanted.program.pk), None):
        since = _day(same.starts_at, wanted.location)
        return Check(_("Programs"), False, TWICE(device=device.nic_id, program=wanted.program, since=since))
    if found:
        programs = ", ".join(sorted(one.program.name for one in found))
        return Check(_("Programs"), True, SHARED(device=device.nic_id, programs=programs))
    return Check(_("Programs"), True, ALONE(device=device.nic_id))
