"""Schedule, Schedule again, Schedule with shortfall: all stages are reserved, or none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, Device, Event, EventType, Program, Reservation, Stage
from derms.queries.due import event_ids_to_schedule, stage_ids_to_extract
from derms.queries.goals import missing_kw
from integration.console.models import User
from integration.seam.messages import COLUMNS, StageStatus
from integration.seam.models import Alert, Extract, Message, Priority
from integration.seam.systems import System
from tests import factories, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def needing(zone: ControlZone, program: Program, operator: User, approver: User, now: datetime) -> Callable[..., Event]:
    """Create Approved events with this goal in kW over ten devices, each expected to reduce by 0.8 kW."""
    factories.fleet(zone, program, 10, since=now - timedelta(days=30))
    plan = factories.strategy(zone, program, objective="Load Reduction")

    def make(target_kw: int, *, accepted_kw: int = 0, starts_in: timedelta = timedelta(hours=2)) -> Event:
        event = operations.create_event(
            strategy_id=plan.pk,
            starts_at=now + starts_in,
            by=operator,
            now=now,
            details=operations.EventDetails(name="Heat peak", target_kw=target_kw),
        )
        walk.to("Approved", event, operator=operator, approver=approver, now=now, accepted_kw=accepted_kw)
        return Event.objects.get(pk=event.pk)

    return make


def test_a_scheduled_event_has_reserved_what_it_needs_and_says_so(needing: Callable[..., Event], now: datetime) -> None:
    event = needing(4)
    assert list(event_ids_to_schedule(now)) == [event.pk]

    operations.schedule_event(event.pk, now=now)

    event, stage = Event.objects.get(pk=event.pk), event.stages.get()
    assert (event.state, event.schedule_due_at, stage.state, stage.revision) == ("Scheduled", None, "Scheduled", 2)
    assert (stage.goal_kw, stage.reserved, stage.reserved_w, stage.left_out) == (4, 5, 4000, {"not needed": 5})
    reserved = Reservation.objects.filter(stage_id=stage.pk)
    assert list(reserved.values_list("expected_w", "nominal_w")) == [(800, 1000)] * 5
    assert stage.transitions.get().why == "5 devices reserved"
    status = Message.objects.get()
    body = status.body
    assert isinstance(body, StageStatus)
    assert (body.stage_uid, body.state, body.revision, body.program) == (stage.uid, "Scheduled", 2, "COOL")
    assert sorted(status.deliveries.values_list("receiver", flat=True)) == [System.CPM, System.LEC]
    assert list(event_ids_to_schedule(now)) == []
    assert not Alert.objects.exists()


def test_an_event_whose_program_is_no_longer_active_stays_approved_and_reserves_nothing(
    needing: Callable[..., Event], program: Program, now: datetime
) -> None:
    event = needing(4)
    Program.objects.filter(pk=program.pk).update(active=False)

    operations.schedule_event(event.pk, now=now)

    assert (Event.objects.get(pk=event.pk).state, Reservation.objects.count()) == ("Approved", 0)
    assert "which is not active" in Alert.objects.get().text


def test_leavers_use_up_the_reserve_margin_first(needing: Callable[..., Event], now: datetime) -> None:
    """A7: the margin is reserved above the target; what is missing is measured against the target itself."""
    EventType.objects.filter(category="Device Test").update(reserve_margin_pct=20)
    event = needing(4)

    operations.schedule_event(event.pk, now=now)

    stage = event.stages.get()
    assert (stage.goal_kw, stage.reserved, stage.reserved_w) == (4, 6, 4800)
    assert missing_kw(stage.goal_kw, stage.reserved_w - 800) == 0
    assert missing_kw(stage.goal_kw, stage.reserved_w - 1600) == 1


def test_the_margin_is_never_missing(needing: Callable[..., Event], now: datetime) -> None:
    EventType.objects.filter(category="Device Test").update(reserve_margin_pct=20)
    event = needing(8)

    operations.schedule_event(event.pk, now=now)

    assert Event.objects.get(pk=event.pk).state == "Scheduled"
    assert event.stages.get().reserved_w == 8000
    assert event.figures.missing_kw == 0


def test_the_reservation_extract_is_written_once_after_the_schedule(
    needing: Callable[..., Event], now: datetime
) -> None:
    event = needing(4)
    operations.schedule_event(event.pk, now=now)
    stage = event.stages.get()
    assert list(stage_ids_to_extract(now)) == [stage.pk]

    for _ in range(2):
        operations.write_reservation_extract(stage.pk, now=now)

    extract = Extract.objects.get()
    sent = Message.objects.get(kind="device_reservation")
    assert (extract.kind, extract.rows, extract.parts) == ("device_reservation", 5, 1)
    assert (sent.stage_uid, sent.payload["extract"]["manifest_sha256"]) == (stage.uid, extract.manifest_sha256)
    assert list(COLUMNS["device_reservation"]) == ["head_end", "nic_id", "expected_w", "nominal_w"]
    assert list(stage_ids_to_extract(now)) == []


def test_a_shortfall_larger_than_accepted_leaves_nothing_reserved_and_says_how_much_is_missing(
    needing: Callable[..., Event], now: datetime
) -> None:
    event = needing(11, accepted_kw=2)

    operations.schedule_event(event.pk, now=now)

    event, stage = Event.objects.get(pk=event.pk), event.stages.get()
    assert (event.state, event.schedule_due_at, stage.state, stage.reserved) == ("Approved", None, "New", 0)
    assert not Reservation.objects.exists()
    assert not Message.objects.exists()
    alert = Alert.objects.get()
    assert (alert.kind, alert.priority, alert.event_uid) == ("event not scheduled", Priority.HIGH, event.uid)
    at = f"{stage.starts_at.astimezone(ZoneInfo(event.zone.time_zone)):%H:%M %Z}"
    assert f"{event.number} was not scheduled: 3 kW are missing from {at} on; 2 kW were accepted." in alert.text


def test_a_shortfall_within_what_was_accepted_is_scheduled(needing: Callable[..., Event], now: datetime) -> None:
    event = needing(11, accepted_kw=3)

    operations.schedule_event(event.pk, now=now)

    assert (Event.objects.get(pk=event.pk).state, event.stages.get().reserved) == ("Scheduled", 10)


def test_nothing_of_an_event_is_reserved_where_one_of_its_stages_fails(
    needing: Callable[..., Event], zone: ControlZone, operator: User, approver: User, now: datetime
) -> None:
    event = needing(4)
    operations.schedule_event_with_shortfall(event_id=event.pk, accepted_kw=0, by=operator, now=now)
    operations.withdraw_event(event_id=event.pk, by=operator, now=now)
    first = event.stages.get()
    fields = {
        "program": factories.program("EMPTY"),
        "starts_at": first.ends_at,
        "ends_at": first.ends_at + factories.HOUR,
    }
    factories.add_stage(event, by=operator, now=now, **fields)
    walk.to("Approved", event, operator=operator, approver=approver, now=now)

    operations.schedule_event(event.pk, now=now)

    assert Event.objects.get(pk=event.pk).state == "Approved"
    assert set(event.stages.values_list("state", "reserved")) == {("New", 0)}
    assert not Reservation.objects.exists()
    assert "4 kW are missing" in Alert.objects.get().text


def test_maximum_reduction_without_any_device_is_not_scheduled(
    event_in: Callable[..., Event], program: Program, now: datetime
) -> None:
    event = event_in("Approved")
    program.enrollment_set.update(ends_at=now)

    operations.schedule_event(event.pk, now=now)

    assert Event.objects.get(pk=event.pk).state == "Approved"
    assert "No device can be reserved. The zone has no device of the stages' programs" in Alert.objects.get().text


def test_the_alert_says_why_devices_were_left_out(
    event_in: Callable[..., Event], program: Program, now: datetime
) -> None:
    event = event_in("Approved")
    program.rules_data = {"longest_minutes": 30}
    program.save()

    operations.schedule_event(event.pk, now=now)

    assert "Left out: 20 rule: longest event." in Alert.objects.get().text


def test_an_event_too_late_to_be_scheduled_stays_approved(event_in: Callable[..., Event]) -> None:
    event = event_in("Approved")
    late = event.stages.get().starts_at - timedelta(seconds=299)

    operations.schedule_event(event.pk, now=late)

    assert Event.objects.get(pk=event.pk).state == "Approved"
    assert "at least 300 s of lead time" in Alert.objects.get().text


def test_schedule_again_tries_with_the_devices_of_the_moment_and_closes_the_alert(
    needing: Callable[..., Event], zone: ControlZone, program: Program, operator: User, now: datetime
) -> None:
    event = needing(8)
    gone = program.enrollment_set.filter(device_id__in=Device.objects.order_by("pk")[:4])
    gone.update(ends_at=now)
    operations.schedule_event(event.pk, now=now)
    assert list(event_ids_to_schedule(now)) == []
    factories.fleet(zone, program, 10, since=now - timedelta(days=1), prefix="M")

    operations.schedule_event_again(event_id=event.pk, by=operator, now=now)
    assert list(event_ids_to_schedule(now)) == [event.pk]
    operations.schedule_event(event.pk, now=now)

    assert (Event.objects.get(pk=event.pk).state, event.stages.get().reserved) == ("Scheduled", 10)
    assert Alert.objects.get().closed_by == "system"


def test_a_larger_shortfall_needs_a_new_approval(
    needing: Callable[..., Event], second_operator: User, approver: User, now: datetime
) -> None:
    event = needing(11)
    operations.schedule_event(event.pk, now=now)

    operations.schedule_event_with_shortfall(event_id=event.pk, accepted_kw=3, by=second_operator, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approval, event.approver) == ("Submitted", "required", None)
    assert (event.submitter, event.shortfall_accepted_kw, event.schedule_due_at) == (second_operator, 3, None)
    assert list(event_ids_to_schedule(now)) == []
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    operations.schedule_event(event.pk, now=now)
    assert (Event.objects.get(pk=event.pk).state, event.stages.get().reserved) == ("Scheduled", 10)


def test_a_device_in_two_programs_takes_part_in_one_of_two_stages_at_the_same_time(
    zone: ControlZone, program: Program, operator: User, approver: User, now: datetime, client: Client
) -> None:
    second = factories.program("SECOND")
    both = [factories.device(zone, program, since=now - timedelta(days=1)) for _ in range(4)]
    for device in both:
        device.enrollments.create(program=second, starts_at=now - timedelta(days=1))
    plan = factories.strategy(zone, program)
    plan.stages.create(number=2, program=second, offset_minutes=30, length_minutes=60)
    event = operations.create_event(
        strategy_id=plan.pk,
        starts_at=now + timedelta(hours=2),
        by=operator,
        now=now,
        details=operations.EventDetails(name="Both"),
    )

    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)

    first, other = Stage.objects.order_by("number")
    assert (first.reserved, other.reserved, other.left_out) == (4, 0, {"reserved by another stage of this event": 4})
    alert = Alert.objects.get(kind="stage without devices", closed_at=None)
    assert (alert.priority, alert.stage_uid) == (Priority.HIGH, other.uid)
    why = "Left out: 4 reserved by another stage of this event."
    assert alert.text == f"{other} has no devices: nothing will be called. {why}"
    client.force_login(operator)
    assert "no devices" in client.get(f"/events/{event.number}/").content.decode()
    page = client.get(f"/events/{event.number}/stages/{other.number}/").content.decode()
    assert "Schedule left out all 4 candidates" in page
    assert "Devices are chosen when the event is scheduled" not in page
    operations.cancel_stage(stage_id=other.pk, by=operator, now=now, reason="It calls nobody")
    assert Alert.objects.get(pk=alert.pk).closed_by == operator.username


def test_an_event_that_was_not_scheduled_says_which_event_holds_the_devices(
    event_in: Callable[..., Event], operator: User, approver: User, client: Client, now: datetime
) -> None:
    """Once it was only said how many were “reserved elsewhere”; the event's page says what to do, too."""
    other, event = event_in("New", name="Other"), event_in("New")
    Event.objects.update(objective="Load Reduction", target_kw=9)
    walk.to("Approved", event, operator=operator, approver=approver, now=now)
    walk.to("Scheduled", other, operator=operator, approver=approver, now=now)

    operations.schedule_event(event.pk, now=now)

    said = Alert.objects.get(kind="event not scheduled").text
    assert said.endswith(f"Left out: 12 reserved elsewhere. Devices are reserved for {other.number}.")
    client.force_login(operator)
    page = client.get(f"/events/{event.number}/").content.decode()
    assert "Schedule again, schedule with the shortfall, or cancel the event." in page
