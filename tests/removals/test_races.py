"""Two actions at the same moment, over separate connections: one clear winner, and no half state."""

import itertools
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from cpm import operations as cpm
from cpm.models import Removal
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.models import ControlZone, Event, Program, Stage
from integration.commands.verify import violations
from integration.console.models import User
from integration.console.roles import APPROVER
from integration.seam import settling
from integration.seam.delivery import deliver
from integration.seam.models import Delivery
from integration.seam.refusals import Refused
from integration.seam.systems import System
from lec_sim import operations as lec
from lec_sim.models import LecStage
from tests import factories, walk
from tests.faults.dose import doses
from tests.removals.conftest import allow_leaving
from tests.removals.running import called, device, execution, fresh, participation, program_event, statuses
from tests.threads import run_together

settle = partial(settling.settle, timeout_s=900)  # 400 rounds leave thousands of messages
pytestmark = pytest.mark.django_db(transaction=True)

DEVICES = 4
WINDOW = timedelta(minutes=3)
# With windows of three minutes these end within a day: what is reported more than a day before its stage is refused.
ROUNDS = doses(5, 400)
ROUNDS_OF_TWO = doses(12, 400)
BOTH_ORDERS = ("confirmed", "too late")  # of removals beside the start; which one a race has is left to the machine


@pytest.fixture
def make(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime, obedient: None
) -> Callable[[str], Event]:
    """Create events in a state, one after the other, each in its own window over the same four devices."""
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    allow_leaving()
    plan = factories.strategy(zone, program, stage_minutes=2, lead_time_s=0)
    rounds = itertools.count()

    def one(state: str) -> Event:
        at = now + timedelta(hours=1) + next(rounds) * WINDOW
        event = derms.create_event(
            strategy_id=plan.pk, starts_at=at, by=operator, now=now, details=derms.EventDetails(name="Race")
        )
        walk.to(state, event, operator=operator, approver=approver, now=now)
        return event

    return one


def race(*acts: Callable[[], Any]) -> list[Any]:
    """Start all within the same 50 ms; one that is refused has lost, anything else that is raised is wrong."""

    def late(act: Callable[[], Any]) -> Any:
        time.sleep(random.uniform(0, 0.05))  # noqa: S311  (a moment, no secret)
        return act()

    answers = run_together(*(partial(late, act) for act in acts))
    assert [one for one in answers if isinstance(one, Exception) and not isinstance(one, Refused)] == []
    return answers


def take(kind: str, stage: Stage, receiver: str) -> None:
    """Deliver what is open of one kind and stage."""
    for one in Delivery.objects.filter(
        Delivery.OPEN, message__kind=kind, message__stage_uid=stage.uid, receiver=receiver
    ).order_by("pk"):
        deliver(one.pk, one.attempt)


def start_and_call(stage: Stage, within_s: float = 0.0) -> None:
    pk = execution(stage).pk
    time.sleep(random.uniform(0, within_s))  # noqa: S311  (a moment, no secret)
    lec.start_stage(pk, now=stage.starts_at)
    lec.call_devices(pk, now=stage.starts_at)


def cancel(event: Event, by: User, now: datetime) -> None:
    derms.cancel_event(event_id=event.pk, by=by, now=now, reason="Storm")


@pytest.mark.parametrize("rounds", ROUNDS_OF_TWO)
def test_a_confirmed_opt_out_is_never_called(make: Callable[[str], Event], rounds: int, now: datetime) -> None:
    """Two customers opt out of each stage as it starts; of the first one before it, of the second one after it."""
    stages = [make("Scheduled").stages.get() for _ in range(rounds // 2)]
    settle()
    for place, stage in enumerate(stages):
        for number in (1, 2):
            known = program_event(stage)
            cpm.opt_out_device(program_event_id=known.pk, device_id=device(number).pk, by="cora", now=now)
        began = time.monotonic()
        take("event_opt_out", stage, System.DERMS)
        pace = time.monotonic() - began  # on a slow machine too, the start then coincides with the removals
        first, second = Delivery.objects.filter(message__kind="device_removal", message__stage_uid=stage.uid)
        removals, start = [partial(deliver, one.pk, 0) for one in (first, second)], partial(start_and_call, stage, pace)
        if place < len(BOTH_ORDERS):
            for act in (*removals, start) if BOTH_ORDERS[place] == "confirmed" else (start, *removals):
                act()
        else:
            race(removals[0], start, removals[1])
    settle()

    answers = []
    for stage, number in itertools.product(stages, (1, 2)):
        one = device(number)
        answers.append(Removal.objects.get(stage_uid=stage.uid, nic_id=one.nic_id).answer)
        assert (one.nic_id in called(stage)) == (answers[-1] == "too late")
        assert participation(stage, one).reservation_flag == (answers[-1] == "too late")
    assert len(answers) == rounds
    assert answers[:4] == [answer for answer in BOTH_ORDERS for _device in range(2)]
    assert set(answers) == set(BOTH_ORDERS)
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_cancel_against_approve(
    make: Callable[[str], Event], rounds: int, operator: User, approver: User, now: datetime
) -> None:
    """Two people approve, another is the author, and somebody cancels."""
    second = factories.person("alan", APPROVER)
    events = [make("Submitted") for _ in range(rounds)]
    for event in events:
        canceled, own, *approved = race(
            partial(cancel, event, operator, now),
            *(partial(derms.approve_event, event_id=event.pk, by=by, now=now) for by in (operator, approver, second)),
        )
        assert isinstance(own, Refused)
        assert approved.count(None) <= 1
        walked = list(event.transitions.filter(stage=None).order_by("revision").values_list("to_state", flat=True))
        assert canceled is None
        assert walked[2:] == (["Approved", "Canceled"] if None in approved else ["Canceled"])
    settle()

    assert set(Event.objects.values_list("state", "schedule_due_at")) == {("Canceled", None)}
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_cancel_against_schedule(make: Callable[[str], Event], rounds: int, operator: User, now: datetime) -> None:
    events = [make("Approved") for _ in range(rounds)]
    for event in events:
        race(partial(cancel, event, operator, now), partial(derms.schedule_event, event.pk, now=now))
    settle()

    for event in events:
        stage = event.stages.get()
        assert (Event.objects.get(pk=event.pk).state, stage.state) == ("Canceled", "Canceled")
        if event.transitions.filter(to_state="Scheduled").exists():
            assert (program_event(stage).state, execution(stage).state) == ("Canceled", "Canceled")
        else:
            assert not ProgramEvent.objects.filter(stage_uid=stage.uid).exists()
            assert not LecStage.objects.filter(stage_uid=stage.uid).exists()
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_cancel_against_start(make: Callable[[str], Event], rounds: int, operator: User, now: datetime) -> None:
    stages = [make("Scheduled").stages.get() for _ in range(rounds)]
    settle()

    def cancel_and_tell(stage: Stage) -> None:
        cancel(stage.event, operator, now)
        take("stage_status", stage, System.LEC)

    for stage in stages:
        race(partial(cancel_and_tell, stage), partial(start_and_call, stage))
    settle()

    for stage in stages:
        started = execution(stage).started_at
        assert (fresh(stage).state, program_event(stage).state, execution(stage).state) == ("Canceled",) * 3
        assert fresh(stage).started_at == program_event(stage).started_at == started
        assert statuses(stage) == ({"Closed"} if started else {"Canceled"})
        assert len(called(stage)) in ((0, DEVICES) if started else (0,))
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_cancel_against_outcome_load(make: Callable[[str], Event], rounds: int, operator: User, now: datetime) -> None:
    stages = [make("Scheduled").stages.get() for _ in range(rounds)]
    settle()
    for stage in stages:
        start_and_call(stage)
    settle()

    def take_outcomes(stage: Stage) -> None:
        take("stage_execution_status", stage, System.DERMS)
        take("raw_outcome", stage, System.DERMS)
        derms.close_stage(stage.pk, now=stage.ends_at)

    for stage in stages:
        lec.end_stage(execution(stage).pk, now=stage.ends_at)
        lec.hand_over_outcomes(execution(stage).pk, now=stage.ends_at)
        canceled, _ = race(partial(cancel, stage.event, operator, stage.ends_at), partial(take_outcomes, stage))
        assert fresh(stage).event.state == ("Completed" if canceled else "Canceled")
    settle()

    for stage in stages:
        assert fresh(stage).state == fresh(stage).event.state == program_event(stage).state
        assert program_event(stage).outcomes == {"D1SP": DEVICES}
        assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", ROUNDS)
def test_unavailability_against_schedule(make: Callable[[str], Event], rounds: int, now: datetime) -> None:
    events = [make("Approved") for _ in range(rounds)]
    for event in events:
        stage = event.stages.get()
        cpm.schedule_unavailability(
            device_ids=[device(1).pk], starts_at=stage.starts_at, ends_at=stage.ends_at, reason="Away", by="c", now=now
        )
        delivery = Delivery.objects.filter(message__kind="customer_unavailability").latest("pk")
        race(partial(deliver, delivery.pk, 0), partial(derms.schedule_event, event.pk, now=now))
    settle()

    for event in events:
        stage = event.stages.get()
        chosen = stage.reserved == DEVICES
        assert (stage.reserved, stage.removed) == ((DEVICES, 1) if chosen else (DEVICES - 1, 0))
        assert program_event(stage).reserved == DEVICES - 1
    assert violations(rest=timedelta(0)) == []
