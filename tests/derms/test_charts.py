"""The data of an event's charts: reserved, target and delivered power, and the zone's load with them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms.figures.powers import stage_powers
from derms.models import DeliveredLoad, Event, LoadForecast, Stage
from derms.pages.charts import Charts, charts_of
from derms.queries.lists import stages_of

pytestmark = pytest.mark.django_db

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def running(event_in: Callable[..., Event]) -> Stage:
    """A one-hour stage that has reserved 1,200 kW for a goal of 1,000 kW, in a zone with a load of 40 to 42 MW."""
    stage = event_in("In Progress").stages.select_related("event__zone").get()
    Stage.objects.filter(pk=stage.pk).update(reserved_w=1_200_000)
    Event.objects.filter(pk=stage.event_id).update(objective="Load Reduction", target_kw=1000)
    hour = stage.starts_at.replace(minute=0, second=0, microsecond=0)
    LoadForecast.objects.filter(zone=stage.event.zone).update(forecast_kw=40_000, metered_kw=41_000)
    LoadForecast.objects.filter(zone=stage.event.zone, hour=hour + HOUR).update(forecast_kw=42_000, metered_kw=43_000)
    return stage


def report(stage: Stage, at: datetime, watts: int) -> None:
    """Have LEC report what a stage delivers."""
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    DeliveredLoad.objects.create(stage=stage, at=at, reduction_w=watts, **counts)


def charts(stage: Stage, after: timedelta) -> Charts:
    event = Event.objects.select_related("zone").get(pk=stage.event_id)
    stages = stages_of(event)
    found = charts_of(event, stages, stage_powers(stages), stage.starts_at + after)
    assert found is not None
    return found


def test_reserved_and_target_are_steps_at_the_stages_edges(running: Stage) -> None:
    found = charts(running, timedelta())
    start, end = running.starts_at, running.ends_at
    steps = {point.at: (point.reserved, point.target) for point in found.reduction}
    assert found.unit == "MW"
    assert steps[start - SECOND] == steps[end] == ([0], 0)
    assert steps[start] == steps[end - SECOND] == ([pytest.approx(1.2)], pytest.approx(1.0))
    assert (found.starts_at, found.ends_at) == (start - HOUR, end + HOUR)


def test_delivered_is_drawn_at_its_report_and_held_to_the_end_of_the_stage(running: Stage) -> None:
    """Once the line ended up to 59 s before the stage, and a report of 03:40:05 was drawn at 03:40:00."""
    first, second = running.starts_at + 5 * MINUTE + 5 * SECOND, running.starts_at + 7 * MINUTE
    report(running, first, 800_000)
    report(running, second, 1_100_000)
    found = charts(running, HOUR)
    known = {point.at: point.delivered for point in found.reduction if point.delivered is not None}
    assert min(known) == first
    assert max(known) == running.ends_at - SECOND
    assert all(known[at] == pytest.approx(0.8) for at in known if at < second)
    assert all(known[at] == pytest.approx(1.1) for at in known if at >= second)


def test_nothing_is_drawn_as_delivered_that_is_still_to_come(running: Stage) -> None:
    report(running, running.starts_at + 5 * MINUTE, 800_000)
    now = running.starts_at + 8 * MINUTE
    later = [point.delivered for point in charts(running, 8 * MINUTE).reduction if point.at > now]
    assert set(later) == {None}


def test_actual_is_the_metered_load_and_without_the_event_adds_what_was_delivered(running: Stage) -> None:
    report(running, running.starts_at + 10 * MINUTE, 900_000)
    report(running, running.starts_at + 30 * MINUTE, 900_000)
    found = charts(running, 20 * MINUTE)
    for point in found.load:
        assert point.before is not None
        assert point.after is not None
        is_running = running.starts_at <= point.at < running.ends_at
        assert point.before - point.after == pytest.approx(1.2 if is_running else 0)
        assert (point.actual is None) == (point.at > running.starts_at + 20 * MINUTE)
    heard = next(p for p in found.load if p.at >= running.starts_at + 10 * MINUTE and p.actual is not None)
    assert heard.before is not None
    assert heard.actual == pytest.approx(heard.before + 1)
    assert heard.without == pytest.approx(heard.before + 1 + 0.9)


def test_an_hours_load_holds_through_its_hour(running: Stage) -> None:
    """An hourly value is the mean of its hour: the picture shows what the goal of a threshold is computed from."""
    hour = running.starts_at.replace(minute=0, second=0, microsecond=0)
    for point in charts(running, timedelta()).load:
        assert point.before == (42 if hour + HOUR <= point.at < hour + 2 * HOUR else 40)


def test_an_event_without_stages_has_no_pictures_and_a_small_one_is_shown_in_kw(
    running: Stage, new_event: Callable[..., Event]
) -> None:
    Stage.objects.filter(pk=running.pk).update(reserved_w=20_000)
    Event.objects.filter(pk=running.event_id).update(objective="Maximum Reduction", target_kw=None)
    found = charts(running, timedelta())
    assert found.unit == "kW"
    assert {point.target for point in found.reduction} == {None}
    assert max(point.reserved[0] for point in found.reduction) == pytest.approx(20)
    event = new_event(name="Bare")
    event.stages.all().delete()
    assert charts_of(event, [], [], running.starts_at) is None


def test_who_takes_part_is_known_by_the_last_report_and_finally_by_the_outcomes(running: Stage) -> None:
    assert charts(running, MINUTE).taking_part is None
    report(running, running.starts_at + 2 * MINUTE, 900_000)
    assert charts(running, 3 * MINUTE).taking_part == 20

    DeliveredLoad.objects.update(answered=7, rejected=3)
    assert charts(running, 3 * MINUTE).taking_part == 4, "a rejection is no part"
    Stage.objects.filter(pk=running.pk).update(called=20, outcomes={"D1SP": 15, "D1ER": 2, "D1ND": 3})

    assert charts(running, HOUR).taking_part == 15


def test_after_a_stage_the_load_that_comes_back_stands_apart(running: Stage) -> None:
    Stage.objects.filter(pk=running.pk).update(class_w={"thermostat": 1_200_000}, control="off")
    found = charts(running, timedelta())
    load = {point.at: point for point in found.load}
    end = running.ends_at
    # 60 % of what was held for an hour come back in the first hour; before the stage's end nothing does.
    assert load[end - SECOND].rebound is None
    before, rebound = load[end].before, load[end].rebound
    assert before is not None
    assert rebound == pytest.approx(before + 0.72)
    assert found.has_rebound
