"""Generated stages: every limit holds, every answer says what is missing, and no plan is much cheaper."""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derms.choices import Control, DeviceClass
from derms.planning.generating import linear, size
from derms.planning.generating.cells import cells_of, missing_price
from derms.planning.generating.few_stages import rivals_of
from derms.planning.generating.generate import generate
from derms.planning.generating.problem import Cohort, Problem, ProgramRules, Weights
from derms.shapes import SHAPES, ResponseShape
from integration.engines.state import PROJECT

from .exact_plans import brute_force, cheapest
from .plain_plans import FADES, HEATS_UP, broken_limits, made_up, needing

HOURS = 6


def one_program(*, need: dict[int, float], devices: int = 100, **fields: object) -> Problem:
    """100 thermostats of 1 kW in six hours of 1,000 kW, callable in hours 1 to 3."""
    thermostats = Cohort(
        program=1, feeder=1, device_class="thermostat", band=0, callable_in=0b001110, devices=devices,
        kw=(float(devices),) * HOURS, shape=FADES,
    )  # fmt: skip
    asked = Problem(
        step_minutes=60,
        window=(1, 4),
        need_kw=tuple(need.get(step, 0.0) for step in range(HOURS)),
        base_kw=(1000.0,) * HOURS,
        cohorts=(thermostats,),
        max_increase_pct=100.0,
    )
    return replace(asked, **fields)  # type: ignore[arg-type]


def test_a_stage_is_as_large_as_its_last_hour_needs() -> None:
    plan = generate(one_program(need={1: 30.0, 2: 30.0}, window=(1, 3), rules={1: ProgramRules(shortest=2)}))
    # In its second hour a thermostat gives 0.75 of its power.
    assert [(s.start, s.length, s.devices, s.lowest_kw) for s in plan.stages] == [(1, 2, 40, pytest.approx(30.0))]
    assert plan.stages[0].full_kw == pytest.approx(40.0)
    assert plan.effect_kw == pytest.approx((0.0, 40.0, 30.0, -20.0, -10.0, 0.0))
    assert plan.missing_kw == (0.0,) * HOURS
    assert not plan.reasons


def test_what_comes_back_inside_the_window_is_made_up_for() -> None:
    alone = one_program(need={1: 20.0, 2: 20.0, 3: 20.0}, rules={1: ProgramRules(longest=1)})
    plan = generate(replace(alone, may_overlap=True))
    # 20 devices add 10 kW in the next hour, so that it takes 30, and then 40: 20, 15 and 5 kW of which come back.
    assert [stage.devices for stage in plan.stages] == [20, 30, 40]
    assert plan.effect_kw[1:4] == pytest.approx((20.0, 20.0, 20.0))


def test_too_few_devices_are_all_called_and_the_rest_is_missing() -> None:
    plan = generate(one_program(need={1: 150.0}))
    assert plan.missing_kw == pytest.approx((0.0, 50.0, 0.0, 0.0, 0.0, 0.0))
    assert [reason.kind for reason in plan.reasons] == ["devices"]


def test_the_increase_allowed_beside_the_window_holds_and_is_named() -> None:
    plan = generate(one_program(need={3: 90.0}, max_increase_pct=2.0))
    # Half of what was called comes back in the next hour: 20 kW allow 40.
    assert plan.missing_kw[3] == pytest.approx(50.0)
    assert plan.effect_kw[4] == pytest.approx(-20.0)
    assert [reason.kind for reason in plan.reasons] == ["increase"]


def test_hours_in_which_devices_may_not_be_called_are_named() -> None:
    asked = one_program(need={3: 50.0})
    some = replace(asked, cohorts=(replace(asked.cohorts[0], callable_in=0b000110),))
    assert [reason.kind for reason in generate(some).reasons] == ["hours"]


def test_the_longest_call_is_named_with_its_program() -> None:
    plan = generate(one_program(need={1: 40.0, 2: 40.0, 3: 40.0}, rules={1: ProgramRules(longest=1)}))
    assert ("length", 1) in [(reason.kind, reason.program) for reason in plan.reasons]


def test_maximum_reduction_raises_the_least_hour_as_far_as_it_goes() -> None:
    plan = generate(one_program(need={}, is_maximum=True))
    # All day long 100 devices hold 55 kW; in two parts they hold more: at least that much in every hour.
    assert min(plan.effect_kw[1:4]) >= 55.0
    assert plan.need_kw[1:4] == (min(plan.effect_kw[1:4]),) * 3
    assert not plan.most_missing_kw


def test_maximum_reduction_holds_what_it_can_beside_an_hour_in_which_nobody_may_be_called() -> None:
    asked = one_program(need={}, is_maximum=True)
    plan = generate(replace(asked, cohorts=(replace(asked.cohorts[0], callable_in=0b001010),)))
    # A quarter of what is called in hour 1 comes back in hour 3: 44 devices, then 56. Hour 2 gets 22 kW.
    assert [(stage.start, stage.devices) for stage in plan.stages] == [(1, 44), (3, 56)]
    assert plan.need_kw[1:4] == pytest.approx((44.0, 44.0, 44.0))
    assert plan.missing_kw == pytest.approx((0.0, 0.0, 66.0, 0.0, 0.0, 0.0))
    assert [(reason.kind, reason.kwh) for reason in plan.reasons] == [("nobody", pytest.approx(66.0))]


@pytest.mark.parametrize("asked", [one_program(need={}), one_program(need={2: 10.0}, cohorts=())])
def test_nothing_needed_and_nobody_to_call_have_a_plan_without_stages(asked: Problem) -> None:
    plan = generate(asked)
    assert not plan.stages
    assert plan.missing_kw == asked.need_kw


def test_a_solver_out_of_time_gives_a_greedy_plan_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_args: object, **_kwargs: object) -> None:
        raise linear.TimeLimitReached

    asked = made_up(5, cohorts=6, devices=(50, 100))
    best = generate(asked)
    monkeypatch.setattr(linear.LinearProgram, "solve", give_up)
    plan = generate(asked)
    assert (plan.is_greedy, best.is_greedy) == (True, False)
    assert plan.stages
    assert not broken_limits(asked, plan)
    assert plan.cost >= best.cost


def test_too_many_calls_to_choose_from_are_whole_hours_then_fewer_cohorts_then_none() -> None:
    hours = one_program(need={1: 30.0}, devices=10)
    fine = replace(
        hours, step_minutes=15, window=(0, 24), need_kw=(30.0,) * 24 + (0.0,), base_kw=(1000.0,) * 25,
        cohorts=tuple(
            replace(hours.cohorts[0], callable_in=(1 << 25) - 1, kw=(10.0,) * 25, calls=float(n)) for n in range(60)
        ),
    )  # fmt: skip
    assert len(size.spans_of(fine)) == 300
    many = replace(fine, cohorts=fine.cohorts * 2)  # 300 x 120 are too many, 21 x 120 are not
    assert size.spans_of(many)[:3] == [(0, 4), (0, 8), (0, 12)]
    assert size.merged(many) is many
    too_many = replace(fine, cohorts=fine.cohorts * 20)
    (one,) = size.merged(too_many).cohorts
    assert (one.devices, one.kw[0], one.calls) == (12_000, 12_000.0, 29.5)
    plan = generate(too_many)
    assert not plan.stages
    assert [(reason.kind, reason.kwh) for reason in plan.reasons] == [("size", 180.0)]


def test_one_time_limit_holds_for_all_solves_of_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    solved, solve = [], linear.LinearProgram.solve

    def slowly(program: linear.LinearProgram, *args: object, **kwargs: object) -> linear.Solution | None:
        solved.append(program.problem.left_s)
        monkeypatch.setattr("time.monotonic", lambda: now + 3.0 * len(solved))
        return solve(program, *args, **kwargs)  # type: ignore[arg-type]

    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr(linear.LinearProgram, "solve", slowly)
    plan = generate(one_program(need={3: 90.0}, max_increase_pct=2.0, time_limit_s=5.0))
    # The second solve, for the reasons, runs out of what the first one left; the plan itself holds.
    assert solved == [5.0, 2.0]
    assert plan.missing_kw[3] == pytest.approx(50.0)
    assert [reason.kind for reason in plan.reasons] == ["time"]


def test_few_stages_and_none_too_small() -> None:
    asked = made_up(3, cohorts=9, devices=(80, 200))
    plan = generate(replace(asked, most_stages=3, least_devices=30))
    assert 1 <= len(plan.stages) <= 3
    assert all(stage.devices >= 30 for stage in plan.stages)


def test_stages_of_a_program_exclude_those_they_overlap_and_with_a_longest_event_those_they_adjoin() -> None:
    asked = one_program(need={})  # its patterns: from hour 1 for 1, 2, 3 h; from hour 2 for 1, 2 h; from hour 3 for 1 h
    two = replace(asked, cohorts=(*asked.cohorts, replace(asked.cohorts[0], program=2)))
    first = {n: set(others) for n, others in rivals_of(two, cells_of(two)).items() if n < 6}
    assert first == {0: {1, 2}, 1: {0, 2, 3, 4}, 2: {0, 1, 3, 4, 5}, 3: {1, 2, 4}, 4: {1, 2, 3, 5}, 5: {2, 4}}
    adjoining = replace(two, rules={2: ProgramRules(longest=3)})
    assert rivals_of(adjoining, cells_of(two))[6 + 0] == {6 + n for n in (1, 2, 3, 4)}
    assert not any(rivals_of(replace(two, may_overlap=True), cells_of(two)).values())


problems = st.builds(
    lambda seed, cohorts, few, share, most, least, minutes, may_overlap: replace(
        needing(made_up(seed, cohorts=cohorts, devices=few), share),
        most_stages=most,
        least_devices=least,
        step_minutes=minutes,
        may_overlap=may_overlap,
    ),
    st.integers(0, 10**6),
    st.integers(1, 8),
    st.sampled_from([(1, 3), (20, 60), (500, 2000)]),
    st.sampled_from([0.0, 0.3, 1.0, 5.0]),
    st.integers(1, 8),
    st.sampled_from([1, 10]),
    st.sampled_from([15, 30, 60]),
    st.booleans(),
)


@given(problems)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_plan_keeps_every_limit_and_says_what_is_missing(asked: Problem) -> None:
    plan = generate(asked)
    assert broken_limits(asked, plan) == []
    assert plan.cost >= plan.bound * (1 - 1e-6) - 1e-6
    assert bool(plan.reasons) == bool(plan.most_missing_kw)
    assert generate(asked) == plan


@pytest.mark.parametrize("seed", range(8))
def test_a_handful_of_devices_is_never_cheaper_than_trying_everything(seed: int) -> None:
    made = made_up(seed, cohorts=2, devices=(1, 2), steps=7)
    asked = replace(made, feeders={}, cohorts=tuple(replace(one, shape=HEATS_UP) for one in made.cohorts))
    asked = replace(asked, may_overlap=True)
    price = missing_price(cells_of(asked), asked.hours)
    plan, best = generate(asked), brute_force(asked, price)
    assert plan.bound - 1e-6 <= best <= plan.cost + 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_small_cases_cost_at_most_2_per_cent_more_than_the_cheapest_plan(seed: int) -> None:
    made = made_up(seed, cohorts=6, devices=(300, 900), steps=9)
    asked = replace(made, most_stages=3 + seed % 3, weights=Weights(fairness=0.02, device=0.1))
    best = cheapest(asked, missing_price(cells_of(asked), asked.hours))
    assert generate(asked).cost <= best * 1.02


def test_the_documentation_lists_every_shape() -> None:
    page = (PROJECT / "docs" / "reference" / "generated-stages.md").read_text()
    for (device_class, control), shape in SHAPES.items():
        left, back = (", ".join(f"{share:g}" for share in shares) for shares in (shape.held, shape.back))
        names = f"{DeviceClass(device_class).label} | {Control(control).label}"
        assert f"| {names} | {left} | {back} | {shape.ramp_minutes} |" in page


@pytest.mark.parametrize("hours", [0.5, 1, 2.5, 4, 9])
@pytest.mark.parametrize("shape", SHAPES.values())
def test_no_more_energy_comes_back_than_was_held(shape: ResponseShape, hours: float) -> None:
    minutes = [shape.held[min(minute // 60, len(shape.held) - 1)] for minute in range(round(60 * hours))]
    assert shape.energy(hours) == pytest.approx(sum(minutes) / 60)
    assert shape.lowest(hours) == min(minutes)
    assert sum(shape.back_after(hours)) <= shape.energy(hours) + 1e-9
