"""What Submit expects is kept for the approver, and Schedule reserves no more than 110 % of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, Device, Event, EventType, Program, Stage
from derms.pages.consequences import expected_devices
from derms.planning.check import check_plan
from derms.queries.lists import stages_of
from derms.set_operations.choosing_together import any_overlap
from integration.console.models import User
from integration.seam.models import Alert
from tests import factories, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def both_programs(zone: ControlZone, program: Program, operator: User, now: datetime) -> Event:
    """A New Manual event with two stages in the same hour; 20 devices of 80 kW are in both programs."""
    second = factories.program("SECOND")
    for _ in range(20):
        device = factories.device(zone, program, since=now - timedelta(days=30), rated_w=100_000)
        device.enrollments.create(program=second, starts_at=now - timedelta(days=30))
    plan = factories.strategy(zone, program, objective="Manual")
    plan.stages.update(target_kw=1200)
    plan.stages.create(number=2, program=second, offset_minutes=0, length_minutes=60, target_kw=1480)
    details = operations.EventDetails(name="Both")
    start = now + timedelta(hours=2)
    return operations.create_event(strategy_id=plan.pk, starts_at=start, by=operator, now=now, details=details)


def test_submit_keeps_what_each_stage_would_reserve(event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("Submitted")
    stage = event.stages.get()
    assert event.expected_at == now
    assert (stage.expected_devices, stage.expected_w) == (20, 16_000)


def test_what_was_expected_stays_when_devices_enroll(
    event_in: Callable[..., Event], zone: ControlZone, program: Program, approver: User, now: datetime
) -> None:
    event = event_in("Submitted")
    factories.fleet(zone, program, 10, since=now - timedelta(days=1), prefix="M")
    operations.approve_event(event_id=event.pk, by=approver, now=now, revision=event.revision)
    stage = event.stages.get()
    assert (stage.expected_devices, stage.expected_w) == (20, 16_000)


def test_schedule_reserves_at_most_110_percent_of_the_approved_devices_and_says_what_it_left(
    event_in: Callable[..., Event], zone: ControlZone, program: Program, now: datetime, client: Client, operator: User
) -> None:
    event = event_in("Approved")
    factories.fleet(zone, program, 10, since=now - timedelta(days=1), prefix="M")

    operations.schedule_event(event.pk, now=now)

    stage = event.stages.get()
    assert (stage.reserved, stage.reserved_w) == (22, 17_600)
    assert stage.left_out == {"above what was approved": 8}
    said = "22 devices reserved; 8 more were left out: at most 110 % of what was approved"
    assert stage.transitions.get().why == said
    client.force_login(operator)
    assert "8 above what was approved" in client.get(f"/events/{event.number}/").content.decode()


@pytest.mark.parametrize(("rated_w", "reserved", "reserved_w"), [(2000, 11, 17_600), (2001, 10, 16_010)])
def test_schedule_reserves_at_most_110_percent_of_the_approved_power(
    event_in: Callable[..., Event], now: datetime, rated_w: int, reserved: int, reserved_w: int
) -> None:
    event = event_in("Approved")
    Device.objects.update(rated_w=rated_w)

    operations.schedule_event(event.pk, now=now)

    stage = event.stages.get()
    assert (stage.reserved, stage.reserved_w) == (reserved, reserved_w)
    assert stage.left_out == {"above what was approved": 20 - reserved}


def test_the_share_is_a_setting_of_the_event_type(
    event_in: Callable[..., Event], zone: ControlZone, program: Program, now: datetime
) -> None:
    event = event_in("Approved")
    EventType.objects.update(approved_cap_pct=125)
    factories.fleet(zone, program, 10, since=now - timedelta(days=1), prefix="M")
    operations.schedule_event(event.pk, now=now)
    assert event.stages.get().reserved == 25


def test_a_goal_that_needs_more_devices_than_were_approved_is_a_shortfall_until_it_is_approved_again(
    strategy: object, event_in: Callable[..., Event], operator: User, approver: User, now: datetime
) -> None:
    event = event_in("New")
    Event.objects.update(objective="Load Reduction", target_kw=4)
    walk.to("Approved", event, operator=operator, approver=approver, now=now)
    assert event.stages.get().expected_devices == 5
    Device.objects.update(rated_w=500)

    operations.schedule_event(event.pk, now=now)

    assert Event.objects.get().state == "Approved"
    said = Alert.objects.get(kind="event not scheduled").text
    assert "2 kW are missing from " in said
    assert " on; 0 kW were accepted. Left out: 15 above what was approved." in said

    operations.schedule_event_with_shortfall(event_id=event.pk, accepted_kw=0, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    operations.schedule_event(event.pk, now=now)
    assert (Event.objects.get().state, event.stages.get().reserved) == ("Scheduled", 10)


def test_stages_that_overlap_are_promised_no_device_twice(
    both_programs: Event, operator: User, approver: User, now: datetime
) -> None:
    """A14: what is missing after Approve is missing in the check already."""
    check = check_plan(both_programs, stages_of(both_programs), now)
    assert (check.missing_kw, check.expected_kw, check.available_kw) == (1080, 1600, 1600)
    assert [(row.would.devices, row.expected_w) for row in check.stages if row.would] == [(15, 1_200_000), (5, 400_000)]

    refusal, when, first, second = (
        sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in expected_devices(both_programs)
    )
    assert when.endswith(": 1,080 kW are missing.")
    assert refusal.startswith("The event would not be scheduled unless a shortfall of 1,080 kW is accepted")
    assert first == "Stage 1: about 15 devices, 1.20 MW of 1.20 MW."
    assert second == "Stage 2: about 400 kW of 1,480 kW; 1,080 kW are missing."

    walk.to("Approved", both_programs, operator=operator, approver=approver, now=now)
    assert list(Stage.objects.order_by("number").values_list("expected_devices", flat=True)) == [15, 5]
    operations.schedule_event(both_programs.pk, now=now)
    assert "1080 kW are missing" in Alert.objects.get(kind="event not scheduled").text


def test_stages_that_follow_one_another_may_have_the_same_devices(
    strategy: object, event_in: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event = event_in("New")
    first = event.stages.get()
    window = {"starts_at": first.ends_at, "ends_at": first.ends_at + factories.HOUR}
    factories.add_stage(event, by=operator, now=now, program=program, **window)
    stages = stages_of(event)
    assert not any_overlap(stages)
    assert [row.available.devices for row in check_plan(event, stages, now).stages] == [20, 20]
