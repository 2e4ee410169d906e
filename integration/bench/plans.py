"""Generated plans: how long one of 6,000 cells takes, and how far it is from the linear program's bound."""

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from derms.planning.generating.cells import cells_of
from derms.planning.generating.generate import generate
from derms.planning.generating.problem import Cohort, Feeder, Problem, ProgramRules, Weights
from derms.shapes import SHAPES

DISTANCE_GOAL, SECONDS_GOAL = 0.001, 0.5
STEPS, WINDOW, LONGEST, COHORTS, FEEDERS, PROGRAMS = 14, (2, 10), 4, 240, 300, 4
NO_LIMIT = 10_000


class Measured(NamedTuple):
    """One generated plan; `distance` is by which share it costs more than the bound without limits on stages."""

    seed: int
    most_stages: int
    cells: int
    devices: int
    stages: int
    seconds: float
    distance: float
    missing_kw: float

    @property
    def ok(self) -> bool:
        """Whether it keeps the goals, which are for plans whose number of stages is free."""
        return self.most_stages < NO_LIMIT or (self.distance <= DISTANCE_GOAL and self.seconds <= SECONDS_GOAL)


def measure(seeds: int) -> Iterator[Measured]:
    """Yield plans of made-up zones, each with and without a limit of 8 stages."""
    for seed in range(seeds):
        for most in (NO_LIMIT, 8):
            problem = made_up(seed, most)
            begun = time.perf_counter()
            plan = generate(problem)
            seconds = time.perf_counter() - begun
            distance, missing = plan.cost / plan.bound - 1, plan.most_missing_kw
            cells = len(cells_of(problem))
            yield Measured(seed, most, cells, plan.devices, len(plan.stages), seconds, distance, missing)


def made_up(seed: int, most_stages: int) -> Problem:
    """A zone of 880 MW and 300 feeders with 500,000 devices, 2 % over its threshold at the peak."""
    draw = random.Random(seed)  # noqa: S311 (no secret)
    day = [0, 2, 4, 5.5, 6.8, 7.6, 8, 7.9, 7.4, 6.4, 5, 3.4, 1.8, 0.6]
    base = tuple(800_000 + 10_000 * hour for hour in day)
    shapes = list(SHAPES.values())
    cohorts = []
    for n in range(COHORTS):
        devices = draw.randint(200, 4000)
        kw = devices * draw.uniform(0.5, 2.0)
        cohorts.append(
            Cohort(
                program=n % PROGRAMS,
                feeder=n,
                device_class=str(n % PROGRAMS),
                band=0,
                callable_in=(1 << STEPS) - 1,
                devices=devices,
                kw=tuple(kw * draw.uniform(0.9, 1.1) for _ in range(STEPS)),
                shape=shapes[n % PROGRAMS],
                calls=draw.uniform(0, 10),
            )
        )
    return Problem(
        step_minutes=60,
        window=WINDOW,
        need_kw=tuple(max(0.0, kw - 860_000) if WINDOW[0] <= n < WINDOW[1] else 0.0 for n, kw in enumerate(base)),
        base_kw=base,
        cohorts=tuple(cohorts),
        threshold_kw=860_000,
        max_increase_pct=2.0,
        rules={program: ProgramRules(longest=LONGEST) for program in range(PROGRAMS)},
        feeders={
            n: Feeder(rating_kw=900_000 / FEEDERS, base_kw=tuple(kw / FEEDERS for kw in base)) for n in range(FEEDERS)
        },
        weights=Weights(fairness=0.02),
        most_stages=most_stages,
        may_overlap=most_stages == NO_LIMIT,
    )
