"""The data of an event's charts: reserved, target and delivered power, and the zone's load with them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from derms.models import DeliveredLoad, Event, LoadForecast, Stage
from derms.pages.charts import Charts, charts_of
from derms.queries.lists import stages_of

pytestmark = pytest.mark.django_db

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def running(event_in: Callable[..., Event]) -> Stage:
    """A one-hour stage that has reserved 1,200 kW for a goal of 1,000 kW, in a zone with a load of 40 to 42 MW."""
    stage = event_in("In Progress").stages.select_related("event__zone").get()
    Stage.objects.filter(pk=stage.pk).update(reserved_w=1_500_000, removed_w=300_000, goal_kw=1000)
    hour = stage.starts_at.replace(minute=0, second=0, microsecond=0)
    LoadForecast.objects.filter(zone=stage.event.zone).update(forecast_kw=40_000, metered_kw=41_000)
    LoadForecast.objects.filter(zone=stage.event.zone, hour=hour + HOUR).update(forecast_kw=42_000, metered_kw=43_000)
    return stage


def say(stage: Stage, after: timedelta, watts: int) -> None:
    minute = (stage.starts_at + after).replace(second=0, microsecond=0)
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    DeliveredLoad.objects.create(stage=stage, minute=minute, at=minute, reduction_w=watts, **counts)


def charts(stage: Stage, after: timedelta) -> Charts:
    event = Event.objects.select_related("zone").get(pk=stage.event_id)
    found = charts_of(event, stages_of(event), stage.starts_at + after)
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


def test_delivered_holds_between_reports_and_is_unknown_before_and_after(running: Stage) -> None:
    say(running, 5 * MINUTE, 800_000)
    say(running, 7 * MINUTE, 1_100_000)
    found = charts(running, 8 * MINUTE)
    known = {point.at: point.delivered for point in found.reduction if point.delivered is not None}
    *held, last = sorted(known)  # a full hour may lie between the two reports, and shows the earlier value
    assert last - held[0] == 2 * MINUTE
    assert [known[at] for at in held] == [pytest.approx(0.8)] * len(held)
    assert known[last] == pytest.approx(1.1)
    assert found.delivering_w == 1_100_000


def test_after_and_actual_are_load_less_what_is_reserved_and_what_is_delivered(running: Stage) -> None:
    say(running, 10 * MINUTE, 900_000)
    say(running, 30 * MINUTE, 900_000)
    found = charts(running, 20 * MINUTE)
    for point in found.load:
        assert point.before is not None
        assert point.after is not None
        is_running = running.starts_at <= point.at < running.ends_at
        assert point.before - point.after == pytest.approx(1.2 if is_running else 0)
        assert (point.actual is None) == (point.at > running.starts_at + 20 * MINUTE)
    point = next(p for p in found.load if p.at >= running.starts_at + 9 * MINUTE and p.actual is not None)
    assert point.before is not None
    assert point.actual == pytest.approx(point.before + 1 - 0.9)


def test_between_two_hours_the_load_is_read_off_the_line(running: Stage) -> None:
    by_time = {point.at: point.before for point in charts(running, timedelta()).load}
    hour = running.starts_at.replace(minute=0, second=0, microsecond=0)
    share = (running.starts_at - hour) / HOUR
    assert by_time[running.starts_at] == pytest.approx(40 + 2 * share)


def test_an_event_without_stages_has_no_pictures_and_a_small_one_is_shown_in_kw(
    running: Stage, new_event: Callable[..., Event]
) -> None:
    Stage.objects.filter(pk=running.pk).update(reserved_w=20_000, removed_w=0, goal_kw=None)
    found = charts(running, timedelta())
    assert found.unit == "kW"
    assert {point.target for point in found.reduction} == {None}
    assert max(point.reserved[0] for point in found.reduction) == pytest.approx(20)
    event = new_event(name="Bare")
    event.stages.all().delete()
    assert charts_of(event, [], running.starts_at) is None


def test_who_answered_is_known_by_the_last_report_and_finally_by_the_outcomes(running: Stage) -> None:
    assert charts(running, MINUTE).answered is None
    say(running, 2 * MINUTE, 900_000)
    assert charts(running, 3 * MINUTE).answered == 20

    DeliveredLoad.objects.update(answered=7)
    Stage.objects.filter(pk=running.pk).update(called=20, outcomes={"D1SP": 15, "D1ER": 2, "D1ND": 3})

    assert charts(running, HOUR).answered == 17
