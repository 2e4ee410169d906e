"""Device selection: the order of devices, how many are chosen, and what is expected of each."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derms.choices import DeviceClass
from derms.models import ControlZone, Device, Program, ReductionFactor, Reservation, Stage
from derms.set_operations.choosing import Chosen, choose_devices, reserve_devices
from tests import factories

from .plain_controls import plain_share

pytestmark = pytest.mark.django_db

MakeDevice = Callable[..., Device]
HOUR = timedelta(hours=1)


def test_the_best_score_comes_first_then_the_least_recently_called_then_the_lowest_id(
    device: MakeDevice, reserve: Callable[..., list[int]], stage: Stage, noon: datetime
) -> None:
    late, early, never, poor, perfect, never_too = (device() for _ in range(6))
    # 8 of 10 is (8+4)/15 = 0.8, the same as (0+4)/5 for a device that was never called.
    factories.used(late, recent=0b0011111111, calls=10, last_called_at=noon - timedelta(days=1))
    factories.used(early, recent=0b1111111100, calls=10, last_called_at=noon - timedelta(days=2))
    factories.used(poor, recent=0b0000000001, calls=10, last_called_at=noon - timedelta(days=9))
    factories.used(perfect, recent=0b1111111111, calls=10, last_called_at=noon)
    order = [perfect, never, never_too, early, late, poor]

    for taken in range(1, len(order) + 1):
        with transaction.atomic():
            goal_kw = sum((0.933, 0.8, 0.8, 0.8, 0.8, 0.333)[:taken]) - 0.01
            assert reserve(goal_kw) == sorted(one.pk for one in order[:taken])
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("goal_kw", "taken"), [(None, 5), (0.0, 0), (0.001, 1), (0.8, 1), (0.801, 2), (4.0, 5), (99.0, 5)]
)
def test_devices_are_taken_until_the_goal_is_reached(
    goal_kw: float | None, taken: int, device: MakeDevice, choose: Callable[..., Chosen]
) -> None:
    for _ in range(5):
        device()

    chosen = choose(goal_kw)

    assert (chosen.devices, chosen.watts) == (taken, taken * 800)
    assert chosen.left_out == ({"not needed": 5 - taken} if taken < 5 else {})


def test_choosing_changes_nothing(device: MakeDevice, choose: Callable[..., Chosen]) -> None:
    device()

    assert choose() == choose() == Chosen(1, 800, {})
    assert not Reservation.objects.exists()


class Spec(NamedTuple):
    """A device to choose, and what it is expected to reduce by."""

    device_class: str
    rated_w: int
    calls: int
    recent: int


TINY = Spec("thermostat", 1, 10, 0)
SPECS = st.lists(
    st.builds(
        lambda kind, watts, calls, bits: Spec(kind, watts, calls, bits & ((1 << calls) - 1)),
        st.sampled_from(DeviceClass.values),
        st.integers(0, 20_000),
        st.integers(0, 10),
        st.integers(0, 1023),
    ),
    min_size=1,
    max_size=8,
)
FACTORS = st.fixed_dictionaries(
    {kind: st.lists(st.floats(0, 1), min_size=3, max_size=3) for kind in DeviceClass.values}
)
CONTROLS = st.one_of(
    st.tuples(st.just("off"), st.just(0.0)),
    st.tuples(st.just("discharge"), st.just(0.0)),
    st.tuples(st.just("duty_cycle"), st.floats(0, 100)),
    st.tuples(st.just("setpoint_offset"), st.floats(-6, 6)),
)


class Expected(NamedTuple):
    """What a device is expected to reduce by, in W, not rounded; or why it is left out."""

    watts: float
    reason: str = ""


def _reference(
    spec: Spec, factors: list[float], minutes: tuple[int, int, int], control: tuple[str, float], is_summer: bool
) -> Expected:
    """The formula of docs/reference/choosing.md, What is expected of it."""
    share = plain_share(*control, spec.device_class, is_summer)
    if share is None:
        return Expected(0, "not for this control")
    factor = sum(f * m for f, m in zip(factors, minutes, strict=True)) / sum(minutes)
    if round(spec.rated_w * factor * share) == 0:
        return Expected(0, "nothing to give now")
    score = (spec.recent.bit_count() + 4) / (spec.calls + 5)
    return Expected(spec.rated_w * factor * share * score)


def _forecast(zone: ControlZone, noon: datetime, factors: dict[str, list[float]]) -> None:
    """The share of its rating that each device class can reduce by, for the hours from noon on."""
    for kind, values in factors.items():
        for n, factor in enumerate(values):
            hours = ReductionFactor.objects.filter(zone=zone, device_class=kind, hour=noon + n * HOUR)
            hours.update(factor=factor)


def _made(spec: Spec, zone: ControlZone, program: Program, noon: datetime) -> int:
    """The id of a device created as specified, with its answered calls before noon."""
    fields: dict[str, Any] = {"device_class": spec.device_class, "rated_w": spec.rated_w}
    made = factories.device(zone, program, since=noon - timedelta(days=9), **fields)
    if spec.calls:
        factories.used(made, recent=spec.recent, calls=spec.calls, last_called_at=noon)
    return made.pk


@settings(max_examples=40)
@example([TINY], dict.fromkeys(DeviceClass.values, [1e-200] * 3), ("duty_cycle", 1e-160), True, 0, 90)
@example([TINY], dict.fromkeys(DeviceClass.values, [5e-324] * 3), ("off", 0.0), True, 0, 90)
@given(
    specs=SPECS,
    factors=FACTORS,
    control=CONTROLS,
    is_summer=st.booleans(),
    begins=st.integers(0, 59),
    length=st.integers(1, 120),
)
def test_the_expected_power_is_the_formulas(
    zone: ControlZone,
    program: Program,
    stage: Stage,
    noon: datetime,
    now: datetime,
    specs: list[Spec],
    factors: dict[str, list[float]],
    control: tuple[str, float],
    is_summer: bool,
    begins: int,
    length: int,
) -> None:
    starts_at = noon + timedelta(minutes=begins)
    minutes = tuple(max(0, min(begins + length, 60 * n + 60) - max(begins, 60 * n)) for n in range(3))
    window = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=length)}
    with transaction.atomic():
        _forecast(zone, noon, factors)
        ControlZone.objects.filter(pk=zone.pk).update(cooling_months=[noon.month] if is_summer else [])
        results = {
            _made(spec, zone, program, noon): _reference(spec, factors[spec.device_class], minutes, control, is_summer)
            for spec in specs
        }
        expected = {pk: result.watts for pk, result in results.items() if not result.reason}
        left_out = Counter(result.reason for result in results.values() if result.reason)
        Stage.objects.filter(pk=stage.pk).update(**window, control=control[0], control_value=control[1])
        fresh = Stage.objects.select_related("event__zone", "program").get(pk=stage.pk)

        before = choose_devices(fresh, goal_kw=None, now=now)
        chosen = reserve_devices(fresh, goal_kw=None, now=now)

        reserved = dict(Reservation.objects.filter(stage_id=stage.pk).values_list("device_id", "expected_w"))
        assert reserved.keys() == expected.keys()
        for pk, watts in expected.items():
            assert reserved[pk] == pytest.approx(watts, abs=0.5 + 1e-6)
        assert chosen == before == Chosen(len(expected), sum(reserved.values()), left_out)
        transaction.set_rollback(True)
