"""Messages about a stage in any order and any number of times lead to the same end at every receiver."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm.models import Participation, ParticipationOutcome
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.models import ControlZone, Event, Program, Stage
from integration.seam import extracts, outbox
from integration.seam.delivery import deliver
from integration.seam.messages import DeviceOutcome, DeviceReservation, MessageBody, StageStatus
from integration.seam.models import Delivery, Message
from integration.seam.systems import System
from lec_sim.models import LecStage
from tests import factories, walk
from tests.messages.conftest import STATUS

DEVICES = 4
RESERVED = "SELECT 'HE1', 'N' || lpad(n::text, 7, '0'), 800, 900 FROM generate_series(1, %(devices)s) n"
OUTCOMES = """
SELECT 'HE1', 'N' || lpad(n::text, 7, '0'), 'D1SP', NULL::timestamptz, NULL::timestamptz, 700, ''
  FROM generate_series(1, %(devices)s) n
"""


@pytest.fixture
def known(zone: ControlZone, program: Program, now: datetime) -> datetime:
    """CPM knows the program and its devices; returns a start in two hours."""
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    return now + timedelta(hours=2)


def _story(last: str, starts_at: datetime) -> list[MessageBody]:
    """What DERMS sends about a new stage that ends in the state `last`, in order."""
    uid = uuid4()
    window = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}

    def status(state: str, revision: int, **fields: Any) -> StageStatus:
        values = {**STATUS.model_dump(), **window, "stage_uid": uid, "state": state, "revision": revision, **fields}
        return StageStatus.model_validate(values)

    reserved = extracts.write_extract(kind="device_reservation", query=RESERVED, params={"devices": DEVICES})
    outcomes = extracts.write_extract(kind="device_outcome", query=OUTCOMES, params={"devices": DEVICES})
    return [
        status("Scheduled", 2),
        DeviceReservation(stage_uid=uid, extract=reserved.ref),
        status("In Progress", 3, started_at=starts_at),
        status(last, 4, started_at=starts_at, reason="Storm" if last == "Canceled" else ""),
        DeviceOutcome(stage_uid=uid, extract=outcomes.ref),
    ]


def _told(story: list[MessageBody], order: list[int], receiver: str) -> UUID:
    """Deliver a story to one receiver: each message as often as it is named, then everything that is still open."""
    with transaction.atomic():
        sent = [outbox.send(body, sender=System.DERMS) for body in story]
    ids = [message.deliveries.filter(receiver=receiver).values_list("pk", flat=True).first() for message in sent]
    for pk in [ids[n] for n in order] + ids * len(ids):
        if pk is not None:
            deliver(pk, Delivery.objects.get(pk=pk).attempt)
    stage_uid = sent[0].stage
    still_open = Delivery.objects.filter(message__stage_uid=stage_uid, receiver=receiver, delivered_at=None)
    assert [(str(one), one.error) for one in still_open] == []
    return stage_uid


def _end_at_cpm(stage_uid: UUID) -> dict[str, Any]:
    event = ProgramEvent.objects.get(stage_uid=stage_uid)
    values = {
        name: getattr(event, name)
        for name in (
            "state",
            "revision",
            "started_at",
            "participations",
            "reserved",
            "closed",
            "outcomes",
            "reduction_w",
        )
    }
    last = event.transitions.latest("revision")
    return {
        **values,
        "last": (last.revision, last.to_state),
        "rows": Participation.objects.filter(program_event_id=event.pk).count(),
        "outcome rows": ParticipationOutcome.objects.filter(program_event_id=event.pk).count(),
    }


ORDERS = st.lists(st.integers(0, 4), max_size=12)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=25)
@given(order=ORDERS, state=st.sampled_from(["Completed", "Canceled"]))
def test_cpm_comes_to_the_same_end(known: datetime, order: list[int], state: str) -> None:
    end = _end_at_cpm(_told(_story(state, known), order, System.CPM))

    assert end == {
        "state": state,
        "revision": 4,
        "started_at": known,
        "participations": DEVICES,
        "reserved": DEVICES,
        "closed": DEVICES,
        "outcomes": {"D1SP": DEVICES},
        "reduction_w": DEVICES * 700,
        "last": (4, state),
        "rows": DEVICES,
        "outcome rows": DEVICES,
    }


@pytest.mark.django_db(transaction=True)
@settings(max_examples=15)
@given(order=st.lists(st.integers(0, 2), max_size=8))
def test_live_energy_connect_knows_a_canceled_stage_as_canceled(known: datetime, order: list[int]) -> None:
    scheduled, reserved, _, canceled, _ = _story("Canceled", known)
    canceled = canceled.model_copy(update={"started_at": None})

    stage_uid = _told([scheduled, reserved, canceled], order, System.LEC)

    stage = LecStage.objects.get(stage_uid=stage_uid)
    assert (stage.state, stage.reason, stage.status_revision, stage.started_at) == ("Canceled", "Storm", 4, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("receiver", [System.CPM, System.LEC])
def test_rows_of_a_stage_nobody_knows_wait(receiver: str, known: datetime) -> None:
    with transaction.atomic():
        message = outbox.send(_story("Completed", known)[1], sender=System.DERMS)
    delivery = message.deliveries.get(receiver=receiver)

    deliver(delivery.pk, 0)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("Open", "Not yet: the stage is not known yet")
    assert delivery.attempt == delivery.given_back == 1


@pytest.mark.django_db(transaction=True)
def test_outcomes_wait_for_the_reservations(known: datetime) -> None:
    story = _story("Completed", known)
    with transaction.atomic():
        status, outcomes = (outbox.send(body, sender=System.DERMS) for body in (story[0], story[4]))
    deliver(status.deliveries.get(receiver=System.CPM).pk, 0)

    deliver(outcomes.deliveries.get().pk, 0)

    assert outcomes.deliveries.get().error == "Not yet: the reservations are not loaded yet"


SAID = [("In Progress", 1, 0), ("In Progress", 2, 20), ("Completed", 3, 20)]


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_derms_comes_to_the_same_end(order: tuple[int, ...], event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("Scheduled")
    stage = event.stages.get()

    for n in (*order, *order):
        state, revision, called = SAID[n]
        derms.follow_execution(walk.execution(stage, state, revision=revision, called=called), now=now)

    stage, event = Stage.objects.get(pk=stage.pk), Event.objects.get(pk=event.pk)
    assert (stage.state, stage.called, stage.execution_revision, event.state) == ("Completed", 20, 3, "Completed")
    assert (stage.started_at, stage.ended_at) == (stage.starts_at, stage.ends_at)
    states = event.transitions.filter(stage=None).order_by("revision").values_list("to_state", flat=True)
    assert list(states)[3:] == ["Scheduled", "In Progress", "Completed"]
    values = Message.objects.filter(kind="stage_status").order_by("pk").values_list("payload__state", flat=True)
    assert list(values) == ["Scheduled", "In Progress", "Completed"]
