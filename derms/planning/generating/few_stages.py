"""The limits on stages: at most so many, none too small, none of a program at the same time. Branch and bound over
the patterns that become stages."""

from dataclasses import dataclass, replace

import numpy as np

from .cells import Cells, Ints
from .limits import TINY
from .linear import LinearProgram, Solution, TimeLimitReached
from .problem import Problem, ProgramRules

WORK = 120_000  # cells solved in all: a number, not a time, so that the same input gives the same plan
FEWEST_NODES, MOST_NODES = 20, 400


@dataclass(frozen=True)
class Node:
    """A part of the search: patterns that are no stage, that are one, and that no other of their program overlaps."""

    forbidden: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()


def within_stage_limits(problem: Problem, program: LinearProgram, root: Solution) -> Solution | None:
    """Return the cheapest solution found that keeps the limits on stages; None if none was found in time.

    Depth first: the largest stage that another one overlaps is first left alone, then forbidden; the smallest that is
    too small or too many is first forbidden, then asked for. The first dive already ends in a good plan.
    """
    cells, best, rivals = program.cells, None, rivals_of(problem, program.cells)
    nodes = min(MOST_NODES, max(FEWEST_NODES, WORK // max(1, len(cells))))
    waiting: list[tuple[Node, Solution | None]] = [(Node(), root)]
    while waiting and (best is None or nodes > 0):
        node, solution = waiting.pop()
        if solution is None:
            nodes -= 1
            try:
                solution = program.solve(_forbidden(problem, cells, node, rivals), node.asked)
            except TimeLimitReached:
                break
        if solution is None or (best is not None and solution.cost >= best.cost - TINY):
            continue
        children = _children(problem, cells, solution, node, rivals)
        waiting.extend((child, None) for child in children)
        best = best if children else solution
    return best


def _children(
    problem: Problem, cells: Cells, solution: Solution, node: Node, rivals: dict[int, frozenset[int]]
) -> list[Node]:
    """The parts of a node, the first to look at last; none if its solution keeps all limits."""
    used = sizes(cells, np.ceil(solution.shares * cells.devices - 1e-6).astype(np.int64))
    if contested := [one for one in used if one not in node.alone and rivals[one] & used.keys()]:
        largest = max(contested, key=lambda one: (used[one], -one))
        return [
            replace(node, forbidden=node.forbidden | {largest}),
            replace(node, alone=node.alone | {largest}),
        ]
    smallest = _offending(problem, used, node)
    if smallest is None:
        return []
    return [
        replace(node, asked=node.asked | {smallest}, alone=node.alone | {smallest}),
        replace(node, forbidden=node.forbidden | {smallest}),
    ]


def rivals_of(problem: Problem, cells: Cells) -> dict[int, frozenset[int]]:
    """The patterns that can't be stages beside each pattern."""
    program = np.array([one.program for one in problem.cohorts], dtype=np.int64)[cells.cohort]
    _first, place = np.unique(cells.pattern, return_index=True)
    rivals: dict[int, frozenset[int]] = dict.fromkeys(range(len(place)), frozenset())
    if problem.may_overlap:
        return rivals
    for pk in np.unique(program):
        own = np.flatnonzero(program[place] == pk)
        start, adjoin = cells.start[place[own]], problem.rules.get(int(pk), ProgramRules()).longest is not None
        after = start + cells.length[place[own]] + adjoin
        excludes = (start[:, None] < after) & (start < after[:, None])
        np.fill_diagonal(excludes, val=False)
        rivals |= {int(one): frozenset(own[row].tolist()) for one, row in zip(own, excludes, strict=True)}
    return rivals


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


def _forbidden(problem: Problem, cells: Cells, node: Node, rivals: dict[int, frozenset[int]]) -> frozenset[int]:
    """The rivals of patterns left alone, and once there are as many stages as there may be, every other pattern."""
    if len(node.asked) >= problem.most_stages:
        return frozenset(int(pattern) for pattern in np.unique(cells.pattern)) - node.asked
    return node.forbidden.union(*(rivals[one] for one in node.alone))


def _offending(problem: Problem, used: dict[int, tuple[int, float]], node: Node) -> int | None:
    """The smallest stage that breaks a limit and is not decided; None if all limits are kept."""
    open_ones = {pattern: size for pattern, size in used.items() if pattern not in node.asked}
    if len(used) <= problem.most_stages:
        open_ones = {pattern: size for pattern, size in open_ones.items() if is_small(problem, *size)}
    return min(open_ones, key=lambda pattern: (open_ones[pattern][1], pattern), default=None)
