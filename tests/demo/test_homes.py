"""Invented loads of homes, without a database."""

import numpy as np
import pytest

from cpm.choices import DeviceClass
from integration.demo.homes import QUARTERS, Effects, Homes, Shape, after_events, loads, uniform


def test_energy_that_a_device_saves_is_missing_from_its_home_and_comes_back_by_its_share() -> None:
    homes = Homes(np.array([7]), np.array([True]), np.array([0]), np.array(["thermostat"]), np.array([4.0], "f4"))
    quarters = np.arange(2 * QUARTERS)
    shape = Shape(np.full(192, 0.9, "f4"), dict.fromkeys(DeviceClass.values, np.full(192, 0.8, "f4")))
    before = loads(homes, quarters, shape)
    part = Effects(
        np.array([0]), np.array([40 * 900 + 450]), np.array([48 * 900 + 450]), np.array([2.0], "f4"),
        np.array(["thermostat"]), np.array([3]),
    )  # fmt: skip
    after = after_events(before, homes, quarters, part)

    saved_kwh = 2.0 * (0.8 + 0.25 * float(uniform(3, 5)[0])) * 2
    change = (after - before)[0] / 4
    assert change[:49].sum() == pytest.approx(-saved_kwh, rel=1e-4)
    assert change[40] == pytest.approx(change[41] / 2, rel=1e-4), "half of the quarter in which it began"
    assert change[49:].sum() == pytest.approx(saved_kwh * 0.5, rel=1e-4)
    assert np.array_equal(loads(homes, quarters, shape), before)
