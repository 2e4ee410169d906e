"""Why something is missing: what would be missing if one limit did not hold."""

from collections.abc import Iterator
from dataclasses import replace

from .cells import Floats, cells_of
from .limits import limits_of
from .linear import LinearProgram, TimeLimitReached
from .problem import Problem, ProgramRules, Reason

WORTH_SAYING = 1e-3  # of what is missing
NO_INCREASE_LIMIT = 1e6  # per cent
NOT_FOUND = float("inf")  # kWh missing: nothing can be said about this limit


def reasons_of(problem: Problem, missing: Floats, lowest: tuple[Floats, Floats] | None) -> tuple[Reason, ...]:
    """Return the limits without which less would be missing, the one that matters most first.

    `lowest` is what would be missing without the limits on stages, and with them if devices could be called in part;
    None if the solver did not get that far.
    """
    total = float(missing.sum()) * problem.hours
    if lowest is None:
        return (Reason("time", total),)
    free, limited = (float(one.sum()) * problem.hours for one in lowest)
    found = [Reason("stages", limited - free), Reason("whole", total - limited)]
    if free > WORTH_SAYING * total:
        found += [Reason(kind, free - _missing_kwh(without), program) for kind, program, without in _without(problem)]
    worth = [one for one in found if one.kwh > WORTH_SAYING * total]
    unknown = any(one.kwh == -NOT_FOUND for one in found)
    return tuple(sorted(worth, key=lambda one: -one.kwh)) or (Reason("time" if unknown else "devices", total),)


def _without(problem: Problem) -> Iterator[tuple[str, int | None, Problem]]:
    """The problem without each limit that it has."""
    yield "increase", None, replace(problem, threshold_kw=None, max_increase_pct=NO_INCREASE_LIMIT)
    if problem.feeders:
        yield "feeders", None, replace(problem, feeders={})
    for program, rules in sorted(problem.rules.items()):
        free = ProgramRules(barred=rules.barred)
        if rules != free:
            yield "length", program, replace(problem, rules={**problem.rules, program: free})
    every = ((1 << (problem.window[1] - problem.window[0])) - 1) << problem.window[0]
    is_barred = any(rules.barred for rules in problem.rules.values())
    if is_barred or any(one.callable_in & every != every for one in problem.cohorts):
        always = tuple(replace(one, callable_in=one.callable_in | every) for one in problem.cohorts)
        unbarred = {program: replace(rules, barred=frozenset()) for program, rules in problem.rules.items()}
        yield "hours", None, replace(problem, cohorts=always, rules=unbarred)


def _missing_kwh(problem: Problem) -> float:
    if not problem.left_s:
        return NOT_FOUND
    cells = cells_of(problem)
    try:
        solution = LinearProgram(problem, cells, limits_of(problem, cells)).solve()
    except TimeLimitReached:
        return NOT_FOUND
    return NOT_FOUND if solution is None else float(solution.missing.sum()) * problem.hours
