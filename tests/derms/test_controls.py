"""Controls: which device classes each works for, in which direction, and plans that it does not suit."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from derms import operations
from derms.choices import Control, DeviceClass
from derms.controls import CONTROLS, reduced_share
from derms.forms.events import controls_in_words
from derms.models import ControlZone, DerGroup, Device, Event, Program, ReductionFactor, Stage
from derms.operations.approval import EventNotSubmittable
from derms.set_operations.choosing import Chosen
from integration.console.models import User
from tests import factories

from .plain_controls import plain_share

pytestmark = pytest.mark.django_db
MakeDevice = Callable[..., Device]
Choose = Callable[..., Chosen]
SetControl = Callable[..., None]
NOTHING, UNSUITED = "nothing to give now", "not for this control"


@pytest.fixture
def control(stage: Stage) -> SetControl:
    """Set the control of the stage."""

    def make(name: str, value: float = 0, **fields: object) -> None:
        Stage.objects.filter(pk=stage.pk).update(control=name, control_value=value, **fields)

    return make


@pytest.fixture
def winter(zone: ControlZone) -> None:
    """The zone heats all year."""
    ControlZone.objects.filter(pk=zone.pk).update(cooling_months=[])


def refusal(event: Event, operator: User, now: datetime) -> str:
    with pytest.raises(EventNotSubmittable) as refused:
        operations.submit_event(event_id=event.pk, by=operator, now=now)
    return str(refused.value)


def test_each_control_reduces_what_the_plain_table_says() -> None:
    assert set(CONTROLS) == set(Control)
    for name, value, kind, summer in product(Control, (-6, -3, 0, 2, 3, 50, 100), DeviceClass, (True, False)):
        expected = plain_share(name, value, kind, summer)
        assert reduced_share(name, value, kind, is_cooling=summer) == expected, (name, value, kind, summer)


def test_a_class_that_can_give_nothing_now_is_left_out_of_a_stage_with_a_target(
    device: MakeDevice, choose: Choose, zone: ControlZone
) -> None:
    """98 thermostats of 173 devices used to be reserved for 0 W."""
    ReductionFactor.objects.filter(zone=zone, device_class="thermostat").update(factor=0)
    for _ in range(3):
        device()
    for _ in range(2):
        device(device_class="water_heater")

    assert choose() == Chosen(2, 1600, {NOTHING: 3}, {NOTHING: 0})
    assert choose(1000.0) == Chosen(2, 1600, {NOTHING: 3}, {NOTHING: 0})


@pytest.mark.parametrize(("rated_w", "left_out"), [(0, {NOTHING: 1}), (1, {NOTHING: 1}), (2, {})])
def test_a_device_that_rounds_to_0_w_is_left_out(
    rated_w: int, left_out: dict[str, int], device: MakeDevice, choose: Choose, control: SetControl
) -> None:
    control("duty_cycle", 50)
    device(rated_w=rated_w)

    assert choose().left_out == left_out


@pytest.mark.parametrize(
    ("name", "value", "called", "unsuited"),
    [
        ("discharge", 0, 1, 3),
        ("off", 0, 3, 1),
        ("duty_cycle", 50, 3, 1),
        ("setpoint_offset", 2, 1, 3),
        ("setpoint_offset", -2, 1, 3),
    ],
)
def test_devices_of_other_classes_are_left_out(
    name: str,
    value: float,
    called: int,
    unsuited: int,
    device: MakeDevice,
    choose: Choose,
    control: SetControl,
) -> None:
    control(name, value)
    for kind in DeviceClass:
        device(device_class=kind)

    chosen = choose()

    assert (chosen.devices, chosen.left_out) == (called, {UNSUITED: unsuited})


def test_a_lower_setpoint_reduces_nothing_in_summer_and_the_same_in_winter_as_a_higher_one_in_summer(
    device: MakeDevice, choose: Choose, control: SetControl, zone: ControlZone
) -> None:
    """-3 K used to count as +3 K."""
    device()

    control("setpoint_offset", -3)
    assert choose() == Chosen(0, 0, {UNSUITED: 1}, {UNSUITED: 0})
    control("setpoint_offset", 3)
    assert choose() == Chosen(1, 600, {}, {})

    ControlZone.objects.filter(pk=zone.pk).update(cooling_months=[])
    assert choose() == Chosen(0, 0, {UNSUITED: 1}, {UNSUITED: 0})
    control("setpoint_offset", -3)
    assert choose() == Chosen(1, 600, {}, {})


@pytest.mark.parametrize(
    ("moment", "is_cooling"),
    [
        (datetime(2026, 5, 1, 3, 59, tzinfo=UTC), False),
        (datetime(2026, 5, 1, 4, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 1, 3, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 1, 4, 0, tzinfo=UTC), False),
    ],
    ids=["April there", "1 May there", "September there", "1 October there"],
)
def test_a_zone_cools_from_may_to_september_of_its_own_time(moment: datetime, is_cooling: bool) -> None:
    assert ControlZone(code="NEW", time_zone="America/New_York").is_cooling(moment) is is_cooling


@pytest.mark.parametrize("months", [[0], [13], [5, 99]])
def test_a_zone_cools_in_months_of_the_year_only(months: list[int], zone: ControlZone) -> None:
    zone.cooling_months = months
    with pytest.raises(ValidationError):
        zone.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        zone.save()


def test_discharge_of_thermostats_is_refused_at_submit(
    device: MakeDevice, control: SetControl, event: Event, operator: User, now: datetime
) -> None:
    """It used to promise 101.7 kW."""
    device()
    control("discharge")

    assert refusal(event, operator, now) == (
        "Stage 1: the control “Discharge” is made for Battery, but the stage can only call Thermostat. "
        "Choose another control, program or DER group."
    )


def test_switching_batteries_off_is_refused_at_submit(
    device: MakeDevice, control: SetControl, event: Event, operator: User, now: datetime
) -> None:
    device(device_class="battery")
    control("off")

    assert "is made for Thermostat, Water heater and EV charger, but the stage can only call Battery" in refusal(
        event, operator, now
    )


def test_a_group_decides_which_classes_a_stage_may_choose_from(
    device: MakeDevice, stage: Stage, event: Event, operator: User, now: datetime
) -> None:
    device()
    device(device_class="battery")
    group = DerGroup.objects.create(name="Storage", device_classes=["battery"])
    stage.der_groups.add(group)

    assert "can only call Battery" in refusal(event, operator, now)

    stage.der_groups.clear()
    operations.submit_event(event_id=event.pk, by=operator, now=now)


def test_a_lower_setpoint_in_summer_is_refused_at_submit(
    device: MakeDevice, control: SetControl, event: Event, operator: User, now: datetime
) -> None:
    device()
    control("setpoint_offset", -3)

    assert refusal(event, operator, now) == (
        "Stage 1: a setpoint offset of \N{MINUS SIGN}3 K adds load (Thermostat) in a month in which North zone cools. "
        "Enter +3 K."
    )


@pytest.mark.usefixtures("winter")
def test_a_higher_setpoint_in_winter_is_refused_at_submit(
    device: MakeDevice, control: SetControl, event: Event, operator: User, now: datetime
) -> None:
    device()
    control("setpoint_offset", 1.5)

    assert refusal(event, operator, now) == (
        "Stage 1: a setpoint offset of +1.5 K adds load (Thermostat) in a month in which North zone heats. "
        "Enter \N{MINUS SIGN}1.5 K."
    )


def test_a_higher_setpoint_of_water_heaters_is_refused_in_any_month(
    device: MakeDevice, control: SetControl, event: Event, operator: User, now: datetime
) -> None:
    device(device_class="water_heater")
    control("setpoint_offset", 2)

    assert refusal(event, operator, now) == (
        "Stage 1: a setpoint offset of +2 K adds load (Water heater). Enter \N{MINUS SIGN}2 K."
    )


def test_a_program_without_devices_is_no_matter_of_its_control(
    control: SetControl, event: Event, operator: User, now: datetime, program: Program, noon: datetime
) -> None:
    south = factories.zone("SOUTH")
    factories.device(south, program, since=noon - timedelta(days=1))
    control("discharge")

    operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=0)
    assert Event.objects.get(pk=event.pk).state == "Submitted"


def test_the_form_names_the_classes_of_each_control() -> None:
    assert controls_in_words() == (
        "Setpoint offset: Thermostat, Water heater; Duty cycle: Thermostat, Water heater, EV charger; "
        "Off: Thermostat, Water heater, EV charger; Discharge: Battery."
    )
