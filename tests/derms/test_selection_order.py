"""Device selection: the order of devices, how many are chosen, and what is expected of each."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derms.choices import DeviceClass
from derms.models import ControlZone, Device, Event, Program, ReductionFactor, Removal, Reservation, Stage
from derms.set_operations.choosing import Chosen, choose_devices, reserve_devices
from derms.set_operations.device_order import ORDERS
from tests import factories

from .plain_controls import plain_share
from .test_selection_rules import another_event

pytestmark = pytest.mark.django_db

MakeDevice = Callable[..., Device]
HOUR = timedelta(hours=1)


def order_taken(reserve: Callable[..., list[int]], watts: list[float]) -> list[int]:
    """The order in which devices are taken as the goal grows by the expected W of each."""
    order: list[int] = []
    for taken in range(1, len(watts) + 1):
        with transaction.atomic():
            chosen = reserve(sum(watts[:taken]) / 1000 - 0.01)
            order += [pk for pk in chosen if pk not in order]
            assert sorted(order) == chosen, "a larger goal left out what a smaller one had taken"
            transaction.set_rollback(True)
    return order


def ids(*devices: Device) -> list[int]:
    return [device.pk for device in devices]


def test_the_fewest_events_come_first_then_the_least_recently_called_then_the_lowest_id(
    device: MakeDevice, reserve: Callable[..., list[int]], noon: datetime
) -> None:
    often, late, early, never, never_too, long_ago = (device() for _ in range(6))
    factories.used(often, before=noon, days=40, events=2)
    factories.used(late, before=noon, days=1)
    factories.used(early, before=noon, days=2)
    # From 49 days on, it doesn't matter how long ago the last call was.
    factories.used(long_ago, before=noon, days=60, events=0)

    assert order_taken(reserve, [800] * 6) == ids(never, never_too, long_ago, early, late, often)


def test_fewest_devices_takes_the_most_expected_power_in_steps_of_50_w(
    device: MakeDevice, reserve: Callable[..., list[int]], event: Event, noon: datetime
) -> None:
    Event.objects.filter(pk=event.pk).update(call_order="fewest")
    small, often, seldom, large = (device(rated_w=watts) for watts in (900, 1049, 1000, 20_000))
    factories.used(often, before=noon, events=2)
    factories.used(seldom, before=noon, events=1)

    assert order_taken(reserve, [16_000, 800, 839, 720]) == ids(large, seldom, often, small)


def test_most_reliable_takes_the_highest_rate_in_steps_of_1_percent(
    device: MakeDevice, reserve: Callable[..., list[int]], event: Event, noon: datetime
) -> None:
    Event.objects.filter(pk=event.pk).update(call_order="reliable")
    poor, often, seldom, best = (device() for _ in range(4))
    for one, total, events in ((poor, 30, 1), (often, 35, 2), (seldom, 34.8, 1), (best, 45, 9)):
        factories.used(one, before=noon, n=40, total=total, events=events)

    assert order_taken(reserve, [1089, 862, 867, 756]) == ids(best, seldom, often, poor)


@pytest.mark.parametrize("order", list(ORDERS))
def test_there_are_few_ranks(order: str) -> None:
    assert ORDERS[order].first_values * ORDERS[order].second_values <= 5_000


def test_an_event_that_is_not_counted_yet_counts_once(
    device: MakeDevice, reserve: Callable[..., list[int]], event: Event, program: Program, noon: datetime
) -> None:
    twice, once, left, counted, none = (device() for _ in range(5))
    for one in (twice, once, left, none):
        factories.used(one, before=noon, days=60, events=1)
    factories.used(counted, before=noon, days=60, events=2)
    windows = [(noon - n * HOUR, noon - n * HOUR + HOUR) for n in (9, 8, 7, 6)]
    first, second = another_event(event), another_event(event)
    factories.reserved_stage(first, program, *windows[0], twice, once, left, counted)
    factories.reserved_stage(first, program, *windows[1], twice, once, counted)
    factories.reserved_stage(second, program, *windows[2], twice)
    factories.reserved_stage(second, program, *windows[3], none, state="Canceled")
    gone = {"head_end": "HE1", "nic_id": left.nic_id, "reason": "opt-out", "requested_at": noon, "answer": "removed"}
    Removal.objects.create(stage_uid=first.stages.first().uid, **gone)
    # A stage of the first event is counted already, and it called this device.
    ran = {"state": "Completed", "calls_counted_at": noon, "started_at": noon - 5 * HOUR}
    past = factories.reserved_stage(first, program, noon - 5 * HOUR, noon - 4 * HOUR, counted, **ran)
    factories.outcomes(past, {counted.pk: "D1SP"})

    assert order_taken(reserve, [800] * 5) == ids(left, none, once, counted, twice)


def test_events_of_another_season_count_nothing(
    device: MakeDevice, reserve: Callable[..., list[int]], noon: datetime
) -> None:
    this, last = device(), device()
    factories.used(this, before=noon, days=60, events=1)
    factories.used(last, before=noon - timedelta(days=365), days=60 - 365, events=9)

    assert order_taken(reserve, [800] * 2) == ids(last, this)


@pytest.mark.parametrize(
    ("begins", "season"),
    [("01-01", 2026), ("06-30", 2026), ("07-01", 2025), ("12-31", 2025)],
)
def test_a_season_begins_on_a_local_day(begins: str, season: int, zone: ControlZone, settings: Any) -> None:
    settings.YEAR_BEGINS = begins

    # Still 30 June in New York.
    assert zone.season(datetime(2026, 7, 1, 3, 59, tzinfo=UTC)) == season


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

    assert choose() == choose() == Chosen(1, 800, {}, {})
    assert not Reservation.objects.exists()


class Spec(NamedTuple):
    """A device to choose, and what it is expected to reduce by."""

    device_class: str
    rated_w: int
    n: float
    given: float


TINY = Spec("thermostat", 1, 10, 0)
SPECS = st.lists(
    st.builds(
        lambda kind, watts, calls, share: Spec(kind, watts, calls, calls * share),
        st.sampled_from(DeviceClass.values),
        st.integers(0, 20_000),
        st.integers(0, 40),
        st.integers(0, 1500).map(lambda pm: pm / 1000),
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
    tolerance: float = 0.5  # rates are kept in per mille


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
    rate = (4 + spec.given) / (5 + spec.n)
    return Expected(spec.rated_w * factor * share * rate, tolerance=0.5 + spec.rated_w * factor * share * 0.0005)


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
    if spec.n:
        factories.used(made, before=noon, n=spec.n, total=spec.given)
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
        expected = {pk: result for pk, result in results.items() if not result.reason}
        left_out = Counter(result.reason for result in results.values() if result.reason)
        Stage.objects.filter(pk=stage.pk).update(**window, control=control[0], control_value=control[1])
        fresh = Stage.objects.select_related("event__zone", "program").get(pk=stage.pk)

        before = choose_devices(fresh, goal_kw=None, now=now)
        chosen = reserve_devices(fresh, goal_kw=None, now=now)

        reserved = dict(Reservation.objects.filter(stage_id=stage.pk).values_list("device_id", "expected_w"))
        assert reserved.keys() == expected.keys()
        for pk, result in expected.items():
            assert reserved[pk] == pytest.approx(result.watts, abs=result.tolerance + 1e-6)
        assert chosen == before
        assert (chosen.devices, chosen.watts, chosen.left_out) == (len(expected), sum(reserved.values()), left_out)
        transaction.set_rollback(True)
