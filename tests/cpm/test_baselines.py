"""Baselines: worked examples by hand, a slow plain reading of the rules, and days without an event."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cpm.baselines import (
    READY,
    Adjustment,
    Baselines,
    Like,
    Method,
    Pick,
    Why,
    held_out,
    like_days,
    meter_before,
)
from integration.bench.baselines import measure

A_DAY = 4  # columns of an invented day: two hours before the event, and two of it
BEFORE, WINDOW = (0, 1), (2, 3)
NOTHING = math.nan
TWO_OF_THREE = Method("high 2 of 3", of=3, use=2, pick=Pick.HIGHEST, least=2)


def block(*meters: list[list[float]]) -> np.ndarray[Any, Any]:
    """Meters, each with its days, the event's day first and then the latest before it."""
    return np.array([[kwh for day in meter for kwh in day] for meter in meters], dtype=np.float64)


def like(days: int, temperatures: list[float] | None = None, own: float = NOTHING) -> Like:
    starts = np.arange(1, days + 1)[:, None] * A_DAY
    known = None if temperatures is None else np.array(temperatures)
    return Like(starts + WINDOW, starts + BEFORE, np.array(WINDOW), np.array(BEFORE), known, own)


def of(method: Method, meter: list[list[float]], **fields: Any) -> Baselines:
    return like_days(block(meter), like(len(meter) - 1, **fields), method)


def test_high_2_of_3_by_hand() -> None:
    """Days use 2, 6 and 4 kWh in the event's hours: 6 and 4 count. Mornings: 3 kWh today, 2 on both, so half as much
    again is wanted; at most a fifth is allowed.
    """
    found = of(TWO_OF_THREE, [[1.5, 1.5, 0.5, 0.5], [9, 9, 1, 1], [1, 1, 2, 4], [1, 1, 3, 1], [1, 1, 90, 90]])
    assert found.used.tolist() == [[False, True, True, False]], "the fourth day is too long ago"
    assert found.unadjusted.tolist() == [[2.5, 2.5]]
    assert (found.factor[0], found.is_capped[0]) == (1.2, True)
    assert found.baseline.tolist() == [[3.0, 3.0]]
    assert found.why.tolist() == [Why.MEASURED]


@pytest.mark.parametrize(
    ("adjustment", "today", "factor", "baseline"),
    [
        (Adjustment.NONE, [9, 9], 1.0, [2.0, 4.0]),
        (Adjustment.RATIO, [1.1, 1.1], 1.1, [2.2, 4.4]),
        (Adjustment.RATIO, [0.1, 0.1], 0.8, [1.6, 3.2]),
        (Adjustment.ADDITIVE, [1.5, 1.1], 0.3, [2.3, 4.3]),
        (Adjustment.ADDITIVE, [3.0, 3.0], 0.6, [2.6, 4.6]),
    ],
)
def test_each_adjustment_by_hand(adjustment: Adjustment, today: list[float], factor: float, baseline: Any) -> None:
    """One like day: 1 kWh in both hours before, 2 and 4 in the event's. A fifth of its mean of 3 is 0.6."""
    method = Method("1 of 1", of=1, use=1, adjustment=adjustment, least=1)
    found = of(method, [[*today, 0, 0], [1, 1, 2, 4]])
    assert found.factor[0] == pytest.approx(factor)
    assert found.baseline[0].tolist() == pytest.approx(baseline)


def test_where_the_hours_before_are_net_export_a_share_is_not_known() -> None:
    found = of(Method("1 of 1", of=1, use=1, least=1), [[-1, -1, 0, 0], [-2, -1, 1, 1]])
    assert (found.factor[0], found.baseline[0].tolist()) == (1.0, [1.0, 1.0])


def test_the_closest_temperatures_count_and_of_equal_ones_the_later_day() -> None:
    method = Method("1 of 3 by temperature", of=3, use=1, pick=Pick.CLOSEST_TEMPERATURE, least=1)
    days: list[list[float]] = [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 2, 2], [1, 1, 3, 3]]
    assert of(method, days, temperatures=[20, 31, 29], own=30).baseline[0].tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="needs the days' temperatures"):
        of(method, days)


def test_a_meter_without_enough_days_or_readings_has_a_reason_in_place_of_a_baseline() -> None:
    method = Method("2 of 2", of=2, use=2, least=2)
    whole: list[list[float]] = [[1, 1, 1, 1], [1, 1, 2, 2], [1, 1, 2, 2]]
    gap = [whole[0], [1, 1, NOTHING, 2], whole[2]]
    event = [[1, 1, NOTHING, 1], *whole[1:]]
    morning = [[1, NOTHING, 1, 1], *whole[1:]]
    found = like_days(block(whole, gap, event, morning), like(2), method)
    assert found.why.tolist() == ["", Why.TOO_FEW_DAYS, Why.EVENT_INCOMPLETE, Why.HOURS_BEFORE_INCOMPLETE]
    assert np.isnan(found.baseline[1:]).all()
    assert found.baseline[0].tolist() == [2.0, 2.0]


def test_days_on_which_a_meter_took_part_in_another_event_do_not_count_for_it() -> None:
    meter: list[list[float]] = [[1, 1, 0, 0], [1, 1, 9, 9], [1, 1, 2, 2]]
    method = Method("1 of 1", of=1, use=1, least=1)
    busy = np.array([[True, False], [False, False]])
    found = like_days(block(meter, meter), like(2), method, busy)
    assert found.baseline.tolist() == [[2.0, 2.0], [9.0, 9.0]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"of": 3, "use": 4}, "4 of 3 days"),
        ({"of": 3, "use": 2, "least": 1}, "which 2 of 3 days"),
        ({"of": 3, "use": 3, "least": 4}, "at least 4"),
        ({"of": 3, "use": 3, "least": 1, "cap": -0.1}, "cap is -0.1"),
    ],
)
def test_a_method_that_cannot_be_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Method("wrong", **fields)


def test_meter_before_repeats_the_last_reading() -> None:
    assert meter_before(block([[1, 2, 3, 4]]), np.array(WINDOW), 1).tolist() == [[2.0, 2.0]]


def test_the_held_out_group_by_hand() -> None:
    """Means 1 and 3 against 2 and 6; variances 2 and 2 of two meters each, and 0: sqrt(2 / 2 + 0) * 1.645."""
    found = held_out(np.array([[0.0, 3], [2, 3]]), np.array([[2.0, 6], [2, 6], [NOTHING, 9]]))
    assert found.saved.tolist() == [1.0, 3.0]
    assert found.half_width.tolist() == pytest.approx([1.6449, 0.0], abs=1e-4)
    assert np.isnan(held_out(np.array([[1.0]]), np.array([[1.0], [2.0]])).saved).all()


def plain(meter: list[list[float]], method: Method, temperatures: list[float], own: float) -> list[float] | None:
    """The rules read one meter and one day at a time; None if there is no baseline."""
    today, days = meter[0], list(enumerate(meter[1:]))

    def missing(kwh: list[float]) -> bool:
        return any(math.isnan(one) for one in kwh)

    is_adjusted = method.adjustment != Adjustment.NONE
    likes = [(n, day) for n, day in days if not missing(day if is_adjusted else day[2:])][: method.of]
    if len(likes) < method.least or missing(today if is_adjusted else today[2:]):
        return None
    if method.pick == Pick.HIGHEST:
        likes = sorted(likes, key=lambda one: -sum(one[1][2:]))[: method.use]
    if method.pick == Pick.CLOSEST_TEMPERATURE:
        likes = sorted(likes, key=lambda one: abs(temperatures[one[0]] - own))[: method.use]
    base = [sum(day[hour] for _, day in likes) / len(likes) for hour in WINDOW]
    before = sum(day[0] + day[1] for _, day in likes) / len(likes)
    if method.adjustment == Adjustment.RATIO and before > 0:
        return [kwh * min(max((today[0] + today[1]) / before, 1 - method.cap), 1 + method.cap) for kwh in base]
    if method.adjustment == Adjustment.ADDITIVE:
        most = method.cap * abs(base[0] + base[1]) / 2
        return [kwh + min(max((today[0] + today[1] - before) / 2, -most), most) for kwh in base]
    return base


# Eighths add up without rounding, so that ties are ties in both.
kwh = st.one_of(st.integers(-8, 40).map(lambda n: n / 8), st.just(NOTHING))
days = st.lists(st.lists(kwh, min_size=A_DAY, max_size=A_DAY), min_size=13, max_size=13)


@given(meters=st.lists(days, min_size=1, max_size=4), degrees=st.lists(st.integers(20, 24), min_size=13, max_size=13))
@example(meters=[[[1.0] * A_DAY] * 13], degrees=[20] * 13)
@pytest.mark.parametrize("method", READY, ids=[method.name for method in READY])
def test_every_ready_method_is_its_plain_reading(method: Method, meters: Any, degrees: list[int]) -> None:
    temperatures, own = [float(one) for one in degrees[1:]], float(degrees[0])
    found = like_days(block(*meters), like(12, temperatures=temperatures, own=own), method)
    for meter, baseline in zip(meters, found.baseline, strict=True):
        expected = plain(meter, method, temperatures, own)
        if expected is None:
            assert np.isnan(baseline).all()
        else:
            assert baseline.tolist() == pytest.approx(expected)


def test_on_days_without_an_event_10_of_10_is_near_the_truth_and_high_5_of_10_is_not() -> None:
    found = {one.method: one for one in measure(meters=500)}
    assert abs(found["10 of 10"].bias) <= 0.01
    assert found["10 of 10"].cv <= 0.06
    assert found["10 of 10, not adjusted"].cv > 0.1, "weather changes from day to day"
    assert found["high 5 of 10"].bias > 0.05, "the highest of the past are above today"
    assert not any(one.without for one in found.values())
