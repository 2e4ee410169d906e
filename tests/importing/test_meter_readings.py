"""Readings of meters from files: a row each, a row a day, Parquet."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cpm.choices import Quality
from cpm.imports import readings
from cpm.models import Meter, MeterDay
from cpm.queries.meters import Readings, meter_readings
from integration.importing import queries
from integration.importing.kinds import kind_of
from integration.importing.models import ImportRun

from .bringing import applied, apply, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96)]
HOURS = [f"h{hour}" for hour in range(1, 25)]


@pytest.fixture(autouse=True)
def meters(with_samples: Callable[..., None]) -> None:
    grid = ("zones", "substations", "feeders", "transformers")
    with_samples(*grid, "head_ends", "customers", "device_locations", "meters")


def wide(*rows: tuple[str, str, list[object]], heading: list[str] = CLOCK) -> str:
    lines = [",".join(["meter", "day", *heading])]
    return "\n".join([*lines, *(",".join([meter, day, *map(str, values)]) for meter, day, values in rows), ""])


def long(*rows: tuple[object, ...], heading: str = "meter,time,kwh") -> str:
    return "\n".join([heading, *(",".join(map(str, row)) for row in rows), ""])


def read(number: str, start: str, hours: float, *, interval_s: int = 900) -> Readings:
    starts_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    meters = [Meter.objects.get(number=number).pk]
    found = meter_readings(meters, starts_at, starts_at + timedelta(hours=hours), interval_s=interval_s)
    return Readings(found.kwh[0], found.quality[0])


def reasons(run: ImportRun) -> list[tuple[int, str, str]]:
    return [(cell.line, cell.column, cell.reason) for cell in run.refused_cells.order_by("line")]


def test_rows_of_a_day_are_read_in_the_order_of_the_clock_and_the_same_file_again_changes_nothing() -> None:
    file = wide(("Z-000001", "2026-07-01", [n / 1000 for n in range(96)]), ("Z-000103", "2026-07-01", [0.25] * 96))

    assert counts(applied("meter_readings", file, time_zone="UTC")) == (2, 0, 0, 0)
    assert read("Z-000001", "2026-07-01T23:30", 1).kwh.tolist()[:2] == pytest.approx([0.094, 0.095])
    assert read("Z-000103", "2026-07-01", 24, interval_s=3600).kwh.tolist() == pytest.approx([1.0] * 24)
    assert counts(applied("meter_readings", file, time_zone="UTC")) == (0, 0, 2, 0)
    assert MeterDay.objects.count() == 2


def test_a_corrected_day_is_a_new_version_and_an_empty_cell_takes_nothing_away() -> None:
    applied("meter_readings", wide(("Z-000001", "2026-07-01", [0.1] * 96)), time_zone="UTC")

    run = checked("meter_readings", wide(("Z-000001", "2026-07-01", [""] * 95 + [0.5])), time_zone="UTC")
    assert counts(apply(run)) == (0, 1, 0, 0)

    assert list(MeterDay.objects.order_by("version").values_list("version", "total_wh")) == [(1, 9_600), (2, 10_000)]
    assert read("Z-000001", "2026-07-01T23:30", 0.5).kwh.tolist() == pytest.approx([0.1, 0.5])


def test_rows_of_one_reading_become_days_in_any_order_and_over_several_files() -> None:
    first = long(
        ("Z-000001", "2026-07-02 00:00", 2), ("Z-000103", "2026-07-01 23:45", 5), ("Z-000001", "2026-07-01 23:45", 1)
    )
    applied("meter_readings", first, time_zone="UTC")
    applied("meter_readings", long(("Z-000001", "2026-07-02 00:15Z", "3.25")), time_zone="UTC")

    found = read("Z-000001", "2026-07-01T23:30", 1)
    np.testing.assert_allclose(found.kwh, [np.nan, 1, 2, 3.25])
    assert found.quality.tolist() == [Quality.MISSING, 0, 0, 0]
    assert read("Z-000103", "2026-07-01T23:45", 0.25).kwh.tolist() == [5.0]


def test_a_local_day_is_two_days_in_utc_and_the_next_file_fills_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "ROWS_AT_ONCE", 2)
    for day, value in (("2026-07-01", 0.1), ("2026-07-02", 0.2)):
        rows = [(meter, day, [value] * 96) for meter in ("Z-000001", "Z-000103")]
        applied("meter_readings", wide(*rows), time_zone="Europe/Berlin")

    for meter in ("Z-000001", "Z-000103"):
        found = read(meter, "2026-06-30T21:00", 50, interval_s=3600)
        expected = [np.nan] + [0.4] * 24 + [0.8] * 24 + [np.nan]
        np.testing.assert_allclose(found.kwh, expected, rtol=1e-6)


def test_the_night_in_spring_has_no_skipped_hour_and_the_one_in_autumn_needs_all_its_columns() -> None:
    spring = [0.1] * 96
    refused = checked("meter_readings", wide(("Z-000001", "2026-03-29", spring)), time_zone="Europe/Berlin")
    assert reasons(refused) == [(2, "day", "There is a value at a time that this day does not have.")]
    applied(
        "meter_readings",
        wide(("Z-000001", "2026-03-29", [*spring[:8], *[""] * 4, *spring[12:]])),
        time_zone="Europe/Berlin",
    )
    assert np.isnan(read("Z-000001", "2026-03-28T23:00", 23).kwh).sum() == 0
    assert np.isnan(read("Z-000001", "2026-03-29T22:00", 1).kwh).all()

    autumn = checked("meter_readings", wide(("Z-000001", "2026-10-25", spring)), time_zone="Europe/Berlin")
    assert reasons(autumn)[0][2].startswith("This day is longer than the row's columns")
    counted = [f"q{n}" for n in range(1, 101)]
    applied(
        "meter_readings",
        wide(("Z-000001", "2026-10-25", list(range(1, 101))), heading=counted).replace(",100\n", ",0.5\n"),
        time_zone="Europe/Berlin",
        only_good_rows=True,
    )
    assert not MeterDay.objects.filter(day="2026-10-25").exists(), "far more than the meter can measure"
    applied(
        "meter_readings",
        wide(("Z-000001", "2026-10-25", [n / 10 for n in range(100)]), heading=counted),
        time_zone="Europe/Berlin",
    )
    assert read("Z-000001", "2026-10-25T22:45", 0.25).kwh.tolist() == pytest.approx([9.9])


def test_rows_of_unknown_meters_wrong_intervals_and_other_times_are_refused_and_the_others_applied() -> None:
    file = (
        long(
            ("Z-000001", "2026-07-01 10:00", "1,5", ""),
            ("Z-999999", "2026-07-01 10:00", "1", ""),
            ("Z-000001", "2026-07-01 10:15", "1", "60"),
            ("Z-000001", "2026-07-01 10:20", "1", ""),
            ("Z-000003", "2026-07-01 10:00", "1", ""),
            ("Z-000001", "2026-07-01 10:30", "much", ""),
            ("Z-000001", "2026-07-01 10:00", "2", ""),
            heading="meter;time;kwh;interval",
        )
        .replace(",", ";")
        .replace("1;5", "1,5")
    )

    run = applied("meter_readings", file, time_zone="UTC", only_good_rows=True)

    assert reasons(run) == [
        (3, "meter", "There is no meter “Z-999999”."),
        (4, "interval", "The readings are of 60 minutes each; the meter measures every 15 minutes."),
        (5, "starts_at", "It does not begin with an interval of the meter's 15 minutes."),
        (6, "starts_at", "The meter was not there at that time: it is from 2026-01-01 00:00Z until 2026-06-01 00:00Z."),
        (7, "value", "It is no number; this file's decimal sign is “,”, without signs for thousands."),
        (8, "starts_at", "Line 2 has a reading of the same meter at the same time."),
    ]
    assert read("Z-000001", "2026-07-01T10:00", 0.5).kwh.tolist()[0] == 1.5


def test_a_day_twice_in_a_file_and_a_row_of_another_interval_are_refused() -> None:
    run = checked("meter_readings", wide(*[("Z-000001", "2026-07-01", [0.1] * 96)] * 2), time_zone="UTC")
    assert reasons(run) == [(3, "meter", "Line 2 has a reading of the same meter at the same time.")]
    hourly = checked("meter_readings", wide(("Z-000001", "2026-07-01", [0.1] * 24), heading=HOURS), time_zone="UTC")
    assert reasons(hourly)[0][2] == "The readings are of 60 minutes each; the meter measures every 15 minutes."


def test_watt_hours_given_as_kilowatt_hours_are_said_before_they_are_applied() -> None:
    high = checked("meter_readings", wide(("Z-000001", "2026-07-01", [120] * 96)), time_zone="UTC")
    assert reasons(high)[0][2].startswith(
        "On average it is 480.0 kW, and the meter can measure 100.0. Are the values Wh"
    )

    bring_in("meters")
    three = ("Z-000001", "Z-000002", "Z-000103")
    applied("meter_readings", wide(*((meter, "2026-07-01", [0.25] * 96) for meter in three)), time_zone="UTC")
    low = checked("meter_readings", wide(*((m, "2026-07-02", [0.00025] * 96) for m in three)), time_zone="UTC")
    assert low.refused == 3
    assert reasons(low)[0][2].startswith("The readings of this file are about 1/1000 times those of the same meters")


def test_units_registers_and_qualities_of_rows_are_kept() -> None:
    file = long(
        ("Z-000002", "2026-07-01 10:00", 1500, "Wh", "Bezug", "W"),
        ("Z-000002", "2026-07-01 10:00", 0.0005, "MWh", "Einspeisung", "E"),
        ("Z-000001", "2026-07-01 10:00", 1, "kWh", "Einspeisung", "W"),
        ("Z-000001", "2026-07-01 10:15", -1, "kWh", "Bezug", "W"),
        heading="meter,time,value,unit,Richtung,Güte",
    )

    run = applied("meter_readings", file, time_zone="UTC", only_good_rows=True)

    assert reasons(run) == [(4, "register", "The meter does not measure what is given to the grid apart.")]
    found = read("Z-000002", "2026-07-01T10:00", 0.25)
    assert (found.kwh.tolist(), found.quality.tolist()) == ([1.0], [Quality.ESTIMATED])
    assert read("Z-000001", "2026-07-01T10:15", 0.25).quality.tolist() == [Quality.NEGATIVE]


def test_parquet_files_are_read_too() -> None:
    out, at = BytesIO(), [datetime(2026, 7, 1, 10, quarter * 15, tzinfo=UTC) for quarter in range(4)]
    pq.write_table(pa.table({"meter": ["Z-000001"] * 4, "timestamp": at, "kwh": [0.1, 0.2, None, 0.4]}), out)

    applied("meter_readings", out.getvalue(), name="file.parquet")

    np.testing.assert_allclose(read("Z-000001", "2026-07-01T10:00", 1).kwh, [0.1, 0.2, np.nan, 0.4], rtol=1e-6)


def test_a_day_that_another_file_changed_after_the_dry_run_is_not_overwritten() -> None:
    run = checked("meter_readings", wide(("Z-000001", "2026-07-01", [0.1] * 96)), time_zone="UTC")
    applied("meter_readings", wide(("Z-000001", "2026-07-01", [0.2] * 96)), time_zone="UTC")

    late = apply(run)

    assert (late.state, late.why) == (
        "Refused",
        "1 rows changed after the dry run. Nothing was applied; send the file again.",
    )
    assert read("Z-000001", "2026-07-01", 0.25).kwh.tolist() == pytest.approx([0.2])
    (shown,) = queries.changed_since(late, kind_of("meter_readings"))
    assert (shown["key"], shown["note"]) == ("Z-000001/2026-07-01", "new")
    assert ("Energy, Wh", None, 19_200) in shown["differs"]


def test_a_file_without_the_columns_of_readings_is_refused_whole() -> None:
    run = checked("meter_readings", "meter,day\nZ-000001,2026-07-01\n")

    assert (run.state, "no column for starts_at, value" in run.why) == ("Refused", True)


def test_the_sample_file_has_commas_offsets_a_gap_and_an_estimate() -> None:
    bring_in("meter_readings")

    found = read("Z-000001", "2026-06-15T08:00", 1)
    np.testing.assert_allclose(found.kwh, [0.312, 0.298, np.nan, 0.305], rtol=1e-6)
    assert found.quality.tolist() == [Quality.GOOD, Quality.GOOD, Quality.MISSING, Quality.ESTIMATED]
    assert read("Z-000002", "2026-06-15T08:00", 0.25).kwh.tolist() == pytest.approx([-0.72])
