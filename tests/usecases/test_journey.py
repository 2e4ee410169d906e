"""Use cases "Create Event and Reserve Devices" and "Send Device Outcome", through all three systems without pages."""

from datetime import datetime, timedelta

import pytest

from cpm.models import Participation, ParticipationOutcome
from cpm.models.program_events import ProgramEvent
from derms import operations
from derms.models import ControlZone, Event, Program
from integration.console.models import User
from integration.seam.models import Alert, Delivery
from tests import factories
from tests.settling import settle_until

pytestmark = pytest.mark.django_db(transaction=True)

DEVICES = 150  # each with a customer of its own, who is e-mailed twice
START_IN = timedelta(seconds=40)  # a slow machine has reserved by then; a stage it came too late for is canceled
RUNS_FOR = timedelta(seconds=15)  # nobody is called after its end, however late the start was noticed


def test_an_event_runs_from_plan_to_closed_participation(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime
) -> None:
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    plan = factories.strategy(zone, program, lead_time_s=0)
    plan.stages.update(length_minutes=1)
    event = operations.create_event(
        strategy_id=plan.pk,
        starts_at=now + START_IN,
        by=operator,
        now=now,
        details=operations.EventDetails(name="Heat peak"),
    )
    event.stages.update(ends_at=now + START_IN + RUNS_FOR)
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)

    settle_until(lambda: ProgramEvent.objects.filter(event_uid=event.uid, reserved=DEVICES).exists())

    program_event = ProgramEvent.objects.get(event_uid=event.uid)
    assert Event.objects.get(pk=event.pk).state == "Scheduled"
    assert (program_event.state, program_event.participations, program_event.closed) == ("Scheduled", DEVICES, 0)

    settle_until(lambda: ProgramEvent.objects.filter(event_uid=event.uid, closed=DEVICES).exists(), within_s=180)

    stage, program_event = event.stages.get(), ProgramEvent.objects.get(event_uid=event.uid)
    walked = ["New", "Submitted", "Approved", "Scheduled", "In Progress", "Completed"]
    assert list(event.transitions.filter(stage=None).order_by("pk").values_list("to_state", flat=True)) == walked
    assert list(program_event.transitions.order_by("pk").values_list("to_state", flat=True)) == walked[3:]
    assert stage.reserved == stage.called == sum(program_event.outcomes.values()) == DEVICES
    assert Participation.objects.filter(program_event_id=program_event.pk, reservation_flag=True).count() == DEVICES
    assert ParticipationOutcome.objects.filter(program_event_id=program_event.pk).count() == DEVICES
    assert not Delivery.objects.filter(delivered_at=None).exists()
    assert not Alert.objects.exists()
