"""The linear program: which share of each cohort is called how. Solved by HiGHS, the same way for the same input."""

from collections.abc import Iterable
from dataclasses import dataclass

import highspy
import numpy as np

from .cells import Cells, Floats, Ints
from .limits import Limits
from .problem import Problem

ANY = highspy.kHighsInf


class TimeLimitReached(Exception):
    """HiGHS did not find the optimum in the time that the problem had left."""


@dataclass(frozen=True)
class Solution:
    """The share of its cohort that each cell calls, and what these and what is missing cost."""

    shares: Floats
    missing: Floats  # kW in each step
    cost: float


class LinearProgram:
    """One problem; patterns can be forbidden or asked for, and it is solved again from where it was."""

    def __init__(self, problem: Problem, cells: Cells, limits: Limits) -> None:
        self.problem, self.cells, self.limits = problem, cells, limits
        self._asked: dict[int, list[int]] = {}  # the rows that ask for a pattern, once there are any
        self._highs = _solver()
        self._needed = np.flatnonzero(limits.needs)
        cost = np.concatenate([cells.cost, np.full(len(self._needed), limits.price * problem.hours)])
        rows = _Rows(len(cells) + len(self._needed))
        self._add_needs(rows)
        _add_once(rows, problem, cells)
        _add_rises(rows, cells, limits)
        self._highs.passModel(rows.model(cost))

    def solve(self, forbidden: Iterable[int] = (), asked: Iterable[int] = ()) -> Solution | None:
        """Return the cheapest shares without some patterns and with at least the least size of others.

        None if that is impossible; raises TimeLimitReached.
        """
        most = np.where(np.isin(self.cells.pattern, list(forbidden)), 0.0, ANY)
        places = np.arange(len(self.cells), dtype=np.int32)
        self._highs.changeColsBounds(len(places), places, np.zeros(len(places)), most)
        self._ask(set(asked))
        status = _run(self._highs, self.problem)
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise TimeLimitReached(self._highs.modelStatusToString(status))
        found = np.array(self._highs.getSolution().col_value)
        missing = np.zeros(self.problem.steps)
        missing[self._needed] = found[len(self.cells) :]
        shares = np.clip(found[: len(self.cells)], 0.0, 1.0)
        return Solution(shares, missing, float(self._highs.getInfo().objective_function_value))

    def _add_needs(self, rows: "_Rows") -> None:
        cell, place = np.nonzero(self.cells.effect[:, self._needed])
        lack = np.arange(len(self._needed))
        rows.add(
            np.concatenate([place, lack]),
            np.concatenate([cell, len(self.cells) + lack]),
            np.concatenate([self.cells.effect[cell, self._needed[place]], np.ones(len(lack))]),
            self.limits.need[self._needed],
            np.full(len(lack), ANY),
        )

    def _ask(self, asked: set[int]) -> None:
        for pattern in asked - self._asked.keys():
            self._asked[pattern] = self._add_asking(pattern)
        for pattern, rows in self._asked.items():
            least = self._least(len(rows) - 1) if pattern in asked else [-ANY] * len(rows)
            for row, lower in zip(rows, least, strict=True):
                self._highs.changeRowBounds(row, lower, ANY)

    def _least(self, steps: int) -> list[float]:
        return [float(self.problem.least_devices), *[self.problem.least_kw] * steps]

    def _add_asking(self, pattern: int) -> list[int]:
        """Rows for a pattern's devices and for its power in each of its steps."""
        own = np.flatnonzero(self.cells.pattern == pattern).astype(np.int32)
        start, length = int(self.cells.start[own[0]]), int(self.cells.length[own[0]])
        values = [self.cells.devices[own].astype(np.float64)]
        values += [self.cells.held[own, step] for step in range(start, start + length)]
        first = self._highs.getNumRow()
        for value in values:
            self._highs.addRow(-ANY, ANY, len(own), own, value)
        return list(range(first, first + len(values)))


def highest_least(problem: Problem, cells: Cells, limits: Limits, steps: Ints) -> float:
    """Return the kW that can be held in every one of these steps: the first of two solves of Maximum Reduction.

    Raises TimeLimitReached.
    """
    rows = _Rows(len(cells) + 1)
    cell, place = np.nonzero(cells.effect[:, steps])
    rows.add(
        np.concatenate([place, np.arange(len(steps))]),
        np.concatenate([cell, np.full(len(steps), len(cells))]),
        np.concatenate([cells.effect[cell, steps[place]], -np.ones(len(steps))]),
        np.zeros(len(steps)),
        np.full(len(steps), ANY),
    )
    _add_once(rows, problem, cells)
    _add_rises(rows, cells, limits, besides=steps)
    highs = _solver()
    highs.passModel(rows.model(np.concatenate([np.zeros(len(cells)), [-1.0]])))
    if (status := _run(highs, problem)) != highspy.HighsModelStatus.kOptimal:
        raise TimeLimitReached(highs.modelStatusToString(status))
    return max(0.0, -float(highs.getInfo().objective_function_value))


def _solver() -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # it says nothing of types
    for option, value in (("output_flag", False), ("threads", 1)):
        highs.setOptionValue(option, value)
    return highs


def _run(highs: highspy.Highs, problem: Problem) -> highspy.HighsModelStatus:
    """Solve in the time that the problem has left; HiGHS counts its limit from the first run of a program."""
    if not (left := problem.left_s):
        return highspy.HighsModelStatus.kTimeLimit
    highs.setOptionValue("time_limit", highs.getRunTime() + left)
    highs.run()
    return highs.getModelStatus()


class _Rows:
    """Rows of a program over a number of columns, each at least 0."""

    def __init__(self, columns: int) -> None:
        self.columns, self.count = columns, 0
        self.parts: list[tuple[Ints, Ints, Floats]] = []
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []

    def add(self, row: Ints, column: Ints, value: Floats, lower: Floats, upper: Floats) -> None:
        self.parts.append((row + self.count, column, value))
        self.lower.append(lower)
        self.upper.append(upper)
        self.count += len(lower)

    def model(self, cost: Floats) -> highspy.HighsLp:
        row, column, value = (np.concatenate([part[n] for part in self.parts]) for n in range(3))
        order = np.lexsort((row, column))
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_, lp.col_cost_ = self.count, self.columns, cost
        lp.row_lower_, lp.row_upper_ = np.concatenate(self.lower), np.concatenate(self.upper)
        lp.col_lower_, lp.col_upper_ = np.zeros(self.columns), np.full(self.columns, ANY)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        ends = np.cumsum(np.bincount(column.astype(np.int64), minlength=self.columns))
        lp.a_matrix_.start_ = np.concatenate([[0], ends]).astype(np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order].astype(np.int32), value[order]
        return lp


def _add_once(rows: _Rows, problem: Problem, cells: Cells) -> None:
    """Each device at most once."""
    cohorts = len(problem.cohorts)
    rows.add(cells.cohort, np.arange(len(cells)), np.ones(len(cells)), np.full(cohorts, -ANY), np.ones(cohorts))


def _add_rises(rows: _Rows, cells: Cells, limits: Limits, besides: Ints | None = None) -> None:
    """What comes back where nothing is needed, and what it does to feeders, where either could be too much."""
    rise = -cells.effect
    quiet = ~limits.needs
    if besides is not None:
        quiet[besides] = False
    tight = np.flatnonzero(quiet & (rise.clip(min=0.0).sum(axis=0) > -limits.least))
    cell, place = np.nonzero(rise[:, tight])
    rows.add(place, cell, rise[cell, tight[place]], np.full(len(tight), -ANY), -limits.least[tight])
    rated = np.flatnonzero(limits.feeder >= 0)
    could = np.zeros_like(limits.feeder_rooms)
    np.add.at(could, limits.feeder[rated], rise[rated].clip(min=0.0))
    number = np.cumsum(could > limits.feeder_rooms).reshape(could.shape) - 1
    binds = np.where((could > limits.feeder_rooms)[limits.feeder[rated]], rise[rated], 0.0)
    cell, step = np.nonzero(binds)
    room = limits.feeder_rooms[could > limits.feeder_rooms]
    rows.add(number[limits.feeder[rated[cell]], step], rated[cell], binds[cell, step], np.full(len(room), -ANY), room)
