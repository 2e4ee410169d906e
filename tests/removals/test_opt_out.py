"""Preemptive opt-out: before the stage starts it holds and the device is never called; after, it is too late."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from cpm import operations as cpm
from cpm.models import ParticipationChange, Removal
from cpm.models.programs import ProgramType
from cpm.operations import participation as loading
from derms import operations as derms
from derms.models import Event, Program, Stage
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam import outbox
from integration.seam.delivery import deliver
from integration.seam.messages import EventOptOut, ReservationReleased
from integration.seam.models import Delivery, Load, Message
from integration.seam.refusals import Refused
from integration.seam.settling import settle
from integration.seam.systems import System
from lec_sim import operations as lec
from lec_sim.models import Removal as Refusal
from tests import walk
from tests.removals.conftest import allow_leaving
from tests.removals.running import (
    MINUTE,
    begin,
    called,
    device,
    end,
    execution,
    fresh,
    outcomes,
    participation,
    program_event,
    start,
    statuses,
)

pytestmark = pytest.mark.django_db(transaction=True)


def opt_out(stage: Stage, number: int, now: datetime) -> None:
    cpm.opt_out_device(program_event_id=program_event(stage).pk, device_id=device(number).pk, by="cora", now=now)


def answer(stage: Stage, number: int) -> Removal:
    return Removal.objects.get(stage_uid=stage.uid, nic_id=device(number).nic_id)


def changes(stage: Stage, number: int) -> list[str]:
    kept = ParticipationChange.objects.filter(program_event=program_event(stage), device=device(number))
    return list(kept.order_by("pk").values_list("what", flat=True))


def test_an_opt_out_before_the_start_holds_and_the_device_is_never_called(stage: Stage, now: datetime) -> None:
    opt_out(stage, 1, now)
    assert (participation(stage, device(1)).preemptive_opt_out, answer(stage, 1).answer) == (True, "")
    settle()

    assert (answer(stage, 1).answer, participation(stage, device(1)).reservation_flag) == ("confirmed", False)
    assert (program_event(stage).reserved, program_event(stage).participations) == (19, 20)
    assert (fresh(stage).removed, fresh(stage).removed_w) == (1, 800)
    assert changes(stage, 1) == [
        "Preemptive Opt-Out: No → Yes",
        "Opt-out confirmed",
        "Reservation flag: Yes → No (opt-out)",
    ]
    begin(stage)
    end(stage)
    assert device(1).nic_id not in called(stage)
    assert len(called(stage)) == fresh(stage).called == 19
    own = outcomes(stage)[device(1).nic_id]
    assert (own.code, own.started_at, own.error) == ("D1CN", None, "opt-out")
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


def test_an_opt_out_after_the_start_is_too_late_and_says_since_when(stage: Stage, now: datetime) -> None:
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    opt_out(stage, 1, now)
    settle()

    assert (answer(stage, 1).answer, answer(stage, 1).answered_at) == ("too late", stage.starts_at)
    taking_part = participation(stage, device(1))
    assert (taking_part.preemptive_opt_out, taking_part.reservation_flag) == (True, True)
    end(stage)
    assert outcomes(stage)[device(1).nic_id].code == "D1SP"
    assert fresh(stage).removed == 0
    assert violations(rest=timedelta(0)) == []


def test_an_opt_out_between_the_start_and_the_calls_is_too_late(stage: Stage, now: datetime) -> None:
    opt_out(stage, 1, now)
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    settle()

    assert answer(stage, 1).answer == "too late"
    assert device(1).nic_id in called(stage)
    assert violations(rest=timedelta(0)) == []


def test_an_opt_out_cannot_be_taken_back_and_again_has_no_effect(stage: Stage, now: datetime) -> None:
    opt_out(stage, 1, now)
    opt_out(stage, 1, now)
    settle()
    opt_out(stage, 1, now)

    assert Message.objects.filter(kind="event_opt_out").count() == 1
    assert changes(stage, 1).count("Preemptive Opt-Out: No → Yes") == 1


def test_opt_out_scope_is_one_stage(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    first, second = two_stages

    opt_out(first, 1, now)
    settle()

    assert not participation(first, device(1)).reservation_flag
    still = participation(second, device(1))
    assert (still.reservation_flag, still.preemptive_opt_out) == (True, False)
    begin(second)
    assert len(called(second)) == 20


def test_opt_out_scope_is_all_coming_stages_of_the_event(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    event_uid = two_stages[0].event.uid

    assert cpm.opt_out_of_event(event_uid=event_uid, device_id=device(1).pk, by="cora", now=now) == []
    settle()

    assert [answer(stage, 1).answer for stage in two_stages] == ["confirmed", "confirmed"]
    assert not any(participation(stage, device(1)).reservation_flag for stage in two_stages)


def test_removal_before_the_extract(event_in: Callable[..., Event], obedient: None, now: datetime) -> None:
    """The answer to an opt-out arrives everywhere before the stage's reservations do."""
    stage = event_in("Scheduled").stages.get()
    allow_leaving()
    for status in Delivery.objects.filter(message__kind="stage_status"):
        deliver(status.pk, status.attempt)
    with transaction.atomic():
        outbox.send(EventOptOut(stage_uid=stage.uid, head_end="HE1", nic_id=device(1).nic_id), sender=System.CPM)
    for kind in ("event_opt_out", "device_removal", "removal_answer", "reservation_released"):
        for delivery in Delivery.objects.filter(message__kind=kind):
            deliver(delivery.pk, delivery.attempt)
    assert (program_event(stage).reservations_loaded_at, execution(stage).reservations_loaded_at) == (None, None)
    settle()

    assert (program_event(stage).participations, program_event(stage).reserved) == (20, 19)
    loaded = participation(stage, device(1))
    assert (loaded.reservation_flag, loaded.preemptive_opt_out) == (False, True)
    begin(stage)
    assert len(called(stage)) == 19
    assert device(1).nic_id not in called(stage)


def test_a_removal_comes_before_the_stage_itself(event_in: Callable[..., Event], obedient: None, now: datetime) -> None:
    stage = event_in("Scheduled").stages.get()
    removal = derms_removal(stage, 1)
    deliver(removal.pk, 0)
    assert Refusal.objects.get().answer == "removed"

    settle()
    begin(stage)

    assert device(1).nic_id not in called(stage)
    assert len(called(stage)) == 19


def derms_removal(stage: Stage, number: int) -> Delivery:
    """The removal that DERMS asks LEC for because of an opt-out."""
    nic_id = device(number).nic_id
    derms.opt_out_device(EventOptOut(stage_uid=stage.uid, head_end="HE1", nic_id=nic_id), now=stage.starts_at)
    return Delivery.objects.get(message__kind="device_removal")


def test_cpm_loads_a_device_that_left_while_its_rows_were_loaded(
    event_in: Callable[..., Event], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release arrives after the part was read and before its rows become visible."""
    stage = event_in("Scheduled").stages.get()
    count_part = loading.count_part

    def release_meanwhile(delivery: Delivery, *, applied: int, refused: int) -> Load:
        released = {"stage_uid": stage.uid, "head_end": "HE1", "nic_id": device(1).nic_id, "at": now}
        Removal.objects.create(
            stage_uid=stage.uid,
            head_end="HE1",
            nic_id=device(1).nic_id,
            reason="opt-out",
            requested_at=now,
            requested_by="cora",
            answer="removed",
        )
        cpm.release_reservation(
            ReservationReleased.model_validate({**released, "reason": "opt-out", "answer": "removed"}), now=now
        )
        return count_part(delivery, applied=applied, refused=refused)

    monkeypatch.setattr(loading, "count_part", release_meanwhile)
    settle()

    assert (program_event(stage).participations, program_event(stage).reserved) == (20, 19)
    assert not participation(stage, device(1)).reservation_flag


def test_an_opt_out_of_a_stage_that_derms_canceled_while_it_started_is_too_late(
    stage: Stage, operator: User, now: datetime
) -> None:
    """LEC decides: it may call the devices before it receives the cancellation."""
    opt_out(stage, 1, now)
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    derms.cancel_event(event_id=stage.event_id, by=operator, now=now, reason="Storm")
    for kind in ("event_opt_out", "device_removal", "removal_answer", "opt_out_answer"):
        for delivery in Delivery.objects.filter(message__kind=kind):
            deliver(delivery.pk, delivery.attempt)
    lec.call_devices(execution(stage).pk, now=stage.starts_at + MINUTE)

    assert answer(stage, 1).answer == "too late"
    assert device(1).nic_id in called(stage)
    settle()
    assert violations(rest=timedelta(0)) == []


def test_an_opt_out_from_a_canceled_stage_is_confirmed(stage: Stage, operator: User, now: datetime) -> None:
    opt_out(stage, 1, now)
    derms.cancel_event(event_id=stage.event_id, by=operator, now=now, reason="Storm")
    settle()

    assert answer(stage, 1).answer == "confirmed"
    assert statuses(stage) == {"Canceled"}


def test_an_opt_out_is_answered_although_the_device_was_leaving_for_another_reason(stage: Stage, now: datetime) -> None:
    cpm.schedule_unavailability(
        device_ids=[device(1).pk], starts_at=stage.starts_at, ends_at=stage.ends_at, reason="Away", by="cora", now=now
    )
    opt_out(stage, 1, now)
    settle()

    assert answer(stage, 1).answer == "confirmed"
    assert not participation(stage, device(1)).reservation_flag
    assert fresh(stage).removed == 1
    assert violations(rest=timedelta(0)) == []


def test_what_came_too_late_as_an_opt_out_holds_as_unavailability(
    stage: Stage, now: datetime, messages_arrive_at: Callable[[datetime], None]
) -> None:
    opt_out(stage, 1, now)
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    settle()
    assert answer(stage, 1).answer == "too late"
    at = stage.starts_at + 30 * MINUTE
    messages_arrive_at(at)

    cpm.schedule_unavailability(
        device_ids=[device(1).pk], starts_at=at, ends_at=stage.ends_at, reason="Away", by="cora", now=at
    )
    settle()
    end(stage)

    own = outcomes(stage)[device(1).nic_id]
    assert (own.code, own.ended_at, own.error) == ("D1CN", at, "customer unavailable")
    assert not participation(stage, device(1)).reservation_flag
    assert fresh(stage).removed == 1
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["opt-out first", "unavailability first"])
def test_two_reasons_at_once_are_each_answered(order: tuple[int, int], stage: Stage, now: datetime) -> None:
    """LEC receives both after the start: too late for one, in time for the other."""
    start(stage)
    opt_out_of_derms = EventOptOut(stage_uid=stage.uid, head_end="HE1", nic_id=device(1).nic_id)
    cpm_asks = Removal.objects.create(
        stage_uid=stage.uid,
        head_end="HE1",
        nic_id=device(1).nic_id,
        reason="opt-out",
        requested_at=now,
        requested_by="cora",
    )
    derms.opt_out_device(opt_out_of_derms, now=now)
    cpm.schedule_unavailability(
        device_ids=[device(1).pk], starts_at=now, ends_at=stage.ends_at, reason="Away", by="cora", now=now
    )
    for delivery in Delivery.objects.filter(message__kind="customer_unavailability"):
        deliver(delivery.pk, 0)
    removals = list(Delivery.objects.filter(message__kind="device_removal").order_by("pk"))
    assert len(removals) == 2
    for index in order:
        deliver(removals[index].pk, 0)
    settle()

    cpm_asks.refresh_from_db()
    assert "Opt-out too late" in " ".join(changes(stage, 1))
    assert not participation(stage, device(1)).reservation_flag
    assert fresh(stage).removed == 1


@pytest.mark.parametrize("minutes", [0, 30])
def test_opting_out_ends_with_the_cut_off(minutes: int, stage: Stage, now: datetime) -> None:
    ProgramType.objects.update(opt_out_cutoff_minutes=minutes)
    cut_off = stage.starts_at - minutes * MINUTE

    with pytest.raises(Refused, match="Opting out was possible until"):
        opt_out(stage, 1, cut_off)
    opt_out(stage, 1, cut_off - timedelta(microseconds=1))

    assert participation(stage, device(1)).preemptive_opt_out


def test_opting_out_needs_the_program_type_to_allow_it(stage: Stage, now: datetime) -> None:
    ProgramType.objects.update(allow_to_opt_out=False)

    with pytest.raises(Refused, match="do not allow customers to opt out"):
        opt_out(stage, 1, now)

    assert not Message.objects.filter(kind="event_opt_out").exists()


def test_opting_out_of_a_running_stage_is_refused(stage: Stage, now: datetime) -> None:
    begin(stage)

    with pytest.raises(Refused, match="it is too late to opt out"):
        opt_out(stage, 1, now)


def test_a_device_that_left_a_stage_may_be_reserved_for_another_at_that_time(
    stage: Stage, operator: User, approver: User, now: datetime, new_event: Callable[..., Event]
) -> None:
    opt_out(stage, 1, now)
    settle()
    other = new_event()
    walk.to("Scheduled", other, operator=operator, approver=approver, now=now)
    settle()

    assert (other.stages.get().reserved, other.stages.get().left_out) == (1, {"reserved elsewhere": 19})
    assert violations(rest=timedelta(0)) == []


def test_a_stage_a_device_left_does_not_count_for_its_limits(
    stage: Stage, program: Program, operator: User, approver: User, now: datetime, new_event: Callable[..., Event]
) -> None:
    opt_out(stage, 1, now)
    settle()
    Program.objects.update(rules_data={"gap_minutes": 240})
    other = new_event(starts_at=stage.ends_at + 60 * MINUTE)
    walk.to("Scheduled", other, operator=operator, approver=approver, now=now)

    assert (other.stages.get().reserved, other.stages.get().left_out) == (1, {"rule: gap between events": 19})
