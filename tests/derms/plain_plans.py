"""What a generated plan means, read slowly and simply from its calls; and made-up problems to generate plans for."""

import random
from dataclasses import replace
from itertools import combinations

from derms.planning.generating.problem import Called, Cohort, Feeder, Plan, Problem, ProgramRules, Weights
from derms.shapes import ResponseShape

FADES = ResponseShape(held=(1.0, 0.75, 0.55, 0.4), back=(0.5, 0.25))
HEATS_UP = ResponseShape(held=(1.0,), back=(0.7, 0.2, 0.1))
WAITS = ResponseShape(held=(1.0,), back=(0.3, 0.3, 0.2, 0.2))
SHAPES = (FADES, HEATS_UP, WAITS)
CLASSES = ("thermostat", "water_heater", "ev_charger")


def plain_effect(problem: Problem, called: tuple[Called, ...], *, feeder: int | None = None) -> list[float]:
    """The reduction less what comes back, in kW per step, hour by hour of each call."""
    effect = [0.0] * problem.steps
    for call in called:
        cohort = problem.cohorts[call.cohort]
        if feeder not in (None, cohort.feeder):
            continue
        share, hours = call.devices / cohort.devices, problem.step_minutes / 60
        steps = range(call.start, call.start + call.length)
        held = 0.0
        for nth, step in enumerate(steps):
            left = cohort.shape.held[min(int(nth * hours), len(cohort.shape.held) - 1)]
            effect[step] += share * cohort.kw[step] * left
            held += left * hours
        mean = sum(cohort.kw[step] for step in steps) / call.length
        back = sum(cohort.shape.back)
        for nth, step in enumerate(range(call.start + call.length, problem.steps)):
            hour = int(nth * hours)
            if hour < len(cohort.shape.back):
                effect[step] -= share * mean * cohort.shape.back[hour] * min(1.0, held / back)
    return effect


def plain_room(problem: Problem, step: int) -> float:
    """By how many kW the load may rise in a step in which nothing is needed."""
    room = problem.base_kw[step] * problem.max_increase_pct / 100
    if problem.threshold_kw is not None:
        room = min(room, problem.threshold_kw - problem.base_kw[step])
    return max(0.0, room)


def broken_limits(problem: Problem, plan: Plan, near: float = 1e-4) -> list[str]:
    """Every limit that a plan breaks, in words."""
    effect, broken = plain_effect(problem, plan.called), []
    for step in range(problem.steps):
        if abs(effect[step] - plan.effect_kw[step]) > near:
            broken.append(f"step {step}: effect {plan.effect_kw[step]} is {effect[step]}")
        if plan.need_kw[step] > 0 and effect[step] + plan.missing_kw[step] < plan.need_kw[step] - near:
            broken.append(f"step {step}: {plan.need_kw[step] - effect[step]} missing, said {plan.missing_kw[step]}")
        if plan.need_kw[step] <= 0 and -effect[step] > plain_room(problem, step) + near:
            broken.append(f"step {step}: {-effect[step]} comes back, more than {plain_room(problem, step)}")
    return broken + _broken_feeders(problem, plan, near) + _broken_rules(problem, plan) + _broken_stages(problem, plan)


def _broken_feeders(problem: Problem, plan: Plan, near: float) -> list[str]:
    broken = []
    for pk, feeder in problem.feeders.items():
        effect = plain_effect(problem, plan.called, feeder=pk)
        for step, base in enumerate(feeder.base_kw):
            if base - effect[step] > max(feeder.rating_kw, base) + near:
                broken.append(f"feeder {pk} step {step}: {base - effect[step]} of {feeder.rating_kw}")
    return broken


def _broken_rules(problem: Problem, plan: Plan) -> list[str]:
    used, broken = [0] * len(problem.cohorts), []
    for call in plan.called:
        cohort = problem.cohorts[call.cohort]
        rules = problem.rules.get(cohort.program, ProgramRules())
        used[call.cohort] += call.devices
        steps = range(call.start, call.start + call.length)
        if not all(cohort.callable_in >> step & 1 for step in steps):
            broken.append(f"{call}: not callable then")
        if not rules.shortest <= call.length <= (rules.longest or problem.steps):
            broken.append(f"{call}: length not allowed by {rules}")
        if (call.start, call.length) in rules.barred:
            broken.append(f"{call}: barred")
        if steps[0] < problem.window[0] or steps[-1] >= problem.window[1]:
            broken.append(f"{call}: outside the window")
    return broken + [f"cohort {n} called {used[n]} times" for n, c in enumerate(problem.cohorts) if used[n] > c.devices]


def _broken_stages(problem: Problem, plan: Plan) -> list[str]:
    broken = [f"{len(plan.stages)} stages"] if len(plan.stages) > problem.most_stages else []
    small = [s for s in plan.stages if s.devices < problem.least_devices or s.lowest_kw < problem.least_kw * (1 - 1e-5)]
    spans = {(problem.cohorts[c.cohort].program, c.start, c.length) for c in plan.called}
    for one, other in combinations(spans, 2) if not problem.may_overlap else ():
        if excludes(problem, one, other):
            broken.append(f"stages {one} and {other} of one program")
    if spans != {(s.program, s.start, s.length) for s in plan.stages}:
        broken.append("the stages are not those of the calls")
    return broken + [f"{stage} is too small" for stage in small]


def excludes(problem: Problem, one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether stages (program, start, length) overlap, or adjoin and are too long together, whatever their lengths."""
    first, then = sorted((one, other), key=lambda span: span[1])
    apart = 1 if problem.rules.get(one[0], ProgramRules()).longest else 0
    return one[0] == other[0] and then[1] < first[1] + first[2] + apart


def made_up(seed: int, *, cohorts: int, devices: tuple[int, int], steps: int = 10, feeders: int = 3) -> Problem:
    """A problem of one zone with a peak in its window, half of whose need or more can be met."""
    draw = random.Random(seed)  # noqa: S311 (no secret)
    window = (2, steps - 3)
    members = tuple(_cohort(draw, n, devices, steps, feeders) for n in range(cohorts))
    all_kw = sum(max(one.kw) for one in members)
    base = tuple(10 * all_kw * (1 + 0.1 * draw.random()) for _ in range(steps))
    need = tuple(all_kw * draw.uniform(0.05, 0.25) if window[0] <= n < window[1] else 0.0 for n in range(steps))
    rated = {n: Feeder(rating_kw=4 * all_kw, base_kw=tuple(3.9 * all_kw for _ in range(steps))) for n in range(feeders)}
    return Problem(
        step_minutes=60,
        window=window,
        need_kw=need,
        base_kw=base,
        cohorts=members,
        max_increase_pct=2.0,
        rules={0: ProgramRules(longest=3), 1: ProgramRules(shortest=2, barred=frozenset({(window[0], 3)}))},
        feeders=rated,
        weights=Weights(fairness=0.02),
        most_stages=8,
    )


def needing(problem: Problem, share: float) -> Problem:
    """The same with a multiple of its need."""
    return replace(problem, need_kw=tuple(kw * share for kw in problem.need_kw))


def _cohort(draw: random.Random, n: int, devices: tuple[int, int], steps: int, feeders: int) -> Cohort:
    count, kind = draw.randint(*devices), n % len(SHAPES)
    kw = count * draw.uniform(0.5, 2.0)
    hours = (1 << steps) - 1 if draw.random() < 0.7 else draw.getrandbits(steps)
    return Cohort(
        program=kind,
        feeder=draw.randrange(feeders),
        device_class=CLASSES[kind],
        band=n,
        callable_in=hours,
        devices=count,
        kw=tuple(kw * draw.uniform(0.9, 1.1) for _ in range(steps)),
        shape=SHAPES[kind],
        calls=float(draw.randint(0, 10)),
    )
