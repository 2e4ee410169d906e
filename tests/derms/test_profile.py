"""The power profile of an event, compared with a slow and simple implementation of its definitions."""

from datetime import UTC, datetime, timedelta
from math import ceil, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derms.figures.profile import Figures, Reading, StagePower, Target, TargetStep, figures_of, profile, step_at
from derms.operations.delivered_alert import delivering_pct

NOON = datetime(2026, 7, 21, 16, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def readings(most: int) -> st.SearchStrategy[tuple[Reading, ...]]:
    one = st.builds(Reading, st.integers(-20, 140).map(at), st.integers(0, 50).map(float))
    return st.lists(one, max_size=most).map(lambda found: tuple(sorted(found)))


@st.composite
def stage_powers(draw: st.DrawFn) -> StagePower:
    start = draw(st.integers(0, 90))
    leavers = draw(readings(4))
    return StagePower(
        at(start),
        at(start + draw(st.integers(1, 60))),
        reserved_kw=sum(kw for _, kw in leavers) + draw(st.integers(0, 900)),
        target_kw=draw(st.none() | st.integers(0, 900).map(float)),
        leavers=leavers,
        reports=draw(readings(6)),
        outcome_kw=draw(st.none() | st.integers(0, 900).map(float)),
        canceled_at=draw(st.none() | st.integers(-20, 160).map(at)),
    )


@st.composite
def target_steps(draw: st.DrawFn) -> tuple[TargetStep, ...]:
    amounts = draw(st.lists(st.integers(0, 900), min_size=1, max_size=4))
    return tuple(TargetStep(at(60 * n), at(60 * n + 60), float(kw)) for n, kw in enumerate(amounts, -1))


targets = (
    st.just(Target())
    | st.integers(1, 900).map(lambda kw: Target(kw=float(kw)))
    | target_steps().map(lambda steps: Target(steps=steps))
    | st.just(Target(is_per_stage=True))
)


class Minute:
    """The figures of one minute, computed from the definitions one device and one stage at a time."""

    def __init__(self, minute: int, stages: list[StagePower], target: Target) -> None:
        self.running, self.reserved, self.missing, goals = 0, 0.0, 0.0, []
        self.delivered, self.counted, self.aimed_counted, self.aimed_reserved = [], [], [], 0.0
        for stage in stages:
            end = stage.ends_at if stage.canceled_at is None else min(stage.ends_at, stage.canceled_at)
            if not stage.starts_at <= at(minute) < end:
                continue
            self.running += 1
            kw = stage.reserved_kw
            for left_at, lost in stage.leavers:
                if left_at <= stage.starts_at or left_at <= at(minute):
                    kw -= lost
            self.reserved += kw
            if target.is_per_stage and stage.target_kw is not None:
                goals.append(stage.target_kw)
                self.missing += max(0.0, stage.target_kw - kw)
            heard = [reported for moment, reported in stage.reports if moment <= at(minute)]
            spread = None
            if stage.outcome_kw is not None:
                spread = stage.outcome_kw * (stage.ends_at - stage.starts_at) / (end - stage.starts_at)
            shown = heard[-1:] if stage.reports else [spread] if spread is not None else []
            self.delivered += shown
            self.counted += shown if spread is None else [spread]
            is_aimed = not target.is_per_stage or stage.target_kw is not None
            self.aimed_counted += (shown if spread is None else [spread]) * is_aimed
            self.aimed_reserved += kw * is_aimed
        if target.steps:
            holding = [step.kw for step in target.steps if step.starts_at <= at(minute) < step.ends_at]
            goals = holding or [0.0]
        elif target.kw is not None:
            goals = [target.kw]
        self.target = sum(goals) if goals and self.running else None
        if not target.is_per_stage and self.target is not None:
            self.missing = max(0.0, self.target - self.reserved)


@given(st.lists(stage_powers(), max_size=5), targets)
def test_the_profile_is_what_a_plain_reading_finds_minute_by_minute(stages: list[StagePower], target: Target) -> None:
    steps = profile(stages, target)
    minutes = [Minute(n, stages, target) for n in range(160)]

    for n, minute in enumerate(minutes):
        step = step_at(steps, at(n))
        assert (step is not None) == (minute.running > 0)
        if step is None:
            continue
        delivered = sum(minute.delivered) if minute.delivered else None
        assert isclose(step.reserved_kw, minute.reserved, abs_tol=1e-6)
        assert isclose(step.missing_kw, minute.missing, abs_tol=1e-6)
        assert step.target_kw == minute.target
        assert step.delivered_kw == (None if delivered is None else pytest.approx(delivered))
    running = [minute for minute in minutes if minute.running]
    heard = [sum(minute.delivered) for minute in running if minute.delivered]
    counted = [sum(minute.counted) for minute in running if minute.counted]
    found = figures_of(steps, now=at(1000))
    assert isclose(found.reserved_kw, max((m.reserved for m in running), default=0.0), abs_tol=1e-6)
    assert found.missing_kw == ceil(round(max((m.missing for m in running), default=0.0), 3))
    assert found.target_kw == max((m.target for m in running if m.target is not None), default=None)
    assert found.reserved_kwh == pytest.approx(sum(minute.reserved for minute in running) / 60, abs=1e-6)
    assert found.aimed_kw == pytest.approx(max((minute.aimed_reserved for minute in running), default=0.0), abs=1e-6)
    peaks = [*heard, *counted]
    assert found.peak_kw == (pytest.approx(max(peaks)) if peaks else None)
    aimed = [minute for minute in running if minute.target]
    assert found.target_kwh == (pytest.approx(sum(m.target or 0 for m in aimed) / 60) if aimed else None)
    if aimed and (heard or counted):
        assert found.toward_kwh == pytest.approx(
            sum(min(sum(m.aimed_counted), m.target or 0) for m in aimed) / 60, abs=1e-6
        )
    if heard or counted:
        assert found.energy_kwh is not None
        assert isclose(found.energy_kwh, sum(counted) / 60, abs_tol=1e-6)
        assert found.mean_kw is not None
        assert isclose(found.mean_kw, sum(counted) / len(running), abs_tol=1e-6)


def test_a_target_that_changes_is_compared_with_what_was_delivered_at_each_moment() -> None:
    """Targets of 607, 1,329 and 607 kW that were met at each moment once read 65 %, the mean of the highest."""
    goals = (607.0, 1329.0, 607.0)
    stages = [
        StagePower(at(60 * n), at(60 * n + 60), kw, kw, outcome_kw=got)
        for n, (kw, got) in enumerate(zip(goals, (611.0, 1363.0, 611.0), strict=True))
    ]
    found = figures_of(profile(stages, Target(is_per_stage=True)), now=at(1000))

    assert (found.target_kwh, found.toward_kwh) == (pytest.approx(2543), pytest.approx(2543))


def test_a_surplus_at_one_moment_hides_no_shortfall_at_another() -> None:
    """An hour at 170 % and an hour at 70 % once read 120 % of the target."""
    stages = [
        StagePower(at(0), at(60), 1000.0, outcome_kw=1700.0),
        StagePower(at(60), at(120), 1000.0, outcome_kw=700.0),
    ]

    found = figures_of(profile(stages, Target(kw=1000.0)), now=at(1000))

    assert (found.target_kwh, found.toward_kwh) == (pytest.approx(2000), pytest.approx(1700))


def test_stages_that_follow_one_another_are_not_added_up() -> None:
    """Once 1,035 kW and then 981 kW were shown as 2.02 MW."""
    first = StagePower(at(0), at(90), 1035.0, reports=(Reading(at(0), 900.0),))
    second = StagePower(at(90), at(150), 981.0, reports=(Reading(at(90), 890.0),))

    assert figures_of(profile([first, second], Target()), now=at(1000)) == Figures(
        1035.0,
        None,
        0,
        pytest.approx(2240),
        pytest.approx(896),
        900.0,
        reserved_kwh=pytest.approx(2533.5),
        aimed_kw=1035.0,
    )


def test_a_target_is_missed_at_the_worst_moment_of_stages_that_overlap_in_part() -> None:
    """Once 400 kW over two stages that share half an hour were shown as 802 kW of 400."""
    stages = [StagePower(at(0), at(60), 201.0), StagePower(at(30), at(90), 201.0), StagePower(at(120), at(180), 400.0)]

    found = figures_of(profile(stages, Target(kw=400.0)), now=at(1000))

    assert (found.reserved_kw, found.target_kw, found.missing_kw) == (402.0, 400.0, 199)


def test_one_stages_surplus_hides_no_shortfall_of_another() -> None:
    stages = [StagePower(at(0), at(60), 300.0, target_kw=100.0), StagePower(at(0), at(60), 50.0, target_kw=100.0)]

    assert figures_of(profile(stages, Target(is_per_stage=True)), now=at(1000)).missing_kw == 50


def test_a_stage_canceled_before_its_start_never_counts() -> None:
    stages = [StagePower(at(0), at(60), 300.0, canceled_at=at(-5)), StagePower(at(60), at(120), 200.0)]

    assert figures_of(profile(stages, Target()), now=at(1000)).reserved_kw == 200.0


def test_what_is_reported_is_counted_up_to_now() -> None:
    """Once a report of the first minute was shown as the energy of the whole hour."""
    stages = [StagePower(at(0), at(60), 1000.0, reports=(Reading(at(10), 600.0),)), StagePower(at(60), at(120), 800.0)]

    found = figures_of(profile(stages, Target(kw=900.0)), now=at(20))

    assert (found.energy_kwh, found.mean_kw) == (pytest.approx(100), pytest.approx(300))
    assert (found.reserved_kw, found.missing_kw, found.target_kwh) == (1000.0, 100, pytest.approx(1800))
    assert found.toward_kwh == pytest.approx(100)


def test_a_stage_without_a_target_helps_no_other_to_reach_its_own() -> None:
    """Once what it reserved and delivered was compared with the target of the stage beside it: 1,100 %."""
    aimed = StagePower(at(0), at(60), 500.0, target_kw=500.0, reports=(Reading(at(0), 300.0),))
    free = StagePower(at(0), at(60), 5000.0, reports=(Reading(at(0), 4800.0),))
    steps = profile([aimed, free], Target(is_per_stage=True))
    found = figures_of(steps, now=at(60))
    assert (found.reserved_kw, found.aimed_kw, found.target_kw, found.surplus_in) == (5500.0, 500.0, 500.0, None)
    assert (found.toward_kwh, found.target_kwh, found.energy_kwh) == (300.0, 500.0, 5100.0)
    assert delivering_pct(step_at(steps, at(1))) == 60
