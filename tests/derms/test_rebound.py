"""What comes back after stages, compared with a slow and simple reading of response shapes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derms.choices import Control, DeviceClass
from derms.figures.profile import Reading, StagePower
from derms.figures.rebound import rebound_of
from derms.shapes import shape_of

START = datetime(2026, 7, 1, 16, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def plain(class_w: dict[str, int], control: str, minutes: int, after: int) -> float:
    """The kW that come back so many minutes after a stage of so many minutes, minute by minute."""
    total = 0.0
    for kind, watts in class_w.items():
        shape = shape_of(kind, control)
        held = sum(shape.held[min(minute // 60, len(shape.held) - 1)] for minute in range(minutes)) / 60
        most = sum(shape.back)
        if after // 60 < len(shape.back):
            total += watts / 1000 * shape.back[after // 60] * min(1.0, held / most)
    return total


@given(
    st.dictionaries(st.sampled_from(DeviceClass.values), st.integers(1, 10**7)),
    st.sampled_from(Control.values),
    st.integers(1, 600),
    st.integers(0, 400),
)
def test_what_comes_back_is_that_of_each_class_and_of_how_long_it_was_held(
    class_w: dict[str, int], control: str, minutes: int, after: int
) -> None:
    end = START + minutes * MINUTE
    power = StagePower(starts_at=START, ends_at=end, reserved_kw=sum(class_w.values()) / 1000 or 1.0)
    found = rebound_of(power, class_w, control).at(end + after * MINUTE)
    assert found == pytest.approx(plain(class_w, control, minutes, after), abs=1e-6)


def test_a_stage_canceled_after_half_an_hour_gives_back_what_it_held_until_then() -> None:
    power = StagePower(START, START + 2 * HOUR, reserved_kw=100.0, canceled_at=START + 30 * MINUTE)
    found = rebound_of(power, {"water_heater": 100_000}, "off")
    assert found.begins == START + 30 * MINUTE
    assert sum(found.kw) == pytest.approx(50.0)


def test_devices_that_left_give_nothing_back_and_a_stage_canceled_before_its_start_neither() -> None:
    left = StagePower(START, START + HOUR, reserved_kw=100.0, leavers=(Reading(START + MINUTE, 25.0),))
    assert rebound_of(left, {"water_heater": 100_000}, "off").kw == pytest.approx((52.5, 15.0, 7.5))
    canceled = StagePower(START, START + HOUR, reserved_kw=100.0, canceled_at=START - HOUR)
    assert not rebound_of(canceled, {"water_heater": 100_000}, "off").edges
