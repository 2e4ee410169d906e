"""Unavailability: nothing is reserved in its periods, and existing reservations are given up."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from cpm import operations as cpm
from cpm.models import Removal
from cpm.models.customers import Device
from cpm.models.programs import Program
from cpm.models.unavailability import Unavailability
from derms import operations as derms
from derms.models import Device as GridDevice
from derms.models import DeviceUnavailability, Event, Stage
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam.delivery import deliver
from integration.seam.models import Delivery, Message
from integration.seam.refusals import Refused
from integration.seam.settling import settle
from tests.removals.conftest import allow_leaving
from tests.removals.running import (
    MINUTE,
    answered,
    begin,
    called,
    device,
    end,
    fresh,
    outcomes,
    participation,
    program_event,
)
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def away(
    starts_at: datetime, ends_at: datetime, *devices: Device, now: datetime, reason: str = "Away"
) -> list[Unavailability]:
    return cpm.schedule_unavailability(
        device_ids=[one.pk for one in devices], starts_at=starts_at, ends_at=ends_at, reason=reason, by="cora", now=now
    )


def removals(stage: Stage) -> set[tuple[str, str, str]]:
    found = Removal.objects.filter(stage_uid=stage.uid)
    return set(found.values_list("nic_id", "reason", "answer"))


def test_unavailability_of_a_coming_stage_gives_its_reservation_up(stage: Stage, now: datetime) -> None:
    away(stage.starts_at + 30 * MINUTE, stage.ends_at + 60 * MINUTE, device(1), now=now)
    settle()

    assert removals(stage) == {(device(1).nic_id, "customer unavailable", "removed")}
    assert not participation(stage, device(1)).reservation_flag
    assert (fresh(stage).removed, program_event(stage).reserved) == (1, 19)
    begin(stage)
    end(stage)
    assert len(called(stage)) == 19
    own = outcomes(stage)[device(1).nic_id]
    assert (own.code, own.started_at, own.error) == ("D1CN", None, "customer unavailable")
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_period_that_only_touches_the_window_gives_nothing_up(side: str, stage: Stage, now: datetime) -> None:
    hour = 60 * MINUTE
    edges = {"before": (now, stage.starts_at), "after": (stage.ends_at, stage.ends_at + hour)}
    away(*edges[side], device(1), now=now)
    settle()

    assert removals(stage) == set()


def test_unavailability_over_a_running_stage(
    stage: Stage, messages_arrive_at: Callable[[datetime], None], now: datetime
) -> None:
    begin(stage)
    overridden = device(2)
    answered(stage, overridden, "takes part", overridden_at=stage.starts_at + 10 * MINUTE)
    at = stage.starts_at + 30 * MINUTE
    messages_arrive_at(at)

    away(at, stage.ends_at, device(1), overridden, now=at)
    settle()

    assert removals(stage) == {(device(n).nic_id, "customer unavailable", "released") for n in (1, 2)}
    assert not participation(stage, device(1)).reservation_flag
    end(stage)
    own = outcomes(stage)[device(1).nic_id]
    assert (own.code, own.started_at, own.ended_at, own.error) == (
        "D1CN",
        stage.starts_at,
        at,
        "customer unavailable",
    )
    # Half of the window means half of the reduction.
    assert 424 <= own.reduction_w <= 575
    assert outcomes(stage)[overridden.nic_id].code == "D1IO"
    assert {o.code for nic_id, o in outcomes(stage).items() if nic_id > overridden.nic_id} == {"D1SP"}
    assert violations(rest=timedelta(0)) == []


def test_cpm_loads_a_device_that_is_unavailable_meanwhile(event_in: Callable[..., Event], now: datetime) -> None:
    """CPM knows the period before the reservations arrive, DERMS only afterwards."""
    stage = event_in("Scheduled").stages.get()
    allow_leaving()
    derms.write_reservation_extract(stage.pk, now=now)
    away(stage.starts_at, stage.ends_at, device(1), now=now)
    for kind in ("stage_status", "device_reservation"):
        for delivery in Delivery.objects.filter(message__kind=kind):
            deliver(delivery.pk, delivery.attempt)

    assert (program_event(stage).participations, program_event(stage).reserved) == (20, 19)
    assert not participation(stage, device(1)).reservation_flag
    settle()
    assert removals(stage) == {(device(1).nic_id, "customer unavailable", "removed")}
    assert program_event(stage).reserved == 19
    assert violations(rest=timedelta(0)) == []


def test_unavailability_canceled_the_device_is_not_reserved_again(stage: Stage, now: datetime) -> None:
    (period,) = away(stage.starts_at, stage.ends_at, device(1), now=now)
    settle()

    cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)
    settle()

    assert DeviceUnavailability.objects.get().canceled
    assert not participation(stage, device(1)).reservation_flag
    assert fresh(stage).removed == 1
    begin(stage)
    assert len(called(stage)) == 19
    assert violations(rest=timedelta(0)) == []


def test_unavailability_shortened_the_device_is_not_reserved_again(stage: Stage, now: datetime) -> None:
    (period,) = away(now, stage.ends_at, device(1), now=now)
    settle()

    cpm.change_unavailability(
        uid=period.uid, starts_at=now, ends_at=stage.starts_at, reason="Back early", by="cora", now=now
    )
    settle()

    assert DeviceUnavailability.objects.get().ends_at == stage.starts_at
    assert not participation(stage, device(1)).reservation_flag
    begin(stage)
    assert len(called(stage)) == 19


def test_a_canceled_period_lets_the_device_be_chosen(
    event_in: Callable[..., Event], new_event: Callable[..., Event], operator: User, approver: User, now: datetime
) -> None:
    event = event_in("Approved")
    allow_leaving()
    stage = event.stages.get()
    (period,) = away(stage.starts_at, stage.ends_at, device(1), now=now)
    cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)
    settle()

    assert fresh(stage).reserved == 20


def test_the_newest_version_holds_in_whatever_order_they_come(stage: Stage, now: datetime) -> None:
    (period,) = away(stage.starts_at, stage.ends_at, device(1), now=now)
    cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)
    for delivery in Delivery.objects.filter(message__kind="customer_unavailability").order_by("-pk"):
        deliver(delivery.pk, 0)
    settle()

    assert DeviceUnavailability.objects.values_list("version", "canceled").get() == (2, True)
    assert removals(stage) == set()
    assert participation(stage, device(1)).reservation_flag


def test_unavailability_before_schedule_the_device_is_not_chosen(event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("Approved")
    allow_leaving()
    stage = event.stages.get()
    away(stage.starts_at, stage.ends_at, device(1), now=now)
    for delivery in Delivery.objects.filter(message__kind="customer_unavailability"):
        deliver(delivery.pk, 0)
    settle()

    assert (fresh(stage).reserved, fresh(stage).left_out) == (19, {"unavailable": 1})
    assert removals(stage) == set()


def test_unavailability_during_schedule_waits_and_then_gives_the_device_up(
    event_in: Callable[..., Event], now: datetime
) -> None:
    event = event_in("Approved")
    allow_leaving()
    stage = event.stages.get()
    away(stage.starts_at, stage.ends_at, device(1), now=now)
    delivery = Delivery.objects.get(message__kind="customer_unavailability")
    with transaction.atomic():
        derms.schedule_event(event.pk, now=now)
        run_together(lambda: deliver(delivery.pk, 0))
        delivery.refresh_from_db()
        assert delivery.error == "Not yet: the control zone is busy choosing devices"
    settle()

    assert fresh(stage).reserved == 20
    assert removals(stage) == {(device(1).nic_id, "customer unavailable", "removed")}


def test_unavailability_of_a_device_whose_enrollment_is_on_its_way_is_not_lost(stage: Stage, now: datetime) -> None:
    known = GridDevice.objects.get(nic_id=device(1).nic_id)
    GridDevice.objects.filter(pk=known.pk).update(nic_id="SOMEWHERE")
    away(now, stage.starts_at, device(1), now=now)
    delivery = Delivery.objects.get(message__kind="customer_unavailability")

    deliver(delivery.pk, 0)

    delivery.refresh_from_db()
    assert delivery.error == f"Not yet: device HE1/{known.nic_id} is not known yet"
    GridDevice.objects.filter(pk=known.pk).update(nic_id=known.nic_id)
    settle()
    assert DeviceUnavailability.objects.get().device_id == known.pk


def test_a_device_taken_up_again_is_still_unavailable(stage: Stage, now: datetime) -> None:
    """It left the program and came back as another row of DERMS."""
    subscribed = device(1).subscribed.get()
    away(now, stage.ends_at, device(1), now=now)
    settle()
    cpm.end_enrollment(subscription_id=subscribed.subscription_id, now=now + MINUTE)
    settle()
    again = subscribed.subscription
    again.pk, again.uid, again.ends_at, again.starts_at = None, None, None, now + 2 * MINUTE
    again.uid = Unavailability._meta.get_field("uid").get_default()
    again.save()

    cpm.start_enrollment(subscription_id=again.pk, device_id=device(1).pk, now=now + 2 * MINUTE)
    settle()

    live = GridDevice.objects.get(nic_id=device(1).nic_id, ended_at=None)
    assert DeviceUnavailability.objects.get().device_id == live.pk


@pytest.mark.parametrize(
    ("starts", "ends", "sentence"),
    [(-5, 60, "a period starts now"), (60, 60, "is not after"), (60, 30, "is not after")],
    ids=["in the past", "empty", "backwards"],
)
def test_a_period_that_cannot_be_is_refused(starts: int, ends: int, sentence: str, stage: Stage, now: datetime) -> None:
    with pytest.raises(Refused, match=sentence):
        away(now + starts * MINUTE, now + ends * MINUTE, device(1), now=now)

    assert not Unavailability.objects.exists()


def test_periods_of_one_device_do_not_overlap(stage: Stage, now: datetime) -> None:
    away(now, now + 60 * MINUTE, device(1), now=now)

    with pytest.raises(Refused, match="is already unavailable in part of this period"):
        away(now + 30 * MINUTE, now + 90 * MINUTE, device(2), device(1), now=now)

    assert Unavailability.objects.count() == Message.objects.filter(kind="customer_unavailability").count() == 1
    away(now + 60 * MINUTE, now + 90 * MINUTE, device(1), now=now)


@pytest.mark.parametrize("ends", [30, 60], ids=["backwards", "empty"])
def test_a_change_that_leaves_no_period_is_refused(ends: int, stage: Stage, now: datetime) -> None:
    (period,) = away(now + 60 * MINUTE, now + 90 * MINUTE, device(1), now=now)

    with pytest.raises(Refused, match="is not after"):
        cpm.change_unavailability(
            uid=period.uid,
            starts_at=now + 60 * MINUTE,
            ends_at=now + ends * MINUTE,
            reason="Away",
            by="cora",
            now=now,
        )


def test_a_period_that_is_over_stays_as_it_was(stage: Stage, now: datetime) -> None:
    (period,) = away(now, now + 30 * MINUTE, device(1), now=now)
    later = now + 31 * MINUTE

    with pytest.raises(Refused, match="The period ended"):
        cpm.cancel_unavailability(uid=period.uid, by="cora", now=later)
    with pytest.raises(Refused, match="The period ended"):
        cpm.change_unavailability(
            uid=period.uid, starts_at=now, ends_at=later + MINUTE, reason="Away", by="cora", now=later
        )


def test_a_canceled_period_stays_canceled(stage: Stage, now: datetime) -> None:
    (period,) = away(now, now + 30 * MINUTE, device(1), now=now)
    cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)

    with pytest.raises(Refused, match="The period is canceled"):
        cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)


def test_unavailability_needs_a_program_that_allows_it(stage: Stage, now: datetime) -> None:
    Program.objects.update(allow_customer_unavailability=False)

    with pytest.raises(Refused, match="allows customer unavailability"):
        away(now, now + 30 * MINUTE, device(1), now=now)
