"""The forecast of a zone's load: how good it is on real hours, and what it does with few or missing ones."""

import csv
import sys
from datetime import date, timedelta
from time import perf_counter

import numpy as np
import pytest

from derms.forecasting import DAYS_AHEAD, SUNDAY, Days, Floats, Forecast, forecast_load
from integration.demo.load import METERED

FIRST = date(2018, 5, 1)
HOLIDAYS = (date(2018, 5, 28), date(2018, 7, 4))
ZONES = ("DUQ", "DAYTON", "DEOK")
WARMED_UP = 35  # the first forecast day: four weeks for the demo's method, and one


def metered(zone: str) -> Floats:
    """The repository's load of a zone, MW, by day and hour."""
    with METERED.open() as file:
        return np.array([float(row["load_mw"]) for row in csv.DictReader(file) if row["zone"] == zone]).reshape(-1, 24)


def known(load: Floats, today: int, hour: int = 10, temperature: Floats | None = None) -> Days:
    """What was known on a day at so many hours of it."""
    table = np.full((today + DAYS_AHEAD, 24), np.nan)
    table[:today] = load[:today]
    table[today, :hour] = load[today, :hour]
    days = [FIRST + timedelta(days=n) for n in range(len(table))]
    kind = np.array([SUNDAY if day in HOLIDAYS else day.weekday() for day in days])
    warm = np.full_like(table, np.nan) if temperature is None else temperature[: len(table)]
    return Days(table, warm, kind, today, hour)


def error(forecast: Floats, load: Floats) -> float:
    return float(np.mean(np.abs(forecast - load) / load))


def test_it_is_a_tenth_better_than_the_demos_method_the_day_before(capsys: pytest.CaptureFixture[str]) -> None:
    own, demos, seconds, within = [], [], [], []
    for zone in ZONES:
        load = metered(zone)
        for today in range(WARMED_UP, len(load) - 1):
            began = perf_counter()
            forecast = forecast_load(known(load, today))
            seconds.append(perf_counter() - began)
            tomorrow = load[today + 1]
            own.append(error(forecast.load[1], tomorrow))
            demos.append(error(load[[today + 1 - 7 * week for week in range(1, 5)]].mean(axis=0), tomorrow))
            within.append(np.mean((forecast.low[1] <= tomorrow) & (tomorrow <= forecast.high[1])))
    ratio = float(np.mean(own) / np.mean(demos))
    said = f"load, day ahead: {np.mean(own):.1%} off, the demo's method {np.mean(demos):.1%}, ratio {ratio:.3f}"
    with capsys.disabled():
        sys.stdout.write(f"\n{said}; {np.mean(within):.0%} in the band; {np.median(seconds):.3f} s a zone\n")
    assert ratio <= 0.9
    assert 0.8 <= np.mean(within) <= 0.97


def test_the_errors_it_says_are_those_of_forecasts_that_knew_no_later_day() -> None:
    """Each of the last 28 days is forecast again from the days before it alone."""
    load, today = metered("DUQ"), 80
    said = forecast_load(known(load, today))
    again = [forecast_load(known(load, day)).load[1] for day in range(today - 29, today - 1)]
    errors = np.abs(np.array(again) - load[today - 28 : today]) / load[today - 28 : today] * 100
    assert said.days == 27, "what would have been forecast of the first of them was learned before they begin"
    assert said.errors == pytest.approx(errors[1:].mean(axis=0), rel=1e-2), "but for the scale, that of all hours"


def test_a_missing_day_is_a_gap_and_no_load_of_nothing() -> None:
    load = metered("DAYTON")
    whole = forecast_load(known(load, 70))
    load[69] = np.nan
    load[40, 5:9] = np.nan
    with_gap = forecast_load(known(load, 70))
    assert with_gap.method == "ridge"
    assert np.isfinite(with_gap.load).all()
    assert np.isfinite(with_gap.low).all()
    assert np.abs(with_gap.load[1] / whole.load[1] - 1).max() < 0.15


def test_a_holiday_is_forecast_like_a_sunday() -> None:
    the_day_before = (HOLIDAYS[1] - FIRST).days - 1
    load = np.full((the_day_before + 2, 24), 1000.0)
    days = [FIRST + timedelta(days=day) for day in range(len(load))]
    load[[day.weekday() == SUNDAY or day in HOLIDAYS for day in days]] = 600
    holiday, weekday = forecast_load(known(load, the_day_before)).load[1:3]
    assert holiday.mean() == pytest.approx(600, rel=0.15)
    assert weekday.mean() == pytest.approx(1000, rel=0.05)


def test_under_three_weeks_it_is_that_of_like_weekdays_and_in_the_first_one_that_of_the_last_days() -> None:
    load = metered("DEOK")
    early = forecast_load(known(load, 15))
    assert early.method == "like weekdays"
    assert early.load[1] == pytest.approx(load[[9, 2]].mean(axis=0))

    first = forecast_load(known(load, 3, hour=0))
    assert first.load[1] == pytest.approx(load[:3].mean(axis=0))
    assert not np.isfinite(first.low).any(), "nothing is known yet of how far it may be off"
    assert first.days == 0


def test_known_temperatures_of_the_coming_day_make_it_better() -> None:
    """Load that follows temperature alone, which changes from day to day."""
    rng = np.random.default_rng(18)
    days = 60
    warm = 26 + rng.normal(0, 4, (days + DAYS_AHEAD, 1)) + 4 * np.sin(np.arange(24) / 24 * 2 * np.pi)[None, :]
    load = 1000 + 40 * np.maximum(warm[: days + 2] - 18, 0)

    def off(temperature: Floats | None) -> float:
        return float(np.mean([error(at(today, temperature).load[1], load[today + 1]) for today in (50, 54, 58)]))

    def at(today: int, temperature: Floats | None) -> Forecast:
        return forecast_load(known(load, today, temperature=temperature))

    assert off(warm) < 0.3 * off(None)


@pytest.mark.parametrize("level", [0.0, -1000.0])
def test_a_zone_without_load_or_one_that_gives_has_a_forecast(level: float) -> None:
    forecast = forecast_load(known(np.full((60, 24), level), 50))
    assert forecast.load == pytest.approx(np.full((DAYS_AHEAD, 24), level), abs=1e-6)
