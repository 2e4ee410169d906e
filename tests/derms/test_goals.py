"""The goal of each stage of an event, given the event's objective and the stages' shares."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from derms.choices import Objective
from derms.models import ControlZone, Event, LoadForecast, Program, Stage
from derms.objectives import OBJECTIVES
from derms.queries.goals import hours_without_forecast, missing_kw, shortfall, stage_goals

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def goals(event: Event, program: Program, noon: datetime) -> Callable[..., list[float | None]]:
    """The goals of an event's stages; each stage is specified by its minutes from noon and its fields."""

    def make(objective: str, *stages: tuple[int, int, dict[str, Any]], **fields: Any) -> list[float | None]:
        Event.objects.filter(pk=event.pk).update(objective=objective, **fields)
        for number, (begins, ends, given) in enumerate(stages, start=1):
            window = {"starts_at": noon + begins * MINUTE, "ends_at": noon + ends * MINUTE}
            Stage.objects.create(event=event, program=program, number=number, **window, **given)
        made = list(event.stages.order_by("number"))
        by_id = stage_goals(Event.objects.get(pk=event.pk), made)
        return [by_id[stage.pk] for stage in made]

    return make


def test_every_objective_says_what_it_needs_of_fields_that_exist() -> None:
    assert set(OBJECTIVES) == set(Objective)
    for aim in OBJECTIVES.values():
        assert hasattr(Event, aim.event_needs or "pk")
        assert hasattr(Stage, aim.stage_needs or "pk")
        assert bool(aim.needs) == bool(aim.missing) == bool(aim.event_needs or aim.stage_needs)


def test_stages_that_overlap_in_part_cover_the_target_at_every_moment(goals: Callable[..., list[float]]) -> None:
    """In the first half hour two stages share 90 kW, in the second three: the first two take what they need alone."""
    assert goals("Load Reduction", (0, 60, {}), (0, 60, {}), (30, 60, {}), target_kw=90) == pytest.approx([45, 45, 30])


def test_stages_one_after_the_other_each_have_the_whole_target(goals: Callable[..., list[float]]) -> None:
    assert goals("Load Reduction", (0, 60, {}), (60, 120, {}), target_kw=90) == [90, 90]


def test_a_long_stage_beside_two_short_ones_shares_with_one_at_a_time(goals: Callable[..., list[float]]) -> None:
    assert goals("Load Reduction", (0, 60, {}), (60, 120, {}), (0, 120, {}), target_kw=90) == [45, 45, 45]


def test_a_share_that_is_given_holds(goals: Callable[..., list[float]]) -> None:
    stages = ((0, 60, {"share_pct": 25}), (0, 60, {"share_pct": 75}))

    assert goals("Load Reduction", *stages, target_kw=80) == [20, 60]


def test_a_threshold_asks_for_what_the_highest_forecast_passes_it_by(
    goals: Callable[..., list[float]], noon: datetime
) -> None:
    LoadForecast.objects.filter(hour=noon).update(forecast_kw=51_000)
    LoadForecast.objects.filter(hour=noon + 60 * MINUTE).update(forecast_kw=53_000)

    stages = ((0, 60, {}), (60, 120, {}), (90, 180, {}), (180, 240, {}))
    assert goals("Max Demand Threshold", *stages, threshold_kw=50_500) == [500, 2500, 1250, 0]


def test_maximum_reduction_has_no_goal(goals: Callable[..., list[float | None]]) -> None:
    assert goals("Maximum Reduction", (0, 60, {"target_kw": 5}), (60, 90, {}), target_kw=90) == [None, None]


def test_manual_stages_have_their_own_targets(goals: Callable[..., list[float | None]]) -> None:
    assert goals("Manual", (0, 60, {"target_kw": 5}), (0, 60, {"target_kw": 7}), target_kw=90) == [5, 7]


@pytest.mark.parametrize(
    ("goal_kw", "reserved_w", "missing"),
    [(None, 0, 0), (4.0, 4_000, 0), (4.0, 5_000, 0), (4.0, 3_999, 1), (4.0, 3_000, 1), (4.0, 2_999, 2), (0.0, 0, 0)],
)
def test_what_is_missing_is_rounded_up_to_whole_kw(goal_kw: float | None, reserved_w: int, missing: int) -> None:
    assert missing_kw(goal_kw, reserved_w) == missing


def test_the_shortfall_is_what_the_event_lacks_at_its_worst_moment(
    event: Event, program: Program, noon: datetime
) -> None:
    """Sequential stages of 60 and 85 kW of 90 lack 30 kW in the first hour, never 35 together."""
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=90)
    for number, (begins, watts) in enumerate([(0, 60_000), (60, 85_000)], start=1):
        window = {"starts_at": noon + begins * MINUTE, "ends_at": noon + (begins + 60) * MINUTE}
        Stage.objects.create(event=event, program=program, number=number, reserved_w=watts, **window)

    found = shortfall(Event.objects.get(pk=event.pk), list(event.stages.order_by("number")))
    assert found is not None
    assert found.missing_kw == 30


def test_a_zone_at_half_an_hour_follows_its_own_hours(event: Event, program: Program, noon: datetime) -> None:
    ControlZone.objects.update(time_zone="Asia/Kolkata")
    LoadForecast.objects.all().delete()
    half = ControlZone.objects.get(pk=event.zone_id).hour_of(noon)
    assert half.minute == 30
    for n, load_kw in enumerate((52_000, 54_000)):
        LoadForecast.objects.create(zone_id=event.zone_id, hour=half + n * 60 * MINUTE, forecast_kw=load_kw)
    Event.objects.filter(pk=event.pk).update(objective=Objective.MAX_DEMAND_THRESHOLD, threshold_kw=50_000)
    stage = Stage.objects.create(event=event, program=program, number=1, starts_at=noon, ends_at=noon + 120 * MINUTE)
    fresh = Event.objects.get(pk=event.pk)
    assert hours_without_forecast(fresh, [stage]) == [half + 120 * MINUTE]
    assert stage_goals(fresh, [stage]) == {stage.pk: 4_000}


def test_a_negative_net_load_needs_nothing(event: Event, program: Program, noon: datetime) -> None:
    LoadForecast.objects.update(forecast_kw=-54_200)
    Event.objects.filter(pk=event.pk).update(objective=Objective.MAX_DEMAND_THRESHOLD, threshold_kw=50_000)
    stage = Stage.objects.create(event=event, program=program, number=1, starts_at=noon, ends_at=noon + 60 * MINUTE)
    assert stage_goals(Event.objects.get(pk=event.pk), [stage]) == {stage.pk: 0}
