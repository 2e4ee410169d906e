"""Enrollments that wait for somebody, one of each kind, so that their pages show what they are for.

And what is to come: next season's rules of a program, and one that is suspended and asks who applies.
"""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cpm.choices import Category, Settlement, Supply
from cpm.models import Customer, DeviceLocation, EnrollmentTransition, Program, ProgramType, Subscription
from cpm.models.customers import Device
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Question
from cpm.operations import add_device, add_program, enroll, save_dated_rules, suspend_program
from integration.seam.dated_rules import DatedRules
from integration.seam.program_rules import ProgramRules

PROGRAM, WITHOUT_EXEMPTION = "PEAK-RESERVE", "CHARGE-LATER"
SEASONAL, SUSPENDED = "COOL-SAVER", "NIGHT-HEAT"
QUESTIONS = (Question("Do you own the home?", True), Question("Do you heat with gas?", False))
CSR, CUSTOMER, MANAGER = "cora.csr", "customer", "pia.manager"
NO_HEAD_END = "sample-cloud"  # DERMS knows none of this name


def are_made() -> bool:
    return EnrollmentTransition.objects.filter(to_state="Pending").exists()


@transaction.atomic
def add_enrollments(now: datetime) -> None:
    """A customer's applications, a check that is not met, a device that is to be shipped, and one that DERMS refuses.

    A demo with few homes has some of them.
    """
    kinds = (_apply, _ship, _install_what_derms_does_not_know)
    for make, place in zip(kinds, _homes(PROGRAM).order_by("pk")[: len(kinds)], strict=False):
        make(place, now)
    critical = Device.objects.filter(location=OuterRef("pk"), critical_care=True, ended_at=None)
    _enter_next_season(now)
    _add_suspended_program(now)
    if home := DeviceLocation.objects.order_by("-pk").first():
        answers = [{"text": QUESTIONS[0].text, "answer": True}, {"text": QUESTIONS[1].text, "answer": False}]
        _enroll(home, SUSPENDED, CUSTOMER, now, validates=False, answers=answers)
    if home := _homes(WITHOUT_EXEMPTION).filter(Exists(critical)).order_by("pk").first():
        _enroll(home, WITHOUT_EXEMPTION, CSR, now)


def _enter_next_season(now: datetime) -> None:
    """Fewer events a week from next summer on."""
    program, year = Program.objects.get(code=SEASONAL), now.year + 1
    rules = program.rules.model_copy(update={"events_per_week": 6, "season_start": "06-01", "season_end": "09-30"})
    dated = DatedRules(effective_on=date(year, 6, 1), expires_on=date(year, 9, 30), rules=rules)
    save_dated_rules(program_id=program.pk, replaces=None, dated=dated, by=MANAGER, now=now)


def _add_suspended_program(now: datetime) -> None:
    fields = {
        "name": "Night Heat",
        "type": ProgramType.objects.get(code="COMFORT"),
        "questions_data": [one._asdict() for one in QUESTIONS],
        "settlement": Settlement.EVENTS,
    }
    rules = ProgramRules(longest_minutes=120, events_per_week=2, critical_care_exempt=True)
    program = add_program(code=SUSPENDED, fields=fields, rules=rules, by=MANAGER, now=now)
    suspend_program(program_id=program.pk, releases_devices=False, by=MANAGER, now=now)


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
    """Places that are not in a program, nor compared with those that are."""
    inside = Subscription.objects.filter(location=OuterRef("pk"), ends_at=None)
    here = inside.filter(Q(program__code=program) | Q(program__type__category=Category.CONTROL_GROUP))
    return DeviceLocation.objects.exclude(Exists(here))


def _enroll(
    place: DeviceLocation, program: str, by: str, now: datetime, *, supply: str = "", **given: Any
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
        **given,
    )
