"""Enroll, unenroll, replace and move out against each other, against Schedule and against the start."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from cpm import models as own
from cpm import operations as cpm
from cpm.models.customers import Device
from derms import models as known
from derms import operations as derms
from derms.models import ControlZone, Event, Program
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam import clock, settling
from integration.seam.refusals import Refused
from lec_sim.models import LecStage
from tests import factories, walk
from tests.faults.dose import doses
from tests.removals.conftest import allow_leaving
from tests.removals.running import called, program_event
from tests.removals.test_races import race, start_and_call

settle = partial(settling.settle, timeout_s=900)
pytestmark = pytest.mark.django_db(transaction=True)

HOMES = 4
WINDOW = timedelta(minutes=3)
ROUNDS = doses(3, 50)
LIVE = ("Registering", "Registered", "Error")
Act = Callable[[], Any]


@pytest.fixture
def make(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime, obedient: None
) -> Callable[[], Event]:
    """Create Approved events, one after the other, each in its own window over the same four homes."""
    factories.fleet(zone, program, HOMES, since=now - timedelta(days=30))
    allow_leaving()
    plan = factories.strategy(zone, program, stage_minutes=2, lead_time_s=0)
    rounds = itertools.count()

    def one() -> Event:
        at = now + timedelta(hours=1) + next(rounds) * WINDOW
        event = derms.create_event(
            strategy_id=plan.pk, starts_at=at, by=operator, now=now, details=derms.EventDetails(name="Race")
        )
        walk.to("Approved", event, operator=operator, approver=approver, now=now)
        return event

    return one


def homes() -> list[own.DeviceLocation]:
    return list(own.DeviceLocation.objects.order_by("pk"))


def enroll(home: own.DeviceLocation) -> own.Enrollment:
    return enroll_in(home, "COOL")


def enroll_in(home: own.DeviceLocation, code: str) -> own.Enrollment:
    return cpm.enroll(
        customer_id=home.customer_id,
        location_id=home.pk,
        program_id=own.Program.objects.get(code=code).pk,
        device_ids=list(home.devices.filter(ended_at=None).values_list("pk", flat=True)),
        supply="",
        by="cora",
        now=clock.now(),
    )


def unenroll(home: own.DeviceLocation) -> None:
    """Unenroll whoever is enrolled there, if somebody is."""
    if one := own.Enrollment.objects.filter(location=home, subscription__ends_at=None, state__in=LIVE).first():
        cpm.unenroll(enrollment_id=one.pk, because="opted out", note="", by="cora", now=clock.now())


def replacing(home: own.DeviceLocation, nic_id: str) -> Act:
    """Replace the device that is there now; whoever comes second is refused."""
    old = home.devices.get(ended_at=None).pk
    return lambda: cpm.replace_device(
        device_id=old, nic_id=nic_id, model="New", rated_w=1000, by="cora", now=clock.now()
    )


def installed(home: own.DeviceLocation) -> str:
    return home.devices.get(ended_at=None).nic_id


def enrolled_at_derms() -> set[str]:
    return set(known.Enrollment.objects.filter(ends_at=None).values_list("device__nic_id", flat=True))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_devices_that_leave_or_change_against_schedule_and_start(make: Callable[[], Event], rounds: int) -> None:
    leaves, changes, starts, stays = homes()
    for n in range(rounds):
        event = make()
        stage = event.stages.get()
        old = installed(changes)
        race(
            partial(derms.schedule_event, event.pk, now=clock.now()),
            partial(unenroll, leaves),
            replacing(changes, f"R{n:05}"),
        )
        settle()
        reserved = reserved_in(stage)
        assert not {installed(leaves), old} & reserved
        assert installed(stays) in reserved

        race(partial(start_and_call, stage), partial(unenroll, starts))
        settle()
        assert installed(stays) in called(stage)
        assert enrolled_at_derms() == {f"R{n:05}", installed(stays)}
        assert LecStage.objects.get(stage_uid=stage.uid).state == "In Progress"
        for home in (leaves, starts):
            enroll(home)
        settle()
    assert set(own.Enrollment.objects.values_list("state", flat=True)) == {"Registered", "Deregistered"}
    assert violations(rest=timedelta(0)) == []


def reserved_in(stage: known.Stage) -> set[str]:
    rows = own.Participation.objects.filter(program_event_id=program_event(stage).pk, reservation_flag=True)
    ids = list(rows.values_list("device_id", flat=True))
    return set(Device.objects.filter(pk__in=ids).values_list("nic_id", flat=True))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_people_who_act_on_one_home_at_once(make: Callable[[], Event], rounds: int) -> None:
    """Whoever comes first, CPM and DERMS have the same devices in the end, and nothing is enrolled twice."""
    home = homes()[0]
    for n in range(rounds):
        twice = race(partial(enroll, home), partial(enroll, home), partial(unenroll, home))
        assert not all(isinstance(one, Refused) for one in twice)
        race(replacing(home, f"A{n:05}"), replacing(home, f"B{n:05}"), partial(unenroll, home))
        settle()
        assert home.devices.filter(ended_at=None).count() == 1
        assert own.Subscription.objects.filter(location=home, ends_at=None).count() <= 1
        for one in own.Enrollment.objects.filter(location=home, state="Exception"):
            cpm.cancel_enrollment(enrollment_id=one.pk, why="Twice", by="cora", now=clock.now())
        if not is_enrolled(home):
            enroll(home)
        settle()
        assert (installed(home) in enrolled_at_derms()) == is_enrolled(home)
    race(
        partial(cpm.move_out, location_id=home.pk, customer_id=home.customer_id, by="cora", now=clock.now()),
        replacing(home, "LAST"),
        partial(unenroll, home),
    )
    settle()
    assert not home.devices.filter(ended_at=None).exists()
    assert not own.Subscription.objects.filter(location=home, ends_at=None).exists()
    assert violations(rest=timedelta(0)) == []


def is_enrolled(home: own.DeviceLocation) -> bool:
    return own.Subscription.objects.filter(location=home, ends_at=None).exists()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_programs_that_refuse_each_other_at_once(make: Callable[[], Event], rounds: int) -> None:
    """A place is in one of them in the end, whoever came first; the other application says why it is none."""
    home = homes()[1]
    unenroll(home)
    factories.program("TANK")
    own.Program.objects.update(dual_participation=False)
    settle()
    for _ in range(rounds):
        race(*(partial(enroll_in, home, code) for code in ("COOL", "TANK")))
        settle()
        open_ones = own.Subscription.objects.filter(location=home, ends_at=None)
        assert open_ones.count() == 1
        refused = own.Enrollment.objects.get(location=home, state="Exception")
        assert "refuses who is in two programs of type" in refused.reason
        cpm.cancel_enrollment(enrollment_id=refused.pk, why="The other one", by="cora", now=clock.now())
        unenroll(home)
        settle()
    assert violations(rest=timedelta(0)) == []
