"""Two concurrent schedules with overlapping windows never share a device; without their guards they would."""

import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from derms import operations
from derms.models import ControlZone, Event, Program, Stage
from derms.operations import scheduling
from derms.set_operations import choosing
from derms.set_operations.choosing import DeviceReservedTwice
from integration.console.models import User
from integration.seam import clock, sql
from tests import factories, walk
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW = timedelta(minutes=10)
# Pairs of reservations of one device in overlapping windows; there must never be any.
SHARED = """
SELECT count(*) FROM derms_reservation a JOIN derms_stage sa ON sa.id = a.stage_id
  JOIN derms_reservation b ON b.device_id = a.device_id AND b.stage_id > a.stage_id
  JOIN derms_stage sb ON sb.id = b.stage_id AND sb.starts_at < sa.ends_at AND sb.ends_at > sa.starts_at
"""


@pytest.fixture
def pairs(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime
) -> Callable[[], list[Event]]:
    """Create pairs of Approved events that each need eight of ten devices; each pair has overlapping windows."""
    factories.fleet(zone, program, 10, since=now - timedelta(days=30))
    factories.forecast(zone, now + timedelta(hours=144))
    plan = factories.strategy(zone, program, objective="Load Reduction", target_kw=6, stage_minutes=8)
    rounds = itertools.count()

    def make() -> list[Event]:
        at = clock.now() + timedelta(hours=1) + next(rounds) * WINDOW
        events = [
            operations.create_event(
                strategy_id=plan.pk,
                starts_at=at + later,
                by=operator,
                now=now,
                details=operations.EventDetails(name="Race"),
            )
            for later in (timedelta(), timedelta(minutes=1))
        ]
        for event in events:
            walk.to("Approved", event, operator=operator, approver=approver, now=now, accepted_kw=6)
        return events

    return make


def _schedule(events: list[Event]) -> list[Exception | None]:
    now = clock.now()
    return run_together(*(lambda pk=event.pk: operations.schedule_event(pk, now=now) for event in events))


def _shared() -> int:
    return int(sql.rows(SHARED)[0][0])


def _race(pairs: Callable[[], list[Event]], rounds: int) -> None:
    for _ in range(rounds):
        events = pairs()
        assert _schedule(events) == [None, None]
        reserved = sorted(Stage.objects.filter(event__in=events).values_list("reserved", flat=True))
        assert reserved == [2, 8]
    assert _shared() == 0


def test_two_schedules_at_once_never_share_a_device(pairs: Callable[[], list[Event]]) -> None:
    _race(pairs, 15)


@pytest.mark.full
def test_two_schedules_at_once_never_share_a_device_many_times_over(pairs: Callable[[], list[Event]]) -> None:
    _race(pairs, 500)


@pytest.fixture
def without_zone_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the zone's lock, and let both schedules choose before either attaches."""
    both_have_chosen = threading.Barrier(2)
    attach = choosing.attach_reservations

    def attach_when_both_have_chosen(stage: Stage) -> None:
        both_have_chosen.wait(timeout=30)
        attach(stage)

    monkeypatch.setattr(scheduling, "lock_zone", lambda zone_id: None)
    monkeypatch.setattr(choosing, "attach_reservations", attach_when_both_have_chosen)


@pytest.mark.usefixtures("without_zone_lock")
def test_without_the_zone_lock_the_look_for_overlaps_still_refuses(pairs: Callable[[], list[Event]]) -> None:
    events = pairs()

    answers = _schedule(events)

    assert sorted(type(answer) for answer in answers if answer) == [DeviceReservedTwice]
    assert sorted(Event.objects.values_list("state", flat=True)) == ["Approved", "Scheduled"]
    assert _shared() == 0


@pytest.mark.usefixtures("without_zone_lock")
def test_without_the_lock_and_the_look_devices_are_shared(
    pairs: Callable[[], list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "overlapping_stage_ids", lambda stage: [])

    assert _schedule(pairs()) == [None, None]

    assert _shared() == 8


def test_schedules_in_different_zones_do_not_wait_for_each_other(pairs: Callable[[], list[Event]]) -> None:
    event, _ = pairs()
    other = factories.zone("SOUTH")

    with transaction.atomic():
        scheduling.lock_zone(other.pk)
        answers = run_together(lambda: operations.schedule_event(event.pk, now=clock.now()))

    assert answers == [None]
    assert Event.objects.get(pk=event.pk).state == "Scheduled"
