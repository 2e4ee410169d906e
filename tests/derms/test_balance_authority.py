"""The Balance Authority's approval: required if all events together pass the threshold, and given by another person."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from derms import operations
from derms.models import ControlZone, Event, EventType, Program
from derms.operations.balance_authority import Block, blocks_of, highest_sum_kw, needs_balance_authority
from derms.queries.lists import stages_of
from integration.console.models import User
from tests import factories


@pytest.fixture
def threshold(strategy: object) -> Callable[[int], None]:
    """Switch the check on for the events of the test."""

    def set_kw(kw: int) -> None:
        EventType.objects.filter(category="Device Test").update(
            balance_authority_check=True, balance_authority_threshold_kw=kw
        )

    return set_kw


def test_an_event_within_the_threshold_needs_one_approval(
    threshold: Callable[[int], None], event_in: Callable[..., Event]
) -> None:
    threshold(1000)
    event = event_in("Approved")
    assert (event.approval, event.balance_authority_approval) == ("given", "not required")


@pytest.mark.parametrize("second_first", [False, True])
def test_an_event_past_the_threshold_is_approved_by_two_people_in_any_order(
    threshold: Callable[[int], None],
    event_in: Callable[..., Event],
    approver: User,
    balance_authority: User,
    now: datetime,
    second_first: bool,
) -> None:
    threshold(1)
    event = event_in("Submitted")
    assert event.balance_authority_approval == "required"
    ways = [
        lambda: operations.approve_event(event_id=event.pk, by=approver, now=now),
        lambda: operations.approve_event_as_balance_authority(event_id=event.pk, by=balance_authority, now=now),
    ]
    first, second = reversed(ways) if second_first else ways
    first()
    assert Event.objects.get().state == "Submitted"
    second()
    found = Event.objects.get()
    assert (found.state, found.approval, found.balance_authority_approval) == ("Approved", "given", "given")
    assert found.schedule_due_at is not None


def test_one_person_cannot_give_both_approvals(
    threshold: Callable[[int], None],
    event_in: Callable[..., Event],
    approver: User,
    now: datetime,
) -> None:
    threshold(1)
    event = event_in("Submitted")
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    with pytest.raises(operations.EventNotApprovable, match="You approved"):
        operations.approve_event_as_balance_authority(event_id=event.pk, by=approver, now=now)
    with pytest.raises(IntegrityError, match="event_approved_by_two_people"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(balance_authority_approver=approver)


def test_an_operator_cannot_give_the_second_approval_to_their_own_event(
    threshold: Callable[[int], None], event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    threshold(1)
    event = event_in("Submitted")
    with pytest.raises(operations.EventNotApprovable, match="another person"):
        operations.approve_event_as_balance_authority(event_id=event.pk, by=operator, now=now)


def test_other_open_events_at_the_same_time_count(
    threshold: Callable[[int], None], event_in: Callable[..., Event]
) -> None:
    threshold(30)
    first = event_in("Submitted")
    second = event_in("Submitted", name="At the same time")
    assert first.balance_authority_approval == "not required"
    assert second.balance_authority_approval == "required"


def test_the_reserve_margin_counts(
    threshold: Callable[[int], None], zone: ControlZone, program: Program, operator: User, now: datetime
) -> None:
    """What is called is the target and its margin: 1,050 kW for a target of 1,000."""
    threshold(1049)
    plan = factories.strategy(zone, program, objective="Load Reduction", target_kw=1000)
    EventType.objects.update(reserve_margin_pct=5)
    details = operations.EventDetails(name="Exact")
    starts_at = now + timedelta(hours=2)
    event = operations.create_event(strategy_id=plan.pk, starts_at=starts_at, by=operator, now=now, details=details)
    found = Event.objects.select_related("type").get(pk=event.pk)
    assert needs_balance_authority(found, stages_of(found), now)
    threshold(1050)
    found = Event.objects.select_related("type").get(pk=event.pk)
    assert not needs_balance_authority(found, stages_of(found), now)


def test_another_events_devices_count_until_they_leave_and_canceled_stages_not_at_all(
    threshold: Callable[[int], None], event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    first = event_in("Scheduled")
    stage = first.stages.get()
    reserved_kw = stage.reserved_w / 1000
    second = event_in("New", name="At the same time")
    planned_kw = highest_kw(second, now)
    threshold(round(reserved_kw))
    assert planned_kw == 0, "the first event has reserved every device"
    assert highest_kw(first, now) == reserved_kw
    operations.cancel_event(event_id=first.pk, by=operator, now=now, reason="Cooler")
    assert highest_kw(Event.objects.get(pk=first.pk), now) == 0


def highest_kw(event: Event, now: datetime) -> float:
    """The highest power of one event alone, as the check counts it."""
    return max((block.kw for block in blocks_of(event, stages_of(event), now)), default=0.0)


def test_the_check_runs_again_at_approve(
    threshold: Callable[[int], None], event_in: Callable[..., Event], approver: User, now: datetime
) -> None:
    threshold(1000)
    event = event_in("Submitted")
    threshold(1)
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    found = Event.objects.get()
    assert (found.state, found.approval, found.balance_authority_approval) == ("Submitted", "given", "required")


def test_the_balance_authority_denies_with_a_reason(
    threshold: Callable[[int], None], event_in: Callable[..., Event], balance_authority: User
) -> None:
    threshold(1)
    event = event_in("Submitted")
    client = Client()
    client.force_login(balance_authority)
    assert "Approve as Balance Authority" in client.get(f"/events/{event.number}/").content.decode()
    client.post(
        f"/events/{event.number}/deny-as-balance-authority/",
        {"reason": "Too much at once", **factories.seen(event.number)},
    )
    found = Event.objects.get()
    assert (found.state, found.balance_authority_approval) == ("Denied", "denied")
    assert client.post(f"/events/{event.number}/approve/", factories.seen(event.number)).status_code == 403


def test_the_highest_sum_is_looked_for_only_while_the_event_itself_runs(now: datetime) -> None:
    hour = timedelta(hours=1)
    own = [Block(now, now + 2 * hour, 10.0)]
    others = [Block(now + hour, now + 3 * hour, 5.0), Block(now + 2 * hour, now + 3 * hour, 100.0)]
    assert highest_sum_kw(own, own + others) == 15.0
    before = [Block(now - hour, now + hour, 7.0)]
    assert highest_sum_kw(own, own + before) == 17.0
