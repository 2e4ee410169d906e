"""Canceling an event or one of its stages: who wins, who is notified, and what happens to the devices."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms import operations
from derms.models import Event, Stage
from derms.queries.due import stage_ids_to_close
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam.delivery import deliver
from integration.seam.models import Alert, Delivery, Message
from integration.seam.refusals import Refused
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import LecCall
from tests import walk
from tests.removals.running import (
    MINUTE,
    answered,
    begin,
    called,
    device,
    end,
    execution,
    fresh,
    outcomes,
    program_event,
    start,
    statuses,
    tell,
)

pytestmark = pytest.mark.django_db(transaction=True)


def cancel(event: Event, by: User, now: datetime) -> None:
    operations.cancel_event(event_id=event.pk, by=by, now=now, reason="The heat is over")
    settle()


@pytest.mark.parametrize("state", ["New", "Submitted", "Denied", "Approved"])
def test_an_event_is_canceled_before_anybody_else_knows_it(
    state: str, event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in(state)

    cancel(event, operator, now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.schedule_due_at, event.stages.get().state) == ("Canceled", None, "Canceled")
    last = event.transitions.filter(stage=None).latest("revision")
    assert (last.from_state, last.to_state, last.by, last.why) == (state, "Canceled", "olive", "The heat is over")
    assert not Message.objects.filter(kind="stage_status").exists()
    assert violations(rest=timedelta(0)) == []


def test_cancel_before_the_stage_starts(stage: Stage, operator: User, now: datetime) -> None:
    cancel(stage.event, operator, now)

    assert (fresh(stage).state, program_event(stage).state, execution(stage).state) == ("Canceled",) * 3
    assert program_event(stage).reason == execution(stage).reason == "The heat is over"
    assert statuses(stage) == {"Canceled"}
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    settle()
    assert not LecCall.objects.exists()
    assert outcomes(stage) == {}
    assert violations(rest=timedelta(0)) == []


def test_cancel_before_the_extract_is_written(event_in: Callable[..., Event], operator: User, now: datetime) -> None:
    event = event_in("Scheduled")

    cancel(event, operator, now)

    stage = event.stages.get()
    assert (program_event(stage).state, execution(stage).state) == ("Canceled", "Canceled")
    assert not Message.objects.filter(kind="device_reservation").exists()
    assert violations(rest=timedelta(0)) == []


def test_an_extract_of_a_canceled_stage_loads_nothing_and_says_so(
    event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Scheduled")
    stage = event.stages.get()
    operations.write_reservation_extract(stage.pk, now=now)
    operations.cancel_event(event_id=event.pk, by=operator, now=now, reason="Storm")
    for kind in ("stage_status", "device_reservation"):
        # The newest status first: the extract finds the stage canceled.
        for delivery in Delivery.objects.filter(message__kind=kind).order_by("-pk"):
            deliver(delivery.pk, delivery.attempt)
    settle()

    receipts = Delivery.objects.filter(message__kind="device_reservation").values_list("receipt", flat=True)
    assert [(r["status"], r["applied"], "nothing is loaded" in r["note"]) for r in receipts] == [
        ("SUCCESS", 0, True),
        ("SUCCESS", 0, True),
    ]
    assert (program_event(stage).participations, execution(stage).reserved) == (0, 0)
    assert violations(rest=timedelta(0)) == []


def test_cancel_while_it_runs(stage: Stage, operator: User, messages_arrive_at: Callable[[datetime], None]) -> None:
    begin(stage)
    overridden, failed, silent, late = (device(n) for n in range(1, 5))
    answered(stage, overridden, "takes part", overridden_at=stage.starts_at + 10 * MINUTE)
    answered(stage, failed, "rejected")
    answered(stage, silent, "silent")
    answered(stage, late, "takes part", overridden_at=stage.starts_at + 40 * MINUTE)
    at = stage.starts_at + 15 * MINUTE
    messages_arrive_at(at)

    operations.cancel_event(event_id=stage.event_id, by=operator, now=at, reason="The heat is over")
    assert statuses(stage) == {"Reserved"}
    settle()

    event = Event.objects.get(pk=stage.event_id)
    assert (event.state, fresh(stage).state, program_event(stage).state) == ("Canceled",) * 3
    assert (execution(stage).state, execution(stage).ended_at) == ("Canceled", at)
    found = outcomes(stage)
    assert [found[one.nic_id].code for one in (overridden, failed, silent, late)] == ["D1IO", "D1ER", "D1ND", "D1CN"]
    assert found[overridden.nic_id].ended_at == stage.starts_at + 10 * MINUTE
    rest = [one for nic_id, one in found.items() if nic_id not in {overridden.nic_id, failed.nic_id, silent.nic_id}]
    assert len(rest) == 17
    assert {(one.code, one.started_at, one.ended_at, one.error) for one in rest} == {
        ("D1CN", stage.starts_at, at, "canceled: The heat is over")
    }
    # A quarter of the window means a quarter of the reduction.
    assert all(212 <= one.reduction_w <= 288 for one in rest if one.device_id != late.pk)
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


def test_cancel_between_the_start_and_the_calls(stage: Stage, operator: User) -> None:
    start(stage)

    operations.cancel_event(event_id=stage.event_id, by=operator, now=stage.starts_at, reason="The heat is over")
    tell()

    lec.call_devices(execution(stage).pk, now=stage.starts_at + MINUTE)
    settle()
    assert not LecCall.objects.exists()
    assert {(o.code, o.started_at, o.error) for o in outcomes(stage).values()} == {
        ("D1CN", None, "canceled: The heat is over")
    }
    assert len(outcomes(stage)) == 20
    assert violations(rest=timedelta(0)) == []


def test_cancel_before_derms_knows_that_it_started(stage: Stage, operator: User, now: datetime) -> None:
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    assert fresh(stage).state == "Scheduled"

    cancel(stage.event, operator, now)

    assert (fresh(stage).state, program_event(stage).state, execution(stage).state) == ("Canceled",) * 3
    assert fresh(stage).started_at == program_event(stage).started_at == stage.starts_at
    assert fresh(stage).called == 20
    assert {o.code for o in outcomes(stage).values()} == {"D1CN"}
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


def test_cancel_of_one_stage_alone(two_stages: tuple[Stage, Stage], operator: User, now: datetime) -> None:
    first, second = two_stages

    operations.cancel_stage(stage_id=first.pk, by=operator, now=now, reason="One is enough")
    settle()

    event = Event.objects.get(pk=first.event_id)
    assert (event.state, fresh(first).state, fresh(second).state) == ("Scheduled", "Canceled", "Scheduled")
    assert (statuses(first), statuses(second)) == ({"Canceled"}, {"Reserved"})
    begin(second)
    assert Event.objects.get(pk=event.pk).state == "In Progress"
    end(second)
    assert Event.objects.get(pk=event.pk).state == "Completed"
    assert (called(second), len(outcomes(second))) == (set(outcomes(second)), 20)
    assert violations(rest=timedelta(0)) == []


def test_an_event_is_over_with_its_last_stage(two_stages: tuple[Stage, Stage], operator: User, now: datetime) -> None:
    first, second = two_stages
    begin(first)
    end(first)

    operations.cancel_stage(stage_id=second.pk, by=operator, now=now, reason="One is enough")
    settle()

    assert Event.objects.get(pk=first.event_id).state == "Completed"
    assert violations(rest=timedelta(0)) == []


def test_an_event_whose_stages_are_all_canceled_is_canceled(
    two_stages: tuple[Stage, Stage], operator: User, now: datetime
) -> None:
    for stage in two_stages:
        operations.cancel_stage(stage_id=stage.pk, by=operator, now=now, reason="Not needed")
    settle()

    assert Event.objects.get(pk=two_stages[0].event_id).state == "Canceled"
    assert violations(rest=timedelta(0)) == []


def test_a_stage_that_started_before_it_was_canceled_takes_its_event_along(
    two_stages: tuple[Stage, Stage], operator: User, now: datetime
) -> None:
    first, second = two_stages
    lec.start_stage(execution(first).pk, now=first.starts_at)

    operations.cancel_stage(stage_id=first.pk, by=operator, now=now, reason="Storm")
    settle()

    assert Event.objects.get(pk=first.event_id).state == "In Progress"
    operations.cancel_stage(stage_id=second.pk, by=operator, now=now, reason="Storm")
    settle()
    assert Event.objects.get(pk=first.event_id).state == "Completed"
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("state", ["Completed", "Canceled"])
def test_what_is_over_cannot_be_canceled(
    state: str, event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in(state)
    before = event.transitions.count()

    with pytest.raises(Refused, match=f"is {state}; it can't be canceled any more"):
        operations.cancel_event(event_id=event.pk, by=operator, now=now, reason="Storm")
    with pytest.raises(Refused, match=f"is {state}; only scheduled and running stages"):
        operations.cancel_stage(stage_id=event.stages.get().pk, by=operator, now=now, reason="Storm")

    assert Event.objects.get(pk=event.pk).state == state
    assert event.transitions.count() == before


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_cancel_says_why(reason: str, event_in: Callable[..., Event], operator: User, now: datetime) -> None:
    event = event_in("Scheduled")

    with pytest.raises(Refused, match="reason"):
        operations.cancel_event(event_id=event.pk, by=operator, now=now, reason=reason)
    with pytest.raises(Refused, match="reason"):
        operations.cancel_stage(stage_id=event.stages.get().pk, by=operator, now=now, reason=reason)

    assert Event.objects.get(pk=event.pk).state == "Scheduled"


def test_a_new_stage_is_removed_rather_than_canceled(
    event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("New")

    with pytest.raises(Refused, match="only scheduled and running stages"):
        operations.cancel_stage(stage_id=event.stages.get().pk, by=operator, now=now, reason="Storm")


def test_a_cancel_closes_what_was_waited_for(stage: Stage, operator: User, now: datetime) -> None:
    operations.report_unstarted_stage(stage.pk, now=stage.starts_at + 2 * MINUTE)
    assert Alert.objects.filter(closed_at=None).count() == 1

    cancel(stage.event, operator, now)

    assert not Alert.objects.filter(closed_at=None).exists()


def test_devices_of_a_canceled_stage_are_free_again(
    stage: Stage, operator: User, approver: User, now: datetime, new_event: Callable[..., Event]
) -> None:
    cancel(stage.event, operator, now)
    other = new_event()
    walk.to("Scheduled", other, operator=operator, approver=approver, now=now)
    settle()

    assert other.stages.get().reserved == 20
    assert violations(rest=timedelta(0)) == []


def test_raw_outcomes_that_never_come_are_waited_for_since_the_cancel(stage: Stage, operator: User) -> None:
    begin(stage)
    at = stage.starts_at + 10 * MINUTE

    operations.cancel_event(event_id=stage.event_id, by=operator, now=at, reason="Storm")

    timeout = timedelta(seconds=stage.event.type.outcome_timeout_s)
    assert list(stage_ids_to_close(at + timeout - timedelta(seconds=1))) == []
    assert list(stage_ids_to_close(at + timeout)) == [stage.pk]
