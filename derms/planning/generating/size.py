"""How many calls a plan is chosen from: the memory and the time that it takes go by them."""

from dataclasses import replace

from .problem import Cohort, Problem

MOST_CELLS = 20_000


def spans_of(problem: Problem) -> list[tuple[int, int]]:
    """Return first steps and lengths of calls: all there are, or if these are too many only whole hours."""
    fine = _spans(problem, 1)
    return (
        fine if len(fine) * len(problem.cohorts) <= MOST_CELLS else _spans(problem, max(1, 60 // problem.step_minutes))
    )


def is_too_large(problem: Problem) -> bool:
    return len(spans_of(problem)) * len(problem.cohorts) > MOST_CELLS


def merged(problem: Problem) -> Problem:
    """Return the problem, and if it is too large with cohorts that differ in their calls alone as one."""
    if not is_too_large(problem):
        return problem
    alike: dict[object, list[Cohort]] = {}
    for one in problem.cohorts:
        alike.setdefault(replace(one, devices=0, kw=(), calls=0.0), []).append(one)
    return replace(problem, cohorts=tuple(_as_one(cohorts) for cohorts in alike.values()))


def _spans(problem: Problem, by: int) -> list[tuple[int, int]]:
    first, after = problem.window
    return [(start, length) for start in range(first, after, by) for length in range(by, after - start + 1, by)]


def _as_one(cohorts: list[Cohort]) -> Cohort:
    devices = sum(one.devices for one in cohorts)
    return replace(
        cohorts[0],
        devices=devices,
        kw=tuple(sum(kw) for kw in zip(*(one.kw for one in cohorts), strict=True)),
        calls=sum(one.calls * one.devices for one in cohorts) / max(1, devices),
    )
