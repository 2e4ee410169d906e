"""Loading a forecast file: all rows or none, with each fault reported by line."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from derms.models import ControlZone, LoadForecast, ReductionFactor
from derms.operations import ForecastImplausible, ForecastRefused, load_forecast
from derms.queries.forecast_ends import zones_with_forecast_end

from ..factories import zone as make_zone

HEADING = "zone,hour,load_mw,thermostat,water_heater,ev_charger,battery"
NOW = datetime(2026, 6, 18, 12, 30, tzinfo=UTC)


@pytest.fixture
def maple(db: None) -> ControlZone:
    return make_zone(code="MAPLE")


def load(*rows: str, heading: str = HEADING) -> None:
    load_forecast(lines=[f"{line}\n" for line in (heading, *rows)], now=NOW)


def at(hour: int) -> datetime:
    return datetime(2026, 6, 18, hour, tzinfo=UTC)


def faults(*rows: str, heading: str = HEADING) -> list[tuple[int, str]]:
    with pytest.raises(ForecastRefused) as refused:
        load(*rows, heading=heading)
    assert not LoadForecast.objects.exists()
    assert not ReductionFactor.objects.exists()
    return refused.value.rows


def test_a_row_becomes_load_in_kw_and_a_factor_per_class(maple: ControlZone) -> None:
    load("MAPLE,2026-06-18T16:00-04:00,71.5,0.9,0.2,0.5,0.75")
    hour = LoadForecast.objects.get()
    assert (hour.zone, hour.hour, hour.forecast_kw, hour.metered_kw) == (
        maple,
        datetime(2026, 6, 18, 20, tzinfo=UTC),
        71_500,
        None,
    )
    factors = dict(ReductionFactor.objects.filter(hour=hour.hour).values_list("device_class", "factor"))
    assert factors == {"thermostat": 0.9, "water_heater": 0.2, "ev_charger": 0.5, "battery": 0.75}


def test_a_second_load_replaces_the_forecast_and_leaves_what_was_metered(maple: ControlZone) -> None:
    load("MAPLE,2026-06-18T20:00Z,71.5,0.9,0.2,0.5,0.75")
    LoadForecast.objects.update(metered_kw=70_000)
    load("MAPLE,2026-06-18T20:00Z,80,1,0,0,0")
    hour = LoadForecast.objects.get()
    assert (hour.forecast_kw, hour.metered_kw) == (80_000, 70_000)
    assert ReductionFactor.objects.get(device_class="thermostat").factor == 1


def test_it_says_how_much_came(maple: ControlZone) -> None:
    lines = [HEADING, "MAPLE,2026-06-18T20:00Z,1,0,0,0,0", "", "MAPLE,2026-06-18T22:00Z,1,0,0,0,0"]
    loaded = load_forecast(lines=lines, now=NOW)
    first = datetime(2026, 6, 18, 20, tzinfo=UTC)
    assert loaded == (2, first, first + timedelta(hours=3), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("OAK,2026-06-18T20:00Z,1,0,0,0,0", "zone “OAK” is no control zone"),
        ("MAPLE,tomorrow,1,0,0,0,0", "hour “tomorrow” is no ISO date and time"),
        ("MAPLE,2026-06-18T20:00,1,0,0,0,0", "hour “2026-06-18T20:00” has no offset, such as -04:00"),
        (
            "MAPLE,2026-06-18T20:15Z,1,0,0,0,0",
            "hour “2026-06-18T20:15Z” is not the start of an hour in America/New_York",
        ),
        ("MAPLE,0001-01-01T00:00+05:00,1,0,0,0,0", "hour “0001-01-01T00:00+05:00” is no ISO date and time"),
        ("MAPLE,2026-06-18T20:00Z,much,0,0,0,0", "load_mw “much” is no number"),
        ("MAPLE,2026-06-18T20:00Z,-2000001,0,0,0,0", "load_mw “-2000001” is not between -2000000 and 2000000"),
        ("MAPLE,2026-06-18T20:00Z,nan,0,0,0,0", "load_mw “nan” is not between -2000000 and 2000000"),
        ("MAPLE,2026-06-18T20:00Z,1_0,0,0,0,0", "load_mw “1_0” is no number"),
        ("MAPLE,2026-06-18T20:00Z,\uff14\uff18,0,0,0,0", "load_mw “\uff14\uff18” is no number"),
        ("MAPLE,2026-06-18T20:00Z,1,0,0,1.01,0", "ev_charger “1.01” is not between 0 and 1"),
        ("MAPLE,2026-06-18T20:00Z,1,0,0,,0", "ev_charger “” is no number"),
        ("MAPLE,2026-06-18T20:00Z,1,0,0,0", "it has 6 columns instead of 7"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_loaded(maple: ControlZone, row: str, reason: str) -> None:
    assert faults("MAPLE,2026-06-18T19:00Z,1,0,0,0,0", row) == [(3, reason)]


def test_every_fault_of_every_row_is_named(maple: ControlZone) -> None:
    found = faults("OAK,never,much,0,0,0,2", "MAPLE,2026-06-18T20:00Z,1,0,0,0,0", "MAPLE")
    assert [line for line, _ in found] == [2, 2, 2, 2, 4]


def test_an_hour_that_stands_twice_is_refused(maple: ControlZone) -> None:
    found = faults("MAPLE,2026-06-18T16:00-04:00,1,0,0,0,0", "MAPLE,2026-06-18T20:00Z,2,0,0,0,0")
    assert found == [(3, "line 2 has the same zone and hour")]


def test_another_heading_is_refused(maple: ControlZone) -> None:
    assert faults("MAPLE;18.06.2026 20:00;1", heading="zone;hour;mw") == [
        (
            1,
            "the heading has 3 columns separated by semicolons: zone;hour;mw. "
            f"It must be {HEADING}, separated by commas. "
            "Missing: load_mw, thermostat, water_heater, ev_charger, battery. Unknown: mw",
        )
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HEADING.encode("utf-16"), "line 1: the text is UTF-16. Save the file as “CSV UTF-8”"),
        (HEADING.encode("utf-16-le"), "line 1: the text seems to be UTF-16. Save the file as “CSV UTF-8”"),
        (f"{HEADING}\nMÜHLE".encode("cp1252"), "line 2: the byte 0xdc is not UTF-8. Save the file as “CSV UTF-8”"),
    ],
)
def test_another_encoding_is_named(maple: ControlZone, tmp_path: Path, data: bytes, said: str) -> None:
    file, output = tmp_path / "forecast.csv", StringIO()
    file.write_bytes(data)
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_forecast", str(file), stderr=output)
    assert output.getvalue().splitlines() == [said]


def test_loads_in_the_wrong_unit_must_be_confirmed_and_nothing_is_loaded_before(maple: ControlZone) -> None:
    load("MAPLE,2026-06-18T20:00Z,46.7,0,0,0,0")
    with pytest.raises(ForecastImplausible, match=r"MAPLE would be 48,200.0 MW; the highest known is 46.7 MW"):
        load("MAPLE,2026-06-18T20:00Z,48200,0,0,0,0")
    with pytest.raises(ForecastImplausible, match=r"MAPLE would be 0.0 MW"):
        load("MAPLE,2026-06-18T20:00Z,0.0482,0,0,0,0")
    assert LoadForecast.objects.get().forecast_kw == 46_700
    load_forecast(lines=[HEADING, "MAPLE,2026-06-18T20:00Z,48200,0,0,0,0"], now=NOW, confirmed=True)
    assert LoadForecast.objects.get().forecast_kw == 48_200_000


def test_hours_that_have_begun_keep_what_was_decided_on(maple: ControlZone) -> None:
    hours = [f"MAPLE,2026-06-18T{hour}:00Z" for hour in (11, 12, 13)]
    load_forecast(lines=[HEADING, *(f"{hour},40,0.5,0,0,0" for hour in hours)], now=NOW - timedelta(hours=3))
    late = [HEADING, "MAPLE,2026-06-18T10:00Z,50,0.9,0,0,0", *(f"{hour},50,0.9,0,0,0" for hour in hours)]
    assert load_forecast(lines=late, now=NOW).kept == 2
    assert list(LoadForecast.objects.order_by("hour").values_list("forecast_kw", flat=True)) == [
        50_000,
        40_000,
        40_000,
        50_000,
    ]
    factors = ReductionFactor.objects.filter(device_class="thermostat").order_by("hour")
    assert list(factors.values_list("factor", flat=True)) == [0.9, 0.5, 0.5, 0.9]


def test_hours_of_a_zone_at_half_an_hour_are_loaded(maple: ControlZone) -> None:
    ControlZone.objects.update(time_zone="Australia/Lord_Howe")
    load("MAPLE,2026-06-19T10:00+10:30,40,0,0,0,0", "MAPLE,2026-06-19T00:30Z,41,0,0,0,0")
    assert [row.hour.isoformat() for row in LoadForecast.objects.order_by("hour")] == [
        "2026-06-18T23:30:00+00:00",
        "2026-06-19T00:30:00+00:00",
    ]


def test_net_load_may_be_negative(maple: ControlZone) -> None:
    load("MAPLE,2026-06-18T20:00Z,-54.2,0,0,0,0")
    assert LoadForecast.objects.get().forecast_kw == -54_200


def test_the_first_gap_ends_the_forecast(maple: ControlZone) -> None:
    load(*(f"MAPLE,2026-06-18T{hour}:00Z,40,0,0,0,0" for hour in (12, 13, 14, 16, 17)))
    zone = zones_with_forecast_end(NOW).get()
    assert (zone.forecast_until, zone.forecast_resumes_at) == (at(15), at(16))
    zone = zones_with_forecast_end(at(15)).get()
    assert (zone.forecast_until, zone.forecast_resumes_at) == (None, at(16))
    zone = zones_with_forecast_end(at(16)).get()
    assert (zone.forecast_until, zone.forecast_resumes_at) == (at(18), None)


def test_a_file_without_rows_is_refused(maple: ControlZone) -> None:
    assert faults() == [(1, "no row follows the heading")]
    with pytest.raises(ForecastRefused):
        load_forecast(lines=[], now=NOW)


def test_a_file_of_past_hours_is_refused_and_one_that_reaches_the_present_is_not(maple: ControlZone) -> None:
    assert faults("MAPLE,2026-06-18T11:00Z,1,0,0,0,0") == [(2, "every hour of the file is over")]
    load("MAPLE,2026-06-18T11:00Z,1,0,0,0,0", "MAPLE,2026-06-18T12:00Z,1,0,0,0,0")
    assert LoadForecast.objects.count() == 2


def test_a_damaged_file_is_refused(maple: ControlZone) -> None:
    assert faults("MAPLE,2026-06-18T20:00Z," + "9" * 200_000 + ",0,0,0,0")[0][0] == 2


def test_the_command_loads_a_file(maple: ControlZone, tmp_path: Path) -> None:
    hour = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:00Z")
    file = tmp_path / "forecast.csv"
    file.write_text(f"{HEADING}\nMAPLE,{hour},1,0,0,0,0\n", encoding="utf-8")
    said = StringIO()
    call_command("load_forecast", str(file), stdout=said)
    assert said.getvalue().startswith("1 rows loaded")
    assert LoadForecast.objects.count() == 1


def test_the_command_lists_bad_rows_and_fails(maple: ControlZone, tmp_path: Path) -> None:
    file = tmp_path / "forecast.csv"
    file.write_text(f"{HEADING}\nMAPLE,soon,1,0,0,0,0\nOAK,2030-01-01T00:00Z,1,0,0,0,0\n", encoding="utf-8")
    said = StringIO()
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_forecast", str(file), stderr=said)
    assert said.getvalue().splitlines() == [
        "line 2: hour “soon” is no ISO date and time",
        "line 3: zone “OAK” is no control zone",
    ]
    assert not LoadForecast.objects.exists()


def test_the_command_says_when_the_file_is_missing_or_no_text(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        call_command("load_forecast", str(tmp_path / "nowhere.csv"))
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_forecast", str(tmp_path / "picture.csv"))
