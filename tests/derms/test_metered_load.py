"""The metered load of a zone by the minute: kept, drawn, and made into means of hours."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from derms.figures.powers import stage_powers
from derms.models import ControlZone, DeliveredLoad, Event, LoadForecast, MeteredLoad, Stage
from derms.operations import Metered, keep_metered
from derms.pages.charts import charts_of
from derms.queries.lists import stages_of
from integration.demo.metered import COMES_BACK, add_past_metered, write_metered

pytestmark = pytest.mark.django_db
MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


def hour_of(zone: ControlZone, hour: datetime, **fields: Any) -> LoadForecast:
    return LoadForecast.objects.update_or_create(
        zone=zone, hour=hour, defaults={"forecast_kw": 40_000, "metered_kw": None, **fields}
    )[0]


def test_an_hour_gets_its_mean_once_it_is_over_and_most_of_it_is_known(zone: ControlZone, now: datetime) -> None:
    begins = now.replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    whole, part = hour_of(zone, begins), hour_of(zone, begins + HOUR)
    said = [Metered(begins + n * MINUTE, 60, 30_000 + n * 100) for n in range(60)]
    said += [Metered(begins + HOUR + n * MINUTE, 60, 1) for n in range(30)]
    assert keep_metered(zone_id=zone.pk, loads=said, now=begins + 2 * HOUR) == 90
    whole.refresh_from_db()
    part.refresh_from_db()
    assert (whole.metered_kw, part.metered_kw) == (32_950, None)

    corrected = [Metered(begins, 60, 36_000)]
    keep_metered(zone_id=zone.pk, loads=corrected, now=begins + 2 * HOUR)
    whole.refresh_from_db()
    assert MeteredLoad.objects.filter(zone=zone).count() == 90, "the latest word of a moment counts"
    assert whole.metered_kw == 33_050


def delivering(event: Event) -> Stage:
    """A one-hour stage that delivers 6,000 kW from its second minute, in a zone that would use 40,000 kW."""
    stage = event.stages.select_related("event__zone").get()
    start = stage.starts_at.replace(minute=0, second=0, microsecond=0)
    for n in range(-4, 8):
        hour_of(stage.event.zone, start + n * HOUR, metered_kw=40_000)
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    DeliveredLoad.objects.create(stage=stage, at=stage.starts_at + MINUTE, reduction_w=6_000_000, **counts)
    return stage


def test_the_demos_load_is_what_would_have_been_used_less_what_is_delivered_and_comes_back(
    event_in: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = delivering(event_in("In Progress"))
    zone, start, end = stage.event.zone, stage.starts_at, stage.ends_at
    monkeypatch.setattr("integration.demo.metered._zones", lambda: [zone])
    write_metered(now=start - MINUTE)
    for minute in range(0, 300, 5):
        write_metered(now=start + minute * MINUTE)
    loads = {one.starts_at: one.load_kw for one in MeteredLoad.objects.filter(zone=zone)}
    floor = start.replace(second=0, microsecond=0)
    assert all(floor + n * MINUTE in loads for n in range(290)), "each minute is written once"
    assert loads[floor - 2 * MINUTE] == 40_000
    assert loads[floor + 30 * MINUTE] == 34_000
    saved = 6_000 * 59 / 60
    back = sum(loads[end.replace(second=0, microsecond=0) + n * MINUTE] - 40_000 for n in range(1, 180)) / 60
    assert back == pytest.approx(COMES_BACK * saved, rel=0.02)

    event = Event.objects.select_related("zone").get(pk=stage.event_id)
    stages = stages_of(event)
    drawn = charts_of(event, stages, stage_powers(stages), end + HOUR)
    assert drawn is not None
    during = [point for point in drawn.load if start + 2 * MINUTE <= point.at < end - MINUTE]
    assert len(during) > 50
    for point in during:
        assert point.actual == pytest.approx(34.0, abs=0.01)
        assert point.without == pytest.approx(40.0, abs=0.01), "Actual + delivered"


def test_hours_without_minutes_are_drawn_as_their_mean_and_past_events_get_theirs(
    event_in: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = delivering(event_in("Completed"))
    zone, end = stage.event.zone, stage.ends_at
    monkeypatch.setattr("integration.demo.metered._zones", lambda: [zone])
    event = Event.objects.select_related("zone").get(pk=stage.event_id)
    stages = stages_of(event)
    before = charts_of(event, stages, stage_powers(stages), end + HOUR)
    assert before is not None
    assert {point.actual for point in before.load if point.at < end} == {40.0}

    add_past_metered(end + 5 * HOUR)
    add_past_metered(end + 5 * HOUR)
    dip = MeteredLoad.objects.filter(zone=zone, starts_at__gte=stage.starts_at, starts_at__lt=end)
    assert min(dip.values_list("load_kw", flat=True)) == 34_000
    hour = LoadForecast.objects.get(zone=zone, hour=stage.starts_at.replace(minute=0, second=0, microsecond=0))
    assert hour.metered_kw is not None
    assert hour.metered_kw < 40_000
