"""Every message three times, in an order shuffled within windows: events end the same as when all goes well."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random, randrange

import pytest
from django.db import transaction
from django.utils.module_loading import import_string

from cpm import operations as cpm
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.models import ControlZone, Event, Program, Stage
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam.delivery import NotYet, deliver
from integration.seam.models import SMALL, Delivery
from integration.seam.refusals import Refused
from integration.seam.routes import ROUTES
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import HeadEndProfile, LecStage
from tests import factories, walk
from tests.faults.dose import doses
from tests.removals.conftest import allow_leaving

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW, TIMES = 50, 3
DEVICES, EVENTS = 3, 3


@pytest.fixture
def events(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime
) -> Callable[[], list[Event]]:
    """Create Scheduled events, each in its own window, that no other system knows yet."""
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    allow_leaving()
    HeadEndProfile.objects.create(head_end="HE1", offline_share=0, reject_share=0, overrides_per_hour=0)
    plan = factories.strategy(zone, program, stage_minutes=2, lead_time_s=0)
    windows = _windows(now)

    def make() -> list[Event]:
        made = [
            derms.create_event(
                strategy_id=plan.pk,
                starts_at=next(windows),
                by=operator,
                now=now,
                details=derms.EventDetails(name="Any"),
            )
            for _ in range(EVENTS)
        ]
        for event in made:
            walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
        return made

    return make


def _windows(now: datetime) -> Iterator[datetime]:
    at = now + timedelta(hours=1)
    while True:
        yield at
        at += timedelta(minutes=3)


def _arrive(order: Random) -> None:
    """Messages arrive three times, each copy among the fifty around it, until nothing is on its way."""
    while coming := list(Delivery.objects.filter(Delivery.OPEN).order_by("pk")):
        copies = [one for one in coming for _ in range(TIMES)]
        for first in range(0, len(copies), WINDOW):
            window = copies[first : first + WINDOW]
            order.shuffle(window)
            for one in window:
                _receive(one)


def _receive(one: Delivery) -> None:
    """Bypass the row that says it was delivered: the receiver itself must notice the copy."""
    now = Delivery.objects.get(pk=one.pk)
    if now.delivered_at is None or now.queue != SMALL:
        deliver(now.pk, now.attempt)
        return
    handler = next(route.handler for route in ROUTES[one.message.kind] if route.receiver == one.receiver)
    with suppress(NotYet), transaction.atomic():
        import_string(handler)(one.message.body)


def _course(made: list[Event], order: Random, operator: User, now: datetime) -> None:
    """One event runs, one is canceled while it runs, a device opts out of one; messages arrive in any order."""
    for event in made:
        derms.write_reservation_extract(event.stages.get().pk, now=now)
    _arrive(order)
    ran, canceled, left = made
    known = ProgramEvent.objects.get(event_uid=left.uid)
    with suppress(Refused):
        cpm.opt_out_device(program_event_id=known.pk, device_id=Device.objects.earliest("pk").pk, by="cora", now=now)
    _arrive(order)
    for event in made:
        _run(event)
    _arrive(order)
    derms.cancel_event(event_id=canceled.pk, by=operator, now=canceled.stages.get().starts_at, reason="Storm")
    _arrive(order)
    for event in (ran, left):
        stage = LecStage.objects.get(event_uid=event.uid)
        lec.end_stage(stage.pk, now=stage.ends_at)
    _arrive(order)
    settle()
    _arrive(order)


def _run(event: Event) -> None:
    stage = LecStage.objects.get(event_uid=event.uid)
    lec.start_stage(stage.pk, now=stage.starts_at)
    lec.call_devices(stage.pk, now=stage.starts_at)


def _end(event: Event) -> tuple[object, ...]:
    """The result of a stage at CPM and LEC, as far as order and copies could have changed it."""
    at_cpm = ProgramEvent.objects.get(event_uid=event.uid)
    at_lec = LecStage.objects.get(event_uid=event.uid)
    state = Stage.objects.get(event=event).state
    return (state, at_cpm.state, at_lec.state, at_cpm.participations, at_cpm.closed, at_lec.called)


@pytest.mark.parametrize("seeds", doses(1, 10, "seeds", portion=50))
def test_the_end_is_the_same(seeds: int, events: Callable[[], list[Event]], operator: User, now: datetime) -> None:
    for _ in range(seeds):
        made, seed = events(), randrange(10**9)  # noqa: S311  (an order, no secret)

        _course(made, Random(seed), operator, now)  # noqa: S311  (an order, no secret)

        assert [_end(event) for event in made] == [
            ("Completed", "Completed", "Completed", DEVICES, DEVICES, DEVICES),
            ("Canceled", "Canceled", "Canceled", DEVICES, DEVICES, DEVICES),
            ("Completed", "Completed", "Completed", DEVICES, DEVICES, DEVICES - 1),
        ], f"seed {seed}"
    assert violations(rest=timedelta(0)) == []
