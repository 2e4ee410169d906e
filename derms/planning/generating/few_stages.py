"""The limits on stages: at most so many, none too small. Branch and bound over the patterns that become stages."""

from dataclasses import dataclass

import numpy as np

from .cells import Cells, Ints
from .limits import TINY
from .linear import LinearProgram, Solution, TimeLimitReached
from .problem import Problem

WORK = 400_000  # cells solved in all: a number, not a time, so that the same input gives the same plan
FEWEST_NODES, MOST_NODES = 60, 400


@dataclass(frozen=True)
class Node:
    """A part of the search: patterns that are no stage, and patterns that are one."""

    forbidden: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()


def within_stage_limits(problem: Problem, program: LinearProgram, root: Solution) -> Solution | None:
    """Return the cheapest solution found that keeps the limits on stages; None if none was found in time.

    Depth first, the smallest stage first forbidden, then asked for: the first dive already ends in a good plan.
    """
    cells, best = program.cells, None
    nodes = min(MOST_NODES, max(FEWEST_NODES, WORK // max(1, len(cells))))
    waiting: list[tuple[Node, Solution | None]] = [(Node(), root)]
    while waiting and nodes:
        node, solution = waiting.pop()
        if solution is None:
            nodes -= 1
            try:
                solution = program.solve(_forbidden(problem, cells, node), node.asked)
            except TimeLimitReached:
                break
        if solution is None or (best is not None and solution.cost >= best.cost - TINY):
            continue
        smallest = _offending(problem, cells, solution, node)
        if smallest is None:
            best = solution
            continue
        waiting.append((Node(node.forbidden, node.asked | {smallest}), None))
        waiting.append((Node(node.forbidden | {smallest}, node.asked), None))
    return best


def sizes(cells: Cells, counts: Ints) -> dict[int, tuple[int, float]]:
    """Return the devices and the lowest power of each pattern that calls any."""
    found = {}
    for pattern in np.unique(cells.pattern[counts > 0]):
        own = np.flatnonzero((cells.pattern == pattern) & (counts > 0))
        start, length = cells.start[own[0]], cells.length[own[0]]
        shares = counts[own] / cells.devices[own]
        found[int(pattern)] = (int(counts[own].sum()), float((shares @ cells.held[own])[start : start + length].min()))
    return found


def whole(cells: Cells, solution: Solution) -> Ints:
    """Return whole devices of each cell: of each cohort about as many as were called, the largest remainders first."""
    wanted = solution.shares * cells.devices + 1e-6
    counts = np.floor(wanted).astype(np.int64)
    cohorts = int(cells.cohort.max(initial=-1)) + 1
    extra = np.floor(np.bincount(cells.cohort, wanted, cohorts) + 0.5) - np.bincount(cells.cohort, counts, cohorts)
    order = np.lexsort((counts - wanted, cells.cohort))
    first = np.searchsorted(cells.cohort[order], np.arange(cohorts))
    rank = np.arange(len(cells)) - first[cells.cohort[order]]
    counts[order[rank < extra[cells.cohort[order]]]] += 1
    return counts


def is_small(problem: Problem, devices: int, kw: float) -> bool:
    return devices < problem.least_devices or kw < problem.least_kw * (1 - 1e-6)


def _forbidden(problem: Problem, cells: Cells, node: Node) -> frozenset[int]:
    """Once there are as many stages as there may be, every other pattern is forbidden."""
    if len(node.asked) < problem.most_stages:
        return node.forbidden
    return frozenset(int(pattern) for pattern in np.unique(cells.pattern)) - node.asked


def _offending(problem: Problem, cells: Cells, solution: Solution, node: Node) -> int | None:
    """The smallest stage that breaks a limit and is not decided; None if all limits are kept."""
    found = sizes(cells, np.ceil(solution.shares * cells.devices - 1e-6).astype(np.int64))
    open_ones = {pattern: size for pattern, size in found.items() if pattern not in node.asked}
    if len(found) <= problem.most_stages:
        open_ones = {pattern: size for pattern, size in open_ones.items() if is_small(problem, *size)}
    return min(open_ones, key=lambda pattern: (open_ones[pattern][1], pattern), default=None)
