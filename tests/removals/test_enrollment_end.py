"""A customer who leaves a program, and a device that is replaced."""

from datetime import datetime, timedelta

import pytest

from cpm import operations as cpm
from cpm.models import Removal
from cpm.models.customers import Device
from derms.models import Stage
from integration.commands.verify import violations
from integration.seam.settling import settle
from lec_sim import operations as lec
from tests.removals.running import begin, called, device, end, execution, fresh, outcomes, participation

pytestmark = pytest.mark.django_db(transaction=True)


def leave(one: Device, now: datetime) -> None:
    cpm.end_enrollment(subscription_id=one.subscribed.get().subscription_id, now=now)
    settle()


def replace(one: Device, now: datetime) -> Device:
    new = cpm.replace_device(device_id=one.pk, nic_id="NEW0001", model="Newer model", rated_w=1000, now=now)
    settle()
    return new


def test_enrollment_ends_and_future_reservations_are_removed(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    one = device(1)
    leave(one, now)

    for stage in two_stages:
        assert Removal.objects.values_list("reason", "answer").get(stage_uid=stage.uid) == (
            "enrollment ended",
            "removed",
        )
        assert not participation(stage, one).reservation_flag
        assert fresh(stage).removed == 1
    begin(two_stages[0])
    assert one.nic_id not in called(two_stages[0])
    assert violations(rest=timedelta(0)) == []


def test_enrollment_ends_while_a_stage_runs_and_it_finishes(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    first, second = two_stages
    one = device(1)
    begin(first)
    leave(one, now)

    assert list(Removal.objects.values_list("stage_uid", flat=True)) == [second.uid]
    assert participation(first, one).reservation_flag
    end(first)
    assert outcomes(first)[one.nic_id].code == "D1SP"
    assert violations(rest=timedelta(0)) == []


def test_enrollment_ends_while_the_start_is_on_its_way_and_the_stage_finishes(stage: Stage, now: datetime) -> None:
    one = device(1)
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    cpm.end_enrollment(subscription_id=one.subscribed.get().subscription_id, now=now)
    settle()

    assert participation(stage, one).reservation_flag
    end(stage)
    assert outcomes(stage)[one.nic_id].code == "D1SP"
    assert fresh(stage).removed == 0
    assert violations(rest=timedelta(0)) == []


def test_device_replaced_the_old_one_leaves_and_the_new_one_does_not_inherit(stage: Stage, now: datetime) -> None:
    old = device(1)
    new = replace(old, now)

    assert Removal.objects.values_list("nic_id", "reason", "answer").get() == (
        old.nic_id,
        "enrollment ended",
        "removed",
    )
    assert not participation(stage, old).reservation_flag
    begin(stage)
    end(stage)
    assert not {old.nic_id, new.nic_id} & called(stage)
    assert outcomes(stage)[old.nic_id].code == "D1CN"
    assert new.nic_id not in outcomes(stage)
    assert violations(rest=timedelta(0)) == []


def test_device_replaced_while_a_stage_runs_keeps_the_old_nic_id(stage: Stage, now: datetime) -> None:
    old = device(1)
    begin(stage)
    replace(old, now)

    assert not Removal.objects.exists()
    end(stage)
    own = outcomes(stage)[old.nic_id]
    assert (own.code, own.device_id) == ("D1SP", old.pk)
    assert participation(stage, old).reservation_flag
    assert violations(rest=timedelta(0)) == []
