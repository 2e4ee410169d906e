"""Gridcall's own forecasts of load: issued by the clock, kept beside those of files, which win, and shown."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from derms.models import (
    ControlZone,
    DeliveredLoad,
    Event,
    ForecastSkill,
    IssuedForecast,
    LoadForecast,
    MeteredLoad,
)
from derms.operations import issue_forecasts, load_forecast
from derms.operations.issuing import learn
from integration.seam import sql
from integration.seam.routes import EVERY
from tests import factories
from tests.threads import run_together

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")
CLASSES = "thermostat,water_heater,ev_charger,battery"
# kW by the hour of the clock: 30 MW, in the evening 10 more.
_METERED = """
INSERT INTO derms_loadforecast (zone_id, hour, forecast_kw, metered_kw)
SELECT %(zone)s, hour, 33000,
       CASE WHEN extract(hour FROM hour AT TIME ZONE 'America/New_York') >= 17 THEN 40000 ELSE 30000 END
  FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 hour', interval '1 hour') hour
"""


@pytest.fixture
def maple(db: None) -> ControlZone:
    return factories.zone("MAPLE")


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=NEW_YORK).astimezone(UTC)


def meter(zone: ControlZone, *, days: int, until: datetime) -> None:
    sql.execute(_METERED, {"zone": zone.pk, "since": until - timedelta(days=days), "until": until})


def in_force(zone: ControlZone, hour: datetime) -> LoadForecast:
    return LoadForecast.objects.get(zone=zone, hour=hour)


def test_the_hours_to_come_get_a_forecast_with_its_band_to_the_end_of_the_sixth_day(maple: ControlZone) -> None:
    now = local(2026, 6, 18, 10) + timedelta(minutes=2)
    meter(maple, days=60, until=local(2026, 6, 18, 10))
    issue_forecasts(now=now)
    coming = LoadForecast.objects.filter(zone=maple, metered_kw=None).order_by("hour")
    assert (coming[0].hour, coming.latest("hour").hour) == (local(2026, 6, 18, 11), local(2026, 6, 24, 23))
    assert coming.count() == 13 + 6 * 24
    evening = in_force(maple, local(2026, 6, 20, 18))
    assert (evening.source, evening.loaded_at > now - timedelta(days=400)) == ("model", True)
    assert evening.forecast_kw == pytest.approx(40_000, rel=0.02)
    assert evening.low_kw is not None
    assert evening.high_kw is not None
    assert evening.low_kw <= evening.forecast_kw <= evening.high_kw
    assert set(IssuedForecast.objects.values_list("source", "issued_at")) == {("model", now)}

    skill = ForecastSkill.objects.get(zone=maple, hour=3)
    assert (skill.method, skill.days) == ("ridge", 27)
    assert skill.error_pct == pytest.approx(0, abs=1)
    assert skill.like_weekdays_pct == pytest.approx(0, abs=1e-6)
    assert skill.in_force_pct == pytest.approx(10), "33 MW were said of 30"
    assert (skill.low_kw, skill.high_kw) == (-3_000, 0)


def test_a_file_wins_over_gridcalls_own_forecast_and_both_are_kept(maple: ControlZone) -> None:
    meter(maple, days=30, until=local(2026, 6, 18, 10))
    issue_forecasts(now=local(2026, 6, 18, 10))
    hour = local(2026, 6, 19, 18)
    own = in_force(maple, hour).forecast_kw
    line = f"MAPLE,{hour.isoformat()},36.5,1,1,1,1\n"
    load_forecast(lines=[f"zone,hour,load_mw,{CLASSES}\n", line], now=local(2026, 6, 18, 12))
    said = in_force(maple, hour)
    assert (said.forecast_kw, said.source) == (36_500, "file")
    assert (said.low_kw, said.high_kw) == (36_500, 43_500), "as far as the load was from what was in force at 18:00"

    issue_forecasts(now=local(2026, 6, 19, 3))
    assert in_force(maple, hour).forecast_kw == 36_500
    issued = IssuedForecast.objects.filter(zone=maple, hour=hour).order_by("issued_at")
    by_source = sorted((one.source, one.forecast_kw) for one in issued)
    assert len(by_source) == 3
    assert ("file", 36_500) in by_source
    assert ("model", own) in by_source


def test_an_hour_that_has_begun_keeps_the_forecast_that_people_decided_on(maple: ControlZone) -> None:
    meter(maple, days=30, until=local(2026, 6, 18, 10))
    issue_forecasts(now=local(2026, 6, 18, 10))
    noon = local(2026, 6, 18, 12)
    LoadForecast.objects.filter(hour=noon).update(forecast_kw=1)
    LoadForecast.objects.filter(hour=local(2026, 6, 18, 10), zone=maple).update(metered_kw=30_000)
    issue_forecasts(now=noon + timedelta(minutes=5))
    assert in_force(maple, noon).forecast_kw == 1
    assert in_force(maple, noon + HOUR).forecast_kw > 1


@pytest.mark.parametrize("change", [(2026, 3, 8), (2026, 11, 1)])
def test_on_the_day_the_clock_changes_every_hour_has_its_forecast_once(
    maple: ControlZone, change: tuple[int, int, int]
) -> None:
    the_day, next_day = local(*change), local(*change) + timedelta(days=1, hours=2)
    meter(maple, days=40, until=the_day - timedelta(days=1) + 10 * HOUR)
    issue_forecasts(now=the_day - timedelta(days=1) + 10 * HOUR)
    of_day = [row for row in LoadForecast.objects.filter(zone=maple, hour__range=(the_day, next_day)).order_by("hour")
              if maple.local_day(row.hour) == maple.local_day(the_day)]  # fmt: skip
    assert len(of_day) == (23 if change[1] == 3 else 25)
    evening = [row for row in of_day if row.hour.astimezone(NEW_YORK).hour >= 17]
    assert [row.forecast_kw for row in evening] == [pytest.approx(40_000, rel=0.03)] * 7

    meter_again = {"zone": maple.pk, "since": the_day - timedelta(days=1) + 10 * HOUR, "until": next_day + 30 * HOUR}
    LoadForecast.objects.filter(hour__gte=meter_again["since"]).delete()
    sql.execute(_METERED, meter_again)
    issue_forecasts(now=next_day + 30 * HOUR)
    assert in_force(maple, next_day + 31 * HOUR).source == "model", "the day is learned from as well"


def test_holidays_are_those_of_the_programs(maple: ControlZone) -> None:
    """Sundays need 20 MW less, and the holiday is a Thursday."""
    meter(maple, days=60, until=local(2026, 6, 17, 10))
    sundays = "UPDATE derms_loadforecast SET metered_kw = metered_kw - 20000 WHERE extract(dow FROM hour) = 0"
    sql.execute("SET LOCAL TIME ZONE 'America/New_York'")
    sql.execute(sundays)
    factories.program(holidays=["2026-06-18"])
    issue_forecasts(now=local(2026, 6, 17, 10))
    holiday, friday = (in_force(maple, local(2026, 6, day, 12)).forecast_kw for day in (18, 19))
    assert friday == pytest.approx(30_000, rel=0.1)
    assert holiday < 20_000


def test_what_events_delivered_is_no_load_that_was_not_needed(maple: ControlZone, event_in: Any) -> None:
    stage = event_in("In Progress").stages.get()
    hour = stage.starts_at.replace(minute=0, second=0, microsecond=0) + HOUR
    event_zone = Event.objects.get(pk=stage.event_id).zone
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    DeliveredLoad.objects.create(stage=stage, at=stage.starts_at, reduction_w=6_000_000, **counts)
    LoadForecast.objects.filter(zone=event_zone).update(metered_kw=40_000)
    learned = learn(event_zone, set(), now=hour + HOUR)
    assert learned is not None
    last = learned.known.load[learned.known.today, : learned.known.hour] if learned.known.hour else None
    within = (min(stage.ends_at, hour + HOUR) - max(stage.starts_at, hour)) / HOUR
    found = learned.known.load[-8, 23] if last is None else last[-1]
    assert found == pytest.approx(40_000 + 6_000 * within)

    stage.ended_at = hour  # canceled while it ran: nothing is delivered from then on
    stage.save()
    learned = learn(event_zone, set(), now=hour + HOUR)
    assert learned is not None
    last = learned.known.load[learned.known.today, : learned.known.hour] if learned.known.hour else None
    assert (learned.known.load[-8, 23] if last is None else last[-1]) == 40_000


def test_a_zone_that_has_not_been_metered_for_a_week_keeps_what_it_has(maple: ControlZone) -> None:
    meter(maple, days=30, until=local(2026, 6, 1))
    issue_forecasts(now=local(2026, 6, 18, 10))
    assert not IssuedForecast.objects.exists()
    assert LoadForecast.objects.filter(metered_kw=None).count() == 0


def test_a_utility_without_any_forecast_begins_with_what_its_meters_said(maple: ControlZone) -> None:
    until = local(2026, 6, 18, 10)
    hours = [until - n * HOUR for n in range(1, 30 * 24)]
    rows = [MeteredLoad(zone=maple, starts_at=hour, length_s=3600, load_kw=30_000) for hour in hours[3:]]
    rows += [MeteredLoad(zone=maple, starts_at=hours[2] + n * HOUR / 4, length_s=900, load_kw=30_000) for n in range(3)]
    rows += [MeteredLoad(zone=maple, starts_at=hours[1], length_s=600, load_kw=90_000)]
    MeteredLoad.objects.bulk_create(rows)
    issue_forecasts(now=until)
    assert LoadForecast.objects.earliest("hour").hour == until + HOUR
    tomorrow = in_force(maple, local(2026, 6, 19, 12))
    assert (tomorrow.source, tomorrow.forecast_kw) == ("model", pytest.approx(30_000, rel=0.001))


@pytest.mark.django_db(transaction=True)
def test_two_that_are_due_at_once_issue_the_same_hours_once() -> None:
    """On a fresh start the forecast of the night and that of the morning are both due."""
    maple, now = factories.zone("MAPLE"), local(2026, 6, 18, 10)
    meter(maple, days=30, until=now)
    seconds = timedelta(seconds=1)
    answers = run_together(lambda: issue_forecasts(now=now), lambda: issue_forecasts(now=now + seconds))
    assert answers == [None, None]
    hours = IssuedForecast.objects.filter(zone=maple)
    assert hours.values("issued_at").distinct().count() == 1
    assert hours.count() == 13 + 6 * 24

    issue_forecasts(now=now + 2 * HOUR)  # what was metered since may have changed it
    assert set(hours.values_list("issued_at", flat=True)) >= {now + 2 * HOUR}


def test_the_clock_issues_them_at_night_and_in_the_morning() -> None:
    times = {str(every.when) for every in EVERY.values() if every.operation == "derms.operations.issue_forecasts"}
    assert times == {"3:00", "10:00"}
