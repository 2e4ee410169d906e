"""Generates the stages of an event: one linear program, rounded to whole devices, and always an answer.

    plan = generate(problem)

The same problem gives the same plan, unless the solver runs into the problem's time limit: then it is a greedy one.
"""

import time
from dataclasses import replace

import numpy as np

from .cells import Cells, Floats, Ints, cells_of
from .few_stages import is_small, rivals_of, sizes, whole, within_stage_limits
from .greedy import Filling
from .limits import TINY, Limits, limits_of
from .linear import LinearProgram, Solution, TimeLimitReached, highest_least
from .problem import Called, Plan, PlannedStage, Problem, Reason
from .reasons import reasons_of
from .size import is_too_large

ROUNDING = 1e-6  # of the highest power: a solution's own tolerance
ROOM_DEVICES = (0.5, 1.0, 3.0)  # the rebound of so many devices may be room enough to round in


def generate(problem: Problem) -> Plan:
    """Return the plan of a problem: its stages, what they do to the load, what is missing and why."""
    if is_too_large(problem):
        return _refused(problem)
    problem = replace(problem, until=time.monotonic() + problem.time_limit_s)
    cells = cells_of(problem)
    try:
        plan = _optimal(_with_highest_need(problem, cells) if problem.is_maximum else problem, cells)
    except TimeLimitReached:
        plan = _greedy(problem, cells)
    return _with_least_held(problem, cells, plan) if problem.is_maximum else plan


def _refused(problem: Problem) -> Plan:
    """No stages, and the reason: there are too many calls to choose from."""
    nothing = (0.0,) * problem.steps
    return Plan(
        stages=(), called=(), need_kw=problem.need_kw, effect_kw=nothing, reduction_kw=nothing, back_kw=nothing,
        by_program={}, missing_kw=problem.need_kw, reasons=(Reason("size", sum(problem.need_kw) * problem.hours),),
        cost=0.0, bound=0.0,
    )  # fmt: skip


def _with_least_held(problem: Problem, cells: Cells, plan: Plan) -> Plan:
    """Maximum Reduction has no goal: its need is what it holds all along, missing only where nobody may be called."""
    within, reached = range(*problem.window), _reached(problem, cells)
    least = max(0.0, min((plan.effect_kw[step] for step in reached), default=0.0))
    need = tuple(least if step in within else 0.0 for step in range(problem.steps))
    barred = set(within) - set(reached.tolist())
    missing = tuple(max(0.0, need[n] - plan.effect_kw[n]) if n in barred else 0.0 for n in range(problem.steps))
    reasons = (Reason("nobody", sum(missing) * problem.hours),) if barred else ()
    return replace(plan, need_kw=need, missing_kw=missing, reasons=reasons)


def _reached(problem: Problem, cells: Cells) -> Ints:
    """The steps of the window in which anybody may be called."""
    steps = np.arange(*problem.window)
    return steps[(cells.held[:, steps] > 0).any(axis=0)]


def _with_highest_need(problem: Problem, cells: Cells) -> Problem:
    """Maximum Reduction: what can be held in every step in which anybody may be called is needed there."""
    need, steps = np.zeros(problem.steps), _reached(problem, cells)
    if len(steps):
        need[steps] = highest_least(problem, cells, limits_of(problem, cells), steps) * (1 - ROUNDING)
    return replace(problem, need_kw=_listed(need))


def _optimal(problem: Problem, cells: Cells) -> Plan:
    limits = limits_of(problem, cells)
    program = LinearProgram(problem, cells, limits)
    root = program.solve()
    solution = root and within_stage_limits(problem, program, root)
    if root is None or solution is None:  # calling nobody is always possible, so the search was not finished
        raise TimeLimitReached
    counts = _rounded(problem, cells, limits, solution)
    return _plan(problem, cells, limits, counts, root=root, solution=solution)


def _greedy(problem: Problem, cells: Cells) -> Plan:
    """The plan without the solver: of Maximum Reduction, as much as there is in each step."""
    if problem.is_maximum:
        need = np.zeros(problem.steps)
        need[slice(*problem.window)] = sum(max(one.kw) for one in problem.cohorts)
        problem = replace(problem, need_kw=tuple(need))
    limits = limits_of(problem, cells)
    none = np.zeros(len(cells), dtype=np.int64)
    counts = Filling(problem, cells, limits, none, problem.most_stages, rivals_of(problem, cells)).fill()
    return _plan(problem, cells, limits, _filled(problem, cells, limits, counts))


def _rounded(problem: Problem, cells: Cells, limits: Limits, solution: Solution) -> Ints:
    """Return whole devices. Where what comes back leaves no room to fill up, more and more room is left beforehand."""
    best = _filled(problem, cells, limits, whole(cells, solution))
    used = best > 0
    each = float(np.median((cells.back[used] / cells.devices[used, None]).max(axis=1))) if used.any() else 0.0
    power = float(np.median((cells.held[used] / cells.devices[used, None]).max(axis=1))) if used.any() else 0.0
    others = frozenset(cells.pattern.tolist()) - frozenset(cells.pattern[used].tolist())
    for devices in ROOM_DEVICES:
        if _missing(cells, limits, best).sum() <= solution.missing.sum() + TINY:
            break
        tight = replace(
            limits,
            need=limits.need + np.where(limits.needs, devices * power, 0.0),
            least=np.where(limits.needs, limits.need, np.minimum(0.0, limits.least + devices * each)),
            feeder_rooms=(limits.feeder_rooms - devices * each).clip(min=0.0),
        )
        try:
            again = LinearProgram(problem, cells, tight).solve(forbidden=others)
        except TimeLimitReached:
            break  # what has been rounded so far is a plan
        if again is not None:
            other = _filled(problem, cells, limits, whole(cells, again))
            best = min(best, other, key=lambda one: _cost(problem, cells, limits, one))
    return best


def _filled(problem: Problem, cells: Cells, limits: Limits, counts: Ints) -> Ints:
    """Fill up what rounding took away, in the stages there are; a stage that got too small is none."""
    own = np.isin(cells.pattern, cells.pattern[counts > 0])
    filling = Filling(problem, cells.take(own), replace(limits, feeder=limits.feeder[own]), counts[own], 0)
    filling.settle()
    filled = np.zeros_like(counts)
    filled[own] = filling.fill()
    small = [pattern for pattern, size in sizes(cells, filled).items() if is_small(problem, *size)]
    if not small:
        return filled
    filled[np.isin(cells.pattern, small)] = 0
    return _filled(problem, cells, limits, filled)


def _missing(cells: Cells, limits: Limits, counts: Ints) -> Floats:
    """The kW missing in each step; what is no more than the solver's tolerance is nothing."""
    effect = (counts / np.maximum(1, cells.devices)) @ cells.effect
    missing = np.where(limits.needs, limits.need - effect, 0.0)
    return np.where(missing > ROUNDING * max(1.0, limits.need.max(initial=0.0)), missing, 0.0)


def _cost(problem: Problem, cells: Cells, limits: Limits, counts: Ints) -> float:
    calls = float((counts / np.maximum(1, cells.devices)) @ cells.cost)
    return calls + float(_missing(cells, limits, counts).sum()) * limits.price * problem.hours


def _plan(
    problem: Problem,
    cells: Cells,
    limits: Limits,
    counts: Ints,
    *,
    root: Solution | None = None,
    solution: Solution | None = None,
) -> Plan:
    """Describe a plan; `root` is the solution without the limits on stages, None if the solver ran out of time."""
    shares = counts / np.maximum(1, cells.devices)
    held, back = shares @ cells.held, shares @ cells.back
    missing = _missing(cells, limits, counts)
    program = np.array([one.program for one in problem.cohorts], dtype=np.int64)[cells.cohort]
    lowest = None if root is None or solution is None else (root.missing, solution.missing)
    return Plan(
        stages=_stages(problem, cells, counts),
        called=tuple(
            Called(int(cells.cohort[n]), int(cells.start[n]), int(cells.length[n]), int(counts[n]))
            for n in np.flatnonzero(counts)
        ),
        need_kw=problem.need_kw,
        effect_kw=_listed(held - back),
        reduction_kw=_listed(held),
        back_kw=_listed(back),
        by_program={
            int(pk): _listed(shares[program == pk] @ cells.held[program == pk]) for pk in np.unique(program[counts > 0])
        },
        missing_kw=_listed(missing),
        reasons=reasons_of(problem, missing, lowest) if missing.any() else (),
        cost=_cost(problem, cells, limits, counts),
        bound=root.cost if root else 0.0,
        is_greedy=root is None,
    )


def _listed(power: Floats) -> tuple[float, ...]:
    return tuple(float(kw) for kw in power)


def _stages(problem: Problem, cells: Cells, counts: Ints) -> tuple[PlannedStage, ...]:
    found = []
    for pattern in np.unique(cells.pattern[counts > 0]):
        own = np.flatnonzero((cells.pattern == pattern) & (counts > 0))
        start, length = int(cells.start[own[0]]), int(cells.length[own[0]])
        kw = ((counts[own] / cells.devices[own]) @ cells.held[own])[start : start + length]
        program = problem.cohorts[cells.cohort[own[0]]].program
        powers = np.array([problem.cohorts[n].kw[start : start + length] for n in cells.cohort[own]]).mean(axis=1)
        full_kw = float((counts[own] / cells.devices[own]) @ powers)
        found.append(PlannedStage(program, start, length, int(counts[own].sum()), _listed(kw), full_kw))
    return tuple(sorted(found, key=lambda stage: (stage.start, stage.program, stage.length)))
