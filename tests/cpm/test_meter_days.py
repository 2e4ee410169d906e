"""Readings of meters: what is written, corrected and read as a block."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm.choices import Quality
from cpm.models import Customer, DeviceLocation, Meter, MeterDay
from cpm.operations.meter_days import Days, save_days
from cpm.queries.meters import NotOnInterval, location_readings, meter_readings
from integration.seam import sql

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 7, 1)
SLOTS = 96


def place(number: str = "1") -> DeviceLocation:
    customer = Customer.objects.create(number=number, name="Testa", account=number, email="", phone="")
    return DeviceLocation.objects.create(
        customer=customer, address="1 Sample Street", time_zone="Europe/Berlin", zone="Z", substation="", feeder="F",
        transformer="T", service_point=f"SP{number}",
    )  # fmt: skip


def meter(number: str = "M1", *, at: DeviceLocation | None = None, interval_s: int = 900, **fields: object) -> Meter:
    given = {"starts_at": START, **fields}
    return Meter.objects.create(number=number, location=at or place(number), interval_s=interval_s, **given)


def save(of: Meter, wh: Iterable[float], *, day: date = DAY, reverse: bool = False, quality: object = 0) -> None:
    values = np.array([list(wh)], float)
    known = np.where(np.isnan(values), Quality.MISSING, quality).astype(np.uint8)
    lines, meters = np.zeros(1, np.int64), np.array([of.pk], np.int32)
    save_days([Days(lines, meters, np.array([day], "datetime64[D]"), np.array([reverse]), values, known)])


def at(hour: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def test_a_range_across_midnight_is_read_from_two_days_in_the_order_of_time() -> None:
    one, other = meter("M1"), meter("M2")
    save(one, range(SLOTS))
    save(one, range(1000, 1000 + SLOTS), day=DAY + timedelta(days=1))

    read = meter_readings([other.pk, one.pk], at(23.5), at(24.5), interval_s=900)

    assert read.kwh.dtype == np.float32
    assert read.kwh[1].tolist() == pytest.approx([0.094, 0.095, 1.0, 1.001])
    assert np.isnan(read.kwh[0]).all(), "a meter without readings is missing, not 0"
    assert read.quality.tolist() == [[Quality.MISSING] * 4, [Quality.GOOD] * 4]


def test_a_correction_is_the_next_version_and_what_was_read_before_it_can_be_read_again() -> None:
    one = meter()
    save(one, [100.0] * SLOTS)
    sql.execute("UPDATE cpm_meterday SET loaded_at = now() - interval '1 hour'")
    before = datetime.now(UTC) - timedelta(minutes=30)
    save(one, [250.0] * SLOTS)

    assert list(MeterDay.objects.order_by("version").values_list("version", "total_wh")) == [(1, 9_600), (2, 24_000)]
    assert meter_readings([one.pk], at(0), at(1), interval_s=3600).kwh.tolist() == [[1.0]]
    assert meter_readings([one.pk], at(0), at(1), interval_s=3600, as_of=before).kwh[0].tolist() == pytest.approx([0.4])


def test_what_is_given_to_the_grid_is_taken_off_and_missing_if_it_is_not_known() -> None:
    sun, dark = meter("M1", registers="both"), meter("M2", registers="both")
    save(sun, [200.0] * SLOTS)
    save(sun, [500.0] * SLOTS, reverse=True)
    save(dark, [200.0] * SLOTS)

    read = meter_readings([sun.pk, dark.pk], at(0), at(0.25), interval_s=900)

    assert read.kwh[0].tolist() == pytest.approx([-0.3])
    assert np.isnan(read.kwh[1]).all()
    assert read.quality[1].tolist() == [Quality.MISSING]


def test_finer_intervals_are_added_up_and_coarser_ones_are_never_split() -> None:
    fine, hourly = meter("M1", interval_s=300), meter("M2", interval_s=3600)
    save(fine, [10.0] * 288)
    save(hourly, [1_200.0] * 24)

    assert meter_readings([fine.pk, hourly.pk], at(0), at(1), interval_s=3600).kwh[:, 0].tolist() == pytest.approx(
        [0.12, 1.2]
    )
    assert np.isnan(meter_readings([hourly.pk], at(0), at(1), interval_s=900).kwh).all()


def test_an_hour_with_a_gap_a_negative_or_an_impossible_reading_is_missing_and_an_estimate_is_not() -> None:
    one, quality = meter(), np.zeros((1, SLOTS), np.uint8)
    quality[0, 0], quality[0, 4], quality[0, 8] = Quality.ESTIMATED, Quality.NEGATIVE, Quality.IMPOSSIBLE
    save(one, [100.0] * 12 + [np.nan] + [100.0] * 83, quality=quality)

    read = meter_readings([one.pk], at(0), at(5), interval_s=3600)

    assert np.isnan(read.kwh[0]).tolist() == [False, True, True, True, False]
    assert read.quality[0].tolist() == [
        Quality.ESTIMATED,
        Quality.NEGATIVE,
        Quality.IMPOSSIBLE,
        Quality.MISSING,
        Quality.GOOD,
    ]


def test_a_place_whose_meter_was_exchanged_is_read_through_both_meters() -> None:
    here = place()
    old = meter("OLD", at=here, ends_at=at(12))
    new = meter("NEW", at=here, starts_at=at(12))
    save(old, [100.0] * 48 + [np.nan] * 48)
    save(new, [np.nan] * 48 + [300.0] * 48)

    read = location_readings([here.pk], at(11), at(13), interval_s=3600)

    assert read.kwh[0].tolist() == pytest.approx([0.4, 1.2])


def test_readings_lie_in_partitions_by_month_and_a_leap_day_is_a_day() -> None:
    one = meter()
    for day in (date(2028, 2, 29), date(2028, 3, 1), date(2026, 12, 31)):
        save(one, [50.0] * SLOTS, day=day)

    tables = "SELECT DISTINCT tableoid::regclass::text FROM cpm_meterday ORDER BY 1"
    assert sql.column(tables) == ["cpm_meterday_202612", "cpm_meterday_202802", "cpm_meterday_202803"]
    read = meter_readings([one.pk], at(23, date(2028, 2, 29)), at(1, date(2028, 3, 1)), interval_s=3600)
    assert read.kwh[0].tolist() == pytest.approx([0.2, 0.2])


def test_a_day_of_a_large_meter_is_kept_to_the_watt_hour() -> None:
    one = meter(interval_s=3600, registers="net")
    save(one, [3_000_000.4, -2_999_999.6, *[0.0] * 22])

    read = meter_readings([one.pk], at(0), at(2), interval_s=3600)

    assert (read.kwh[0] * 1000).tolist() == pytest.approx([3_000_000, -3_000_000])


def test_a_range_that_does_not_begin_with_an_interval_is_refused() -> None:
    with pytest.raises(NotOnInterval, match="2026-07-01 00:07:00"):
        meter_readings([1], at(7 / 60), at(1), interval_s=900)


WATT_HOURS = st.one_of(
    st.none(), st.integers(-40_000, 2_000_000), st.integers(-5_000_000, 5_000_000).map(lambda mwh: mwh / 1000)
)
WRITES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 2), st.lists(WATT_HOURS, min_size=24, max_size=24)), max_size=6
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=WRITES)
def test_readings_are_what_a_dictionary_of_them_says_however_often_they_are_corrected(
    writes: list[tuple[int, int, list[float | None]]],
) -> None:
    sql.execute("DELETE FROM cpm_meterday")
    meters = [Meter.objects.filter(number=n).first() or meter(n, interval_s=3600, registers="net") for n in ("A", "B")]
    kept: dict[tuple[int, int], float] = {}
    for which, day, values in writes:
        known = [float("nan") if value is None else float(value) for value in values]
        save(meters[which], known, day=DAY + timedelta(days=day))
        kept |= {(which, 24 * day + hour): value for hour, value in enumerate(known)}

    read = meter_readings([m.pk for m in meters], at(0), at(72), interval_s=3600)

    expected = [[kept.get((which, hour), float("nan")) for hour in range(72)] for which in range(2)]
    np.testing.assert_allclose(read.kwh * 1000.0, expected, rtol=1e-6, atol=1e-3)
