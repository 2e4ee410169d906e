"""Placebo: baselines on days without an event, where what was metered is the truth, and how fast they are computed."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.baselines import READY, Like, Method, held_out, like_days, meter_before

Floats = NDArray[np.floating[Any]]

A_DAY = 96  # intervals of 15 min
DAYS, LOOKBACK, PLACEBOS = 75, 45, 14
WINDOW = slice(17 * 4, 20 * 4)  # 17:00 to 20:00
BEFORE = slice(13 * 4, 16 * 4)  # three hours, with one between them and the event for pre-cooling and notice
PORTFOLIO = 100  # meters whose sum an error is looked at
BLOCK = 4_096  # meters computed at once
BIAS_GOAL, CV_GOAL, RATE_GOAL = 0.01, 0.06, 100_000
GOAL_METHOD = "10 of 10"


class Found(NamedTuple):
    """Of one method: sum of errors / sum metered, root mean square error of a portfolio / its mean load, per second."""

    method: str
    bias: float
    cv: float
    per_second: float
    without: int  # baselines that could not be computed

    @property
    def ok(self) -> bool:
        """Whether the goals hold; only the most usual method has some."""
        is_near = abs(self.bias) <= BIAS_GOAL and self.cv <= CV_GOAL
        return self.method != GOAL_METHOD or (is_near and self.per_second >= RATE_GOAL)


def synthetic(meters: int, seed: int) -> tuple[Floats, Floats]:
    """Return invented homes: kWh per interval (meters, days * 96) as float32, and each day's temperature in °C.

    A home has a base load, habits by hour that differ at weekends, cooling by what is above its own setpoint, and noise
    that lasts. Temperatures go up and down over several days, as weather does, so that like days are never alike.
    """
    rng = np.random.default_rng(seed)
    warmth = np.empty(DAYS)
    warmth[0] = 0
    for day in range(1, DAYS):
        warmth[day] = 0.7 * warmth[day - 1] + rng.normal(0, 2.2)
    temperatures = 27 + warmth
    hours = np.arange(A_DAY) / 4
    outside = temperatures[:, None] + 6 * np.sin((hours - 9) / 24 * 2 * np.pi)
    habits = 0.06 + 0.12 * np.exp(-(((hours - 19) / 2.5) ** 2)) + 0.05 * np.exp(-(((hours - 7.5) / 1.2) ** 2))
    weekend = (np.arange(DAYS) % 7 >= 5)[:, None]
    shape = np.where(weekend, np.roll(habits, -4) * 1.1, habits)
    size, setpoint, slope = rng.lognormal(0, 0.4, meters), rng.normal(24, 1.5, meters), rng.gamma(4, 0.006, meters)
    readings = np.empty((meters, DAYS * A_DAY), np.float32)
    for at in range(0, meters, BLOCK):
        some = slice(at, min(at + BLOCK, meters))
        cooling = slope[some, None, None] * np.maximum(0, outside[None] - setpoint[some, None, None])
        usual = size[some, None, None] * shape[None] + cooling
        lasting = np.repeat(rng.lognormal(-0.02, 0.2, (*usual.shape[:2], A_DAY // 8)), 8, axis=2)
        readings[some] = (usual * lasting).reshape(len(usual), -1)
    return readings, temperatures


def measure(*, meters: int, seed: int = 1) -> list[Found]:
    """Compute the baseline of each method on the latest working days, none of which has an event."""
    readings, temperatures = synthetic(meters, seed)
    days = [day for day in range(LOOKBACK, DAYS) if day % 7 < 5][-PLACEBOS:]
    found = [_of_method(method, readings, temperatures, days) for method in READY]
    return [*found, _of_meter_before(readings, days), _of_held_out(readings, days)]


def like(day: int, temperatures: Floats) -> Like:
    """The working days before a day, the latest first."""
    others = [one for one in range(day - 1, max(-1, day - 1 - LOOKBACK), -1) if one % 7 < 5]
    return Like(
        window=np.array([_columns(one, WINDOW) for one in others]),
        before=np.array([_columns(one, BEFORE) for one in others]),
        own_window=_columns(day, WINDOW),
        own_before=_columns(day, BEFORE),
        temperatures=temperatures[others],
        own_temperature=float(temperatures[day]),
    )


def _columns(day: int, hours: slice) -> NDArray[np.int64]:
    return np.arange(day * A_DAY + hours.start, day * A_DAY + hours.stop)


def _of_method(method: Method, readings: Floats, temperatures: Floats, days: list[int]) -> Found:
    seconds, baselines = 0.0, []
    for day in days:
        of_day, here = like(day, temperatures), []
        for block in _blocks(readings):
            began = time.perf_counter()
            here.append(like_days(block, of_day, method).baseline)
            seconds += time.perf_counter() - began
        baselines.append(np.concatenate(here))
    return _found(method.name, baselines, readings, days, len(days) * len(readings) / seconds)


def _of_meter_before(readings: Floats, days: list[int]) -> Found:
    began = time.perf_counter()
    baselines = [meter_before(readings, one, int(one[0]) - 1) for one in (_columns(day, WINDOW) for day in days)]
    rate = len(days) * len(readings) / (time.perf_counter() - began)
    return _found("meter before", baselines, readings, days, rate)


def _of_held_out(readings: Floats, days: list[int]) -> Found:
    """Every tenth home is held out; its mean is everybody's baseline."""
    is_held = np.arange(len(readings)) % 10 == 0
    baselines, began = [], time.perf_counter()
    for day in days:
        own = readings[:, _columns(day, WINDOW)]
        saved = held_out(own[~is_held], own[is_held]).saved
        baselines.append(own + saved)  # the difference of the groups' means is the error that is looked at
    return _found("held out", baselines, readings, days, len(days) * len(readings) / (time.perf_counter() - began))


def _found(name: str, baselines: Sequence[Floats], readings: Floats, days: list[int], per_second: float) -> Found:
    metered = np.stack([readings[:, _columns(day, WINDOW)] for day in days]).astype(np.float64)
    errors = np.stack(baselines).astype(np.float64) - metered
    without = int(np.isnan(errors).any(axis=2).sum())
    errors, metered = np.nan_to_num(errors), np.where(np.isnan(errors), 0, metered)
    whole = len(readings) // PORTFOLIO * PORTFOLIO
    shape = (len(days), whole // PORTFOLIO, PORTFOLIO, -1)
    of_portfolio, load = (one[:, :whole].reshape(shape).sum(axis=2) for one in (errors, metered))
    cv = float(np.sqrt((of_portfolio**2).mean()) / load.mean())
    return Found(name, float(errors.sum() / metered.sum()), cv, per_second, without)


def _blocks(readings: Floats) -> Iterator[Floats]:
    for at in range(0, len(readings), BLOCK):
        yield readings[at : at + BLOCK]
