"""Outcomes at CPM: every participation becomes Closed, whatever has happened to its device since."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from cpm.models import Participation, ParticipationOutcome
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.operations import replace_device
from derms.models import Event
from derms.operations import follow_execution
from integration.seam import extracts, outbox
from integration.seam.messages import DeviceOutcome
from integration.seam.models import Message, RefusedRow
from integration.seam.settling import settle
from integration.seam.systems import System
from tests import factories, walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_emails")]

OUTCOMES = """
SELECT 'HE1', nic_id, 'D1SP', NULL::timestamptz, NULL::timestamptz, 500, ''
  FROM (SELECT 'N' || lpad(n::text, 7, '0') FROM generate_series(1, 20) n
        UNION ALL SELECT unnest(%(more)s::text[])) device (nic_id)
"""


@pytest.fixture
def reserved(event_in: Callable[..., Event], now: datetime) -> Event:
    """An event that is over, whose twenty devices have participations but no outcomes yet."""
    event = event_in("Scheduled")
    settle()
    for revision, state in enumerate(("In Progress", "Completed"), start=1):
        follow_execution(walk.execution(event.stages.get(), state, revision=revision), now=now)
    settle()
    return event


def _hand_over(event: Event, *more: str) -> Message:
    with transaction.atomic():
        extract = extracts.write_extract(kind="device_outcome", query=OUTCOMES, params={"more": list(more)})
        message = outbox.send(DeviceOutcome(stage_uid=event.stages.get().uid, extract=extract.ref), sender=System.DERMS)
    settle()
    return message


def test_every_participation_is_closed_with_its_outcome(event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    stage = event.stages.get()

    walk.run(stage)
    settle()

    program_event, stage = ProgramEvent.objects.get(), event.stages.get()
    assert (program_event.state, program_event.participations, program_event.closed) == ("Completed", 20, 20)
    assert program_event.outcomes == stage.outcomes
    assert program_event.reduction_w == stage.reduction_w
    rows = ParticipationOutcome.objects.filter(program_event_id=program_event.pk)
    assert set(rows.values_list("device_id", flat=True)) == set(
        Participation.objects.values_list("device_id", flat=True)
    )
    for outcome in rows.filter(code="D1SP"):
        assert (outcome.started_at, outcome.ended_at, outcome.error) == (stage.starts_at, stage.ends_at, "")
        assert outcome.reduction_w > 0


def test_devices_never_called_are_closed_with_the_reason(event_in: Callable[..., Event]) -> None:
    stage = event_in("Scheduled").stages.get()

    walk.run(stage, calls=False)
    settle()

    assert ProgramEvent.objects.get().outcomes == {"D1CN": 20}
    errors = ParticipationOutcome.objects.values_list("error", flat=True).distinct()
    assert list(errors) == ["never called: the stage ended first"]


def test_an_outcome_without_a_reservation_makes_a_participation_with_flag_no(reserved: Event, now: datetime) -> None:
    factories.fleet(reserved.zone, reserved.stages.get().program, 1, since=now - timedelta(days=1), prefix="X")
    extra = Device.objects.get(nic_id="X0000001")

    message = _hand_over(reserved, extra.nic_id)

    participation = Participation.objects.get(device_id=extra.pk)
    assert (participation.reservation_flag, participation.expected_w) == (False, 0)
    program_event = ProgramEvent.objects.get()
    counts = (program_event.participations, program_event.reserved, program_event.closed)
    assert counts == (21, 20, 21)
    listed = RefusedRow.objects.get()
    assert (listed.nic_id, listed.reason) == ("X0000001", "applied as an exception: the device was not reserved")
    assert message.deliveries.get().receipt == {
        "status": "SUCCESS",
        "applied": 21,
        "refused": 0,
        "note": "1 outcomes of devices that were not reserved",
    }


def test_an_outcome_of_a_device_nobody_has_is_refused(reserved: Event) -> None:
    message = _hand_over(reserved, "GHOST")

    assert message.deliveries.get().receipt == {"status": "ERROR", "applied": 20, "refused": 1, "note": ""}
    assert RefusedRow.objects.get().reason == "refused: no such device"
    assert ProgramEvent.objects.get().closed == 20


def test_the_outcome_of_a_device_replaced_meanwhile_finds_the_old_one(reserved: Event, now: datetime) -> None:
    old = Device.objects.get(nic_id="N0000001")
    new = replace_device(device_id=old.pk, nic_id="NEW", model="Test model", rated_w=900, now=now)

    _hand_over(reserved)

    assert ParticipationOutcome.objects.get(device_id=old.pk).code == "D1SP"
    assert not ParticipationOutcome.objects.filter(device_id=new.pk).exists()
    assert not RefusedRow.objects.exists()


def test_a_nic_id_given_away_after_the_stage_finds_who_had_it(reserved: Event) -> None:
    old = Device.objects.get(nic_id="N0000001")
    over = reserved.stages.get().ends_at + timedelta(days=1)
    Device.objects.filter(pk=old.pk).update(ended_at=over)
    again = Device.objects.create(
        location=old.location,
        head_end=old.head_end,
        nic_id=old.nic_id,
        device_class=old.device_class,
        model=old.model,
        rated_w=old.rated_w,
        installed_at=over,
    )

    _hand_over(reserved)

    assert ParticipationOutcome.objects.filter(device_id=old.pk).exists()
    assert not ParticipationOutcome.objects.filter(device_id=again.pk).exists()


def test_outcomes_handed_over_a_second_time_change_nothing(reserved: Event) -> None:
    _hand_over(reserved)
    before = list(ParticipationOutcome.objects.order_by("device_id").values())

    again = _hand_over(reserved)

    assert again.deliveries.get().receipt["note"] == "the outcomes are already loaded"
    assert list(ParticipationOutcome.objects.order_by("device_id").values()) == before
