"""All calls that a plan may consist of: a cohort, from a step on, for a number of steps. Arrays with a row each."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .problem import Cohort, Problem, ProgramRules
from .size import spans_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MISSING_PRICE = 1000.0  # per kWh, times what a kWh of calls usually costs


@dataclass(frozen=True)
class Cells:
    """The calls, each of a whole cohort: `held` and `back` are kW per step, `cost` is in kWh called.

    `pattern` numbers equal program, start and length: what becomes one stage.
    """

    cohort: Ints
    start: Ints
    length: Ints
    pattern: Ints
    devices: Ints  # of its cohort
    held: Floats
    back: Floats
    cost: Floats
    effect: Floats = field(init=False)  # kept: it is as large as `held`, and asked for often

    def __post_init__(self) -> None:
        object.__setattr__(self, "effect", self.held - self.back)

    def __len__(self) -> int:
        return len(self.cohort)

    def take(self, chosen: Bools) -> "Cells":
        """Return only these cells."""
        return Cells(
            cohort=self.cohort[chosen],
            start=self.start[chosen],
            length=self.length[chosen],
            pattern=self.pattern[chosen],
            devices=self.devices[chosen],
            held=self.held[chosen],
            back=self.back[chosen],
            cost=self.cost[chosen],
        )


def cells_of(problem: Problem) -> Cells:
    """Return every call that the rules allow, in a fixed order."""
    parts = [part for start, length in spans_of(problem) for part in _span_cells(problem, start, length)]
    if not parts:
        none, no_power = np.zeros(0, dtype=np.int64), np.zeros((0, problem.steps))
        return Cells(none, none, none, none, none, no_power, no_power, np.zeros(0))
    cohort, start, length = (np.concatenate([part[n] for part in parts]) for n in range(3))
    held, back = (np.concatenate([part[n] for part in parts]) for n in (3, 4))
    program = np.array([one.program for one in problem.cohorts])[cohort]
    _rows, pattern = np.unique(np.stack([program, start, length]), axis=1, return_inverse=True)
    devices = np.array([one.devices for one in problem.cohorts])[cohort]
    cost = _costs(problem, cohort, length, devices, held)
    return Cells(cohort, start, length, pattern.reshape(-1).astype(np.int64), devices, held, back, cost)


def missing_price(cells: Cells, hours: float) -> float:
    """What a missing kWh costs: far more than any way to reduce by it."""
    energy = cells.held.sum(axis=1) * hours
    useful = energy > 0
    return MISSING_PRICE * max(1.0, float(np.median(cells.cost[useful] / energy[useful]))) if useful.any() else 1.0


def _span_cells(problem: Problem, start: int, length: int) -> Iterator[tuple[Ints, Ints, Ints, Floats, Floats]]:
    """The cells of all cohorts that may be called so, together for those of the same shape."""
    bits = ((1 << length) - 1) << start
    by_shape: dict[object, list[int]] = {}
    for n, cohort in enumerate(problem.cohorts):
        if cohort.devices and cohort.callable_in & bits == bits and _allows(problem, cohort, start, length):
            by_shape.setdefault(cohort.shape, []).append(n)
    for members in by_shape.values():
        power = np.array([problem.cohorts[n].kw for n in members])
        held, back = _over_time(problem, problem.cohorts[members[0]], start, length)
        mean = power[:, start : start + length].mean(axis=1, keepdims=True)
        same = np.ones(len(members), dtype=np.int64)
        yield np.array(members, dtype=np.int64), same * start, same * length, power * held, mean * back


def _allows(problem: Problem, cohort: Cohort, start: int, length: int) -> bool:
    rules = problem.rules.get(cohort.program, ProgramRules())
    is_as_long = rules.shortest <= length and (rules.longest is None or length <= rules.longest)
    return is_as_long and (start, length) not in rules.barred


def _over_time(problem: Problem, cohort: Cohort, start: int, length: int) -> tuple[Floats, Floats]:
    """The shares of a cohort's power that are held and come back in each step."""
    held, back = np.zeros(problem.steps), np.zeros(problem.steps)
    for step in range(length):
        held[start + step] = cohort.shape.held_in(int(step * problem.hours))
    shares = cohort.shape.back_after(length * problem.hours)
    for step in range(start + length, problem.steps):
        hour = int((step - start - length) * problem.hours)
        back[step] = shares[hour] if hour < len(shares) else 0.0
    return held, back


def _costs(problem: Problem, cohort: Ints, length: Ints, devices: Ints, held: Floats) -> Floats:
    weights, calls = problem.weights, np.array([one.calls for one in problem.cohorts])[cohort]
    per_device = weights.fairness * calls + weights.device + weights.square_hour * (length * problem.hours) ** 2
    return np.asarray(weights.energy * held.sum(axis=1) * problem.hours + devices * per_device, dtype=np.float64)
