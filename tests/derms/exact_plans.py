"""The cheapest plan there is, by an integer program that shares nothing with the product but the plain reading."""

from itertools import combinations, product

import highspy

from derms.planning.generating.problem import Called, Problem, ProgramRules

from .plain_plans import excludes, plain_effect, plain_room


def allowed_calls(problem: Problem) -> list[Called]:
    """One device of each cohort in every way in which it may be called."""
    first, after = problem.window
    found = []
    for n, cohort in enumerate(problem.cohorts):
        rules = problem.rules.get(cohort.program, ProgramRules())
        for start in range(first, after):
            for length in range(rules.shortest, min(rules.longest or after, after - start) + 1):
                if all(cohort.callable_in >> step & 1 for step in range(start, start + length)):
                    found.append(Called(n, start, length, 1))
    return found


def plain_cost(problem: Problem, calls: list[Called], price: float, need: tuple[float, ...]) -> float:
    """What calls and what is missing with them cost."""
    effect = plain_effect(problem, tuple(calls))
    missing = sum(max(0.0, need[step] - effect[step]) for step in range(problem.steps) if need[step] > 0)
    return sum(_call_cost(problem, call) for call in calls) + missing * price * problem.hours


def cheapest(problem: Problem, price: float) -> float:
    """The cost of the best plan in whole devices with all limits, to 0.1 %."""
    model, calls = highspy.Highs(), allowed_calls(problem)
    for option, value in (("output_flag", False), ("mip_rel_gap", 1e-3), ("threads", 1), ("time_limit", 60.0)):
        model.setOptionValue(option, value)
    count = [model.addIntegral(0, problem.cohorts[call.cohort].devices) for call in calls]
    lack = [model.addVariable(0) for _ in range(problem.steps)]
    effects = [plain_effect(problem, (call,)) for call in calls]
    for step in range(problem.steps):
        total = sum(effects[n][step] * count[n] for n in range(len(calls)))
        if problem.need_kw[step] > 0:
            model.addConstr(total + lack[step] >= problem.need_kw[step])
        else:
            model.addConstr(total >= -plain_room(problem, step))
    for n, cohort in enumerate(problem.cohorts):
        if own := [count[k] for k, call in enumerate(calls) if call.cohort == n]:
            model.addConstr(sum(own) <= cohort.devices)
    _keep_feeders(problem, model, calls, count)
    _keep_stages(problem, model, calls, count)
    costs = sum(_call_cost(problem, call) * count[n] for n, call in enumerate(calls))
    model.minimize(costs + sum(price * problem.hours * one for one in lack))
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(model.getInfo().objective_function_value)


def brute_force(problem: Problem, price: float) -> float:
    """The same for a handful of devices, by trying everything."""
    each = [[None, *(call for call in allowed_calls(problem) if call.cohort == n)] for n in range(len(problem.cohorts))]
    devices = [options for options, cohort in zip(each, problem.cohorts, strict=True) for _ in range(cohort.devices)]
    best = float("inf")
    for choice in product(*devices):
        calls = [call for call in choice if call is not None]
        effect = plain_effect(problem, tuple(calls))
        quiet = [step for step in range(problem.steps) if problem.need_kw[step] <= 0]
        if all(-effect[step] <= plain_room(problem, step) + 1e-9 for step in quiet):
            best = min(best, plain_cost(problem, calls, price, problem.need_kw))
    return best


def _call_cost(problem: Problem, call: Called) -> float:
    cohort, weights = problem.cohorts[call.cohort], problem.weights
    held = [
        cohort.kw[call.start + n] / cohort.devices * cohort.shape.held_in(int(n * problem.hours))
        for n in range(call.length)
    ]
    each = weights.fairness * cohort.calls + weights.device + weights.square_hour * (call.length * problem.hours) ** 2
    return call.devices * (weights.energy * sum(held) * problem.hours + each)


def _keep_feeders(problem: Problem, model: highspy.Highs, calls: list[Called], count: list[object]) -> None:
    for pk, feeder in problem.feeders.items():
        effects = [plain_effect(problem, (call,), feeder=pk) for call in calls]
        for step, base in enumerate(feeder.base_kw):
            total = sum(effects[n][step] * count[n] for n in range(len(calls)) if effects[n][step])
            if not isinstance(total, int):
                model.addConstr(total >= -max(0.0, feeder.rating_kw - base))


def _keep_stages(problem: Problem, model: highspy.Highs, calls: list[Called], count: list[object]) -> None:
    spans = sorted({(problem.cohorts[call.cohort].program, call.start, call.length) for call in calls})
    used = [model.addBinary() for _ in spans]
    if used:
        model.addConstr(sum(used) <= problem.most_stages)
    for one, other in combinations(range(len(spans)), 2) if not problem.may_overlap else ():
        if excludes(problem, spans[one], spans[other]):
            model.addConstr(used[one] + used[other] <= 1)
    for is_used, span in zip(used, spans, strict=True):
        own = [n for n, c in enumerate(calls) if (problem.cohorts[c.cohort].program, c.start, c.length) == span]
        for n in own:
            model.addConstr(count[n] <= problem.cohorts[calls[n].cohort].devices * is_used)
        model.addConstr(sum(count[n] for n in own) >= problem.least_devices * is_used)
