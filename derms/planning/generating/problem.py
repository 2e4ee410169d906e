"""What stages are generated from, and the plan that comes of it: frozen data, power in kW, time in equal steps.

Step 0 begins some hours before the window, so that the load beside it is known; the last one ends when nothing comes
back any more.
"""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from derms.shapes import ResponseShape


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Devices that are alike: of one program, feeder, class and response band, callable in the same steps.

    `callable_in` has bit n set if they may be called in step n. `kw` is what they give together in each step, in their
    first hour of a call; `calls` how often each was called this season, on average.
    """

    program: int
    feeder: int
    device_class: str
    band: int
    callable_in: int
    devices: int
    kw: tuple[float, ...]
    shape: ResponseShape
    calls: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ProgramRules:
    """How long a call of a program may last, in steps; None: as long as the window.

    `barred` are the first steps and lengths of calls that no device of the program may have.
    """

    longest: int | None = None
    shortest: int = 1
    barred: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Feeder:
    """A feeder's rating and its load in each step without the plan."""

    rating_kw: float
    base_kw: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What calls cost, in kWh called: each kWh, each device, each device's calls before, each square hour of a call."""

    energy: float = 1.0
    fairness: float = 0.0
    device: float = 0.0
    square_hour: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is asked. `window` is the first step in which calls may run and the one after the last.

    `need_kw` and `base_kw` have a value for each step; nothing is needed outside the window. Where nothing is needed,
    what comes back may raise the load by `max_increase_pct` and not beyond `threshold_kw`. `is_maximum`: as much as can
    be held in every step of the window, in place of `need_kw`. Stages below `least_kw` or `least_devices` are not made.
    """

    step_minutes: int
    window: tuple[int, int]
    need_kw: tuple[float, ...]
    base_kw: tuple[float, ...]
    cohorts: tuple[Cohort, ...]
    threshold_kw: float | None = None
    max_increase_pct: float = 0.0
    rules: dict[int, ProgramRules] = field(default_factory=dict)
    feeders: dict[int, Feeder] = field(default_factory=dict)
    most_stages: int = 8
    least_kw: float = 0.0
    least_devices: int = 1
    weights: Weights = Weights()
    is_maximum: bool = False
    may_overlap: bool = False
    time_limit_s: float = 5.0  # of all solves together
    until: float | None = None  # by the monotonic clock, once generating has begun

    @property
    def steps(self) -> int:
        return len(self.base_kw)

    @property
    def left_s(self) -> float:
        """The time left to solve in."""
        return self.time_limit_s if self.until is None else max(0.0, self.until - time.monotonic())

    @property
    def hours(self) -> float:
        """The length of a step."""
        return self.step_minutes / 60


class PlannedStage(NamedTuple):
    """A generated stage: cohorts of one program called from one step on for the same time.

    `kw` is what its devices give in each of its steps, `lowest_kw` the least of these. `full_kw` is what they
    would give on average if their response did not fade: what a choice of devices counts.
    """

    program: int
    start: int
    length: int
    devices: int
    kw: tuple[float, ...]
    full_kw: float

    @property
    def lowest_kw(self) -> float:
        return min(self.kw)


class Called(NamedTuple):
    """How many devices of a cohort, by its place in the problem, are called from a step on, for how many steps."""

    cohort: int
    start: int
    length: int
    devices: int


class Reason(NamedTuple):
    """What stands in the way: without this limit, `kwh` less would be missing.

    `kind` is increase, feeders, stages, length (of a call of `program`), hours (in which devices may not be called),
    time (of the solver), whole (no part of a device can be called), size (there are too many calls to choose from),
    nobody (may be called in a part of the window, of Maximum Reduction), or devices: no limit matters, there are not
    enough.
    """

    kind: str
    kwh: float
    program: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The answer: always one. `effect_kw` is the reduction less what comes back, in each step; below 0 it adds load.

    `reduction_kw` is the reduction alone, `by_program` of each program, and `back_kw` what comes back. `bound` is what
    the plan would cost at least without the limits on stages. `is_greedy`: the solver ran into its time limit.
    """

    stages: tuple[PlannedStage, ...]
    called: tuple[Called, ...]
    need_kw: tuple[float, ...]
    effect_kw: tuple[float, ...]
    reduction_kw: tuple[float, ...]
    back_kw: tuple[float, ...]
    by_program: dict[int, tuple[float, ...]]
    missing_kw: tuple[float, ...]
    reasons: tuple[Reason, ...]
    cost: float
    bound: float
    is_greedy: bool = False

    @property
    def most_missing_kw(self) -> float:
        return max(self.missing_kw, default=0.0)

    @property
    def devices(self) -> int:
        return sum(stage.devices for stage in self.stages)
