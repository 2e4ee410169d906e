"""Measuring program events: worked by hand, against a slow plain reading, and the cases that are not measured."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cpm.choices import NotMeasured, Quality, SumOf
from cpm.models import (
    BaselineRule,
    Device,
    Holiday,
    MeasuredResult,
    MeasuredSum,
    Measurement,
    Meter,
    ProgramEvent,
    ReadingsLoad,
)
from cpm.operations import (
    CannotMeasure,
    ask_measurement,
    ask_measurements,
    measure_part,
    prepare_or_finish_measurement,
)
from cpm.operations.meter_days import Days, save_days
from cpm.queries import measured_part_ids_to_measure, measurement_ids_to_prepare_or_finish
from integration.commands.verify import violations_of
from integration.seam import sql

from .conftest import Make

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 7, 22, 17, tzinfo=ZONE)  # a Wednesday
NOW = START + timedelta(days=3)
DONE = dict.fromkeys(range(5), "D1SP")
FIRST = date(2026, 6, 1)
DAYS = 56


@pytest.fixture
def event(make_program_event: Make, now: datetime) -> ProgramEvent:
    """Two hours from 17:00 local time on 22 July, in which all five devices took part."""
    return past_event(make_program_event, now, outcomes=DONE)


def past_event(make: Make, now: datetime, number: str = "DR-2026-0001", *, at: datetime = START, **given: Any) -> Any:
    made = make(number, state="Completed", starts_in=at - now, **given)
    ProgramEvent.objects.filter(pk=made.pk).update(ends_at=at + timedelta(hours=2))
    return ProgramEvent.objects.get(pk=made.pk)


def meters(devices: list[Device], *, interval_s: int = 900) -> list[Meter]:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Meter.objects.create(number=f"M{n}", location=one.location, interval_s=interval_s, starts_at=since)
        for n, one in enumerate(devices)
    ]


def save(of: list[Meter], wh: Any, *, first: date = FIRST, quality: Any = None) -> None:
    """Save readings, Wh (meters, days, intervals)."""
    wh = np.asarray(wh, float)
    known = np.where(np.isnan(wh), Quality.MISSING, 0).astype(np.uint8) if quality is None else quality
    for meter, values, kinds in zip(of, wh, known, strict=True):
        days = np.datetime64(first) + np.arange(len(values))
        ids = np.full(len(values), meter.pk, np.int32)
        zeros = np.zeros(len(values), np.int64)
        save_days([Days(zeros, ids, days, zeros.astype(bool), values, kinds)])


def column(moment: datetime, interval_s: int = 900) -> int:
    """The place of a moment among the readings from FIRST on."""
    begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return int((moment - begin).total_seconds()) // interval_s


def flat(meter_count: int, wh: float = 250, slots: int = 96) -> Any:
    return np.full((meter_count, DAYS, slots), float(wh))


def measure(event: ProgramEvent) -> Measurement:
    made = ask_measurement(event, by="mia", now=NOW)
    take_on(made)
    prepare_or_finish_measurement(made.pk, now=NOW)
    made.refresh_from_db()
    assert made.finished_at
    assert not made.parts.exists()
    return made


def take_on(made: Measurement, *, most: int = 20) -> None:
    """Prepare a measurement and measure its first parts."""
    prepare_or_finish_measurement(made.pk, now=NOW)
    for part in measured_part_ids_to_measure(NOW)[:most]:
        measure_part(part, now=NOW)


def results(made: Measurement) -> dict[int, MeasuredResult]:
    return {one.device_id: one for one in MeasuredResult.objects.filter(measurement_id=made.pk)}


def test_what_a_meter_saved_is_the_mean_of_ten_like_days_less_what_it_metered(
    event: ProgramEvent, devices: list[Device]
) -> None:
    """250 Wh per quarter on all days, 100 in the event's two hours, 300 in the hour after: 8 x 150 saved."""
    wh = flat(5)
    begin = column(START)
    wh.reshape(5, -1)[:, begin : begin + 8] = 100
    wh.reshape(5, -1)[:, begin + 8 : begin + 12] = 300
    save(meters(devices), wh)

    made = measure(event)

    one = results(made)[devices[0].pk]
    assert (one.status, one.reason, one.interval_s, one.starts_at) == ("measured", "", 900, START)
    assert (one.unadjusted_wh, one.baseline_wh, one.metered_wh) == ([250] * 8, [250] * 8, [100] * 8)
    assert (one.saved_wh, one.mean_w, one.highest_drop_w, one.rebound_wh) == (1_200, 600, 600, 200)
    assert (one.adjustment, one.is_capped, one.quality) == (1.0, False, Quality.GOOD)
    used = [day for bit, day in enumerate(made.days) if one.days_used >> bit & 1]
    assert used == [date(2026, 7, day) for day in (21, 20, 17, 16, 15, 14, 13, 10, 9, 8)]
    assert ["2026-07-19", "day off"] in made.days_out
    total = made.sums.get(of=SumOf.STAGE)
    assert (total.participations, total.measured, total.saved_wh, total.mean_w) == (5, 5, 6_000, 3_000)
    assert (total.measured_expected_w, total.measured_reported_w, total.half_width_wh) == (4_500, 4_000, 0)
    assert (total.measured_expected_wh, total.measured_reported_wh) == (9_000, 8_000)
    assert (total.baseline_wh, total.metered_wh, total.rebound_wh) == (10_000, 4_000, 1_000)
    assert made.distribution == [[600, 700, 5]]
    first_hour = int(START.timestamp())
    assert made.hours == [[first_hour, 3600, 5, 5_000, 2_000, 0], [first_hour + 3600, 3600, 5, 5_000, 2_000, 0]]
    assert made.profile[8] == [first_hour + 7200, 900, 5, 1_250, 1_500], "the hours after, too"
    assert {(one.of, one.name) for one in made.sums.exclude(of=SumOf.STAGE)} == {
        ("feeder", devices[0].location.feeder), ("head end", "HE1"), ("device class", "thermostat"),
        ("segment", "D1SP"),
    }  # fmt: skip


def test_holidays_days_of_other_events_and_incomplete_days_do_not_count(
    event: ProgramEvent, devices: list[Device], make_program_event: Make, now: datetime
) -> None:
    past_event(
        make_program_event, now, "DR-2026-0002", at=START - timedelta(days=1), reserved=(1,), outcomes={1: "D1SP"}
    )
    Holiday.objects.create(day=date(2026, 7, 20), is_own=True)
    wh = flat(5)
    wh.reshape(5, -1)[0, column(START - timedelta(days=5))] = math.nan  # 17 July
    save(meters(devices), wh)

    made = measure(event)

    found = results(made)
    used = {
        n: [made.days[bit].day for bit in range(10) if found[devices[n].pk].days_used >> bit & 1] for n in (0, 1, 2)
    }
    assert 20 not in used[0] + used[1] + used[2], "a holiday"
    assert 17 not in used[0]
    assert 17 in used[1]
    assert 17 in used[2]
    assert 21 in used[0]
    assert 21 not in used[1]
    assert 21 in used[2]
    assert made.days[found[devices[0].pk].days_incomplete.bit_length() - 1] == date(2026, 7, 17)
    assert made.days[found[devices[1].pk].days_busy.bit_length() - 1] == date(2026, 7, 21)


def test_why_a_participation_is_not_measured(event: ProgramEvent, devices: list[Device]) -> None:
    """No meter; another device behind the meter; no readings of the event; of the hours before; too few days."""
    shared = devices[0]
    Device.objects.filter(pk=devices[1].pk).update(location=shared.location)
    made_meters = meters([devices[0], devices[3], devices[4]])
    wh = flat(3)
    rows = wh.reshape(3, -1)
    rows[1, column(START) + 3] = math.nan
    rows[2, column(START - timedelta(hours=3))] = math.nan
    rows[0, : column(START) - 4 * 96] = math.nan

    save(made_meters, wh)
    found = results(measure(event))

    reasons = [found[one.pk].reason for one in devices]
    assert reasons == [
        NotMeasured.TOO_FEW_DAYS, NotMeasured.SAME_METER, NotMeasured.NO_METER, NotMeasured.EVENT_INCOMPLETE,
        NotMeasured.BEFORE_INCOMPLETE,
    ]  # fmt: skip
    assert {one.status for one in found.values()} == {"not measured"}
    total = MeasuredSum.objects.get(of=SumOf.STAGE)
    assert (total.participations, total.measured, total.saved_wh, total.half_width_wh) == (5, 0, 0, None)


def test_a_stage_shorter_than_an_interval_of_the_meter_is_not_measured(
    event: ProgramEvent, devices: list[Device]
) -> None:
    ProgramEvent.objects.filter(pk=event.pk).update(ends_at=START + timedelta(minutes=50))
    save(meters(devices, interval_s=3600), flat(5, slots=24))
    found = results(measure(ProgramEvent.objects.get(pk=event.pk)))
    assert {one.reason for one in found.values()} == {NotMeasured.TOO_SHORT}


def test_of_stages_at_the_same_time_the_earlier_stands_for_the_meter(
    event: ProgramEvent, devices: list[Device], make_program_event: Make, now: datetime
) -> None:
    other = past_event(
        make_program_event, now, "DR-2026-0002", at=START + timedelta(hours=1), reserved=(0,), outcomes={0: "D1SP"}
    )
    save(meters(devices), flat(5))
    assert [one.reason for one in results(measure(other)).values()] == [NotMeasured.OTHER_STAGE]
    made = measure(event)
    assert {one.reason for one in results(made).values()} == {""}
    total = made.sums.get(of=SumOf.STAGE)
    # 5 x 900 W and half an event of 900 W more: the other stage runs in one of two hours.
    assert (total.expected_w, total.measured_expected_w) == (4_500, 4_950)


def test_an_estimated_reading_makes_it_preliminary_and_its_correction_a_version_beside(
    event: ProgramEvent, devices: list[Device]
) -> None:
    wh, here = flat(5), meters(devices)
    quality = np.zeros(wh.shape, np.uint8)
    quality.reshape(5, -1)[0, column(START)] = Quality.ESTIMATED
    save(here, wh, quality=quality)
    first = measure(event)
    day = date(2026, 7, 22)
    save(here[:1], np.full((1, 1, 96), 150.0), first=day)

    second = measure(event)

    assert results(first)[devices[0].pk].status == "preliminary"
    corrected = results(second)[devices[0].pk]
    # The whole day is lower by 40 %: the adjustment follows by at most 20 %.
    assert (corrected.status, corrected.adjustment, corrected.is_capped) == ("measured", pytest.approx(0.8), True)
    assert results(first)[devices[0].pk].metered_wh == [250] * 8, "what was measured stays"
    assert first.sums.get(of=SumOf.STAGE).preliminary == 1


def test_an_exchanged_meter_is_followed_by_the_next_one(event: ProgramEvent, devices: list[Device]) -> None:
    first, exchanged = meters(devices[:1])[0], datetime(2026, 7, 15, tzinfo=UTC)
    Meter.objects.filter(pk=first.pk).update(ends_at=exchanged)
    second = Meter.objects.create(number="NEW", location=first.location, interval_s=1800, starts_at=exchanged)
    save([first], flat(1)[:, :44])
    save([second], flat(1, wh=500, slots=48)[:, :12], first=date(2026, 7, 15))
    found = results(measure(event))[devices[0].pk]
    assert (found.reason, found.interval_s, found.baseline_wh) == ("", 1800, [500] * 4)


def test_hours_are_the_same_by_the_clock_across_the_change_of_time(
    devices: list[Device], make_program_event: Make, now: datetime
) -> None:
    """After 1 November 17:00 in New York is 22:00 in UTC, before it 21:00: only what was used from 17:00 on counts."""
    start = datetime(2026, 11, 4, 17, tzinfo=ZONE)
    event = past_event(make_program_event, now, at=start, outcomes=DONE)
    first = date(2026, 9, 15)
    wh = np.full((5, 55, 96), 100.0)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    for back in range(46):
        local = datetime.combine(start.date() - timedelta(days=back), start.timetz().replace(tzinfo=None), ZONE)
        at = int((local - begin).total_seconds()) // 900
        wh.reshape(5, -1)[:, at : at + 8] = 400
    save(meters(devices), wh, first=first)

    found = results(measure(event))[devices[0].pk]

    assert (found.baseline_wh, found.saved_wh) == ([400] * 8, 0)


def test_a_rule_of_the_program_counts_from_its_day_on(event: ProgramEvent, devices: list[Device]) -> None:
    """Meter before: the reading just before the event. The later rule is of a day after the event."""
    for number, (day, method) in enumerate((("2026-01-01", "meter before"), ("2026-08-01", "10 of 10")), 1):
        BaselineRule.objects.create(
            program=event.program, number=number, effective_on=day, method=method, made_by="mia", made_at=NOW
        )
    wh = flat(5)
    wh.reshape(5, -1)[:, column(START) - 1] = 700
    save(meters(devices), wh)
    made = measure(event)
    assert made.rule is not None
    assert made.rule.number == 1
    assert results(made)[devices[0].pk].baseline_wh == [700] * 8


def test_readings_that_come_have_their_program_events_measured_once_they_rest(
    event: ProgramEvent, devices: list[Device]
) -> None:
    save(meters(devices), flat(5)[:, :20])
    sql.execute("UPDATE cpm_readingsload SET loaded_at = %s", [NOW - timedelta(hours=1)])
    ask_measurements(now=NOW)
    assert not Measurement.objects.exists(), "none of these days is the event's"

    ReadingsLoad.objects.create(first_day="2026-07-22", last_day="2026-07-22", loaded_at=NOW - timedelta(seconds=5))
    ask_measurements(now=NOW)
    assert not Measurement.objects.exists(), "more may follow at once"

    ReadingsLoad.objects.create(first_day="2026-07-22", last_day="2026-07-22", loaded_at=NOW + timedelta(seconds=50))
    ask_measurements(now=NOW + timedelta(seconds=70))
    assert not Measurement.objects.exists(), "more did follow"

    ask_measurements(now=NOW + timedelta(minutes=2))
    ask_measurements(now=NOW + timedelta(minutes=3))
    assert Measurement.objects.count() == 1


def test_a_program_event_is_measured_once_at_a_time_and_after_its_outcomes(
    event: ProgramEvent, devices: list[Device], make_program_event: Make
) -> None:
    ask_measurement(event, by="mia", now=NOW)
    with pytest.raises(CannotMeasure, match="is being measured already"):
        ask_measurement(event, by="mia", now=NOW)
    with pytest.raises(CannotMeasure, match="has not ended"):
        ask_measurement(make_program_event("DR-2026-0003"), by="mia", now=NOW)


def test_results_agree_with_a_slow_plain_reading(
    event: ProgramEvent, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random readings with gaps; two devices a part."""
    monkeypatch.setattr("cpm.operations.measuring.A_PART", 2)
    rng = np.random.default_rng(7)
    wh = rng.integers(50, 900, (5, DAYS, 96)).astype(float)
    wh[rng.random(wh.shape) < 0.004] = math.nan
    at = column(START)
    wh.reshape(5, -1)[:, at - 20 : at + 30] = rng.integers(50, 900, (5, 50))
    save(meters(devices), wh)

    found = results(made := measure(event))

    for n, one in enumerate(devices):
        baseline, saved, used = plainly(wh.reshape(5, -1)[n].tolist(), at)
        assert found[one.pk].baseline_wh == pytest.approx(baseline, abs=1)
        assert found[one.pk].saved_wh == pytest.approx(saved, abs=8)
        assert found[one.pk].days_used == sum(1 << made.days.index(day) for day in used)
    total = MeasuredSum.objects.get(of=SumOf.STAGE)
    assert total.saved_wh == sum(one.saved_wh or 0 for one in found.values())
    assert total.half_width_wh
    assert total.half_width_wh > 0


def plainly(wh: list[float], at: int) -> tuple[list[float], float, list[date]]:
    """10 of 10 with an adjustment of at most 20 %, by the four hours before the last one, day by day."""
    windows, mornings, used = [], [], []
    for day in working_days():
        begin = at - 96 * (START.date() - day).days
        window, morning = wh[begin : begin + 8], wh[begin - 16 : begin - 4]
        if len(used) < 10 and not any(math.isnan(one) for one in window + morning):
            windows.append(window)
            mornings.append(sum(morning))
            used.append(day)
    factor = sum(wh[at - 16 : at - 4]) / (sum(mornings) / len(mornings))
    factor = min(1.2, max(0.8, factor))
    baseline = [factor * sum(hour) / len(windows) for hour in zip(*windows, strict=True)]
    return baseline, sum(baseline) - sum(wh[at : at + 8]), used


def working_days() -> Iterator[date]:
    for back in range(1, 46):
        day = START.date() - timedelta(days=back)
        if day.weekday() < 5:
            yield day


def test_a_measurement_is_finished_once_all_its_parts_are_and_a_part_that_is_repeated_changes_nothing(
    event: ProgramEvent, devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpm.operations.measuring.A_PART", 2)
    save(meters(devices), flat(5))
    made = ask_measurement(event, by="mia", now=NOW)
    take_on(made, most=2)
    measure_part(made.parts.earliest("pk").pk, now=NOW)
    prepare_or_finish_measurement(made.pk, now=NOW)

    made.refresh_from_db()
    assert (made.done, made.finished_at) == (4, None)
    assert list(measurement_ids_to_prepare_or_finish(NOW)) == []
    take_on(made)
    prepare_or_finish_measurement(made.pk, now=NOW)
    assert len(results(made)) == 5


def test_verify_names_results_that_are_lacking_changed_or_count_wrong_days(
    event: ProgramEvent, devices: list[Device]
) -> None:
    save(meters(devices), flat(5))
    measure(event)
    assert violations_of("I16") == []

    sql.execute("UPDATE cpm_measuredresult SET saved_wh = saved_wh + 7 WHERE device_id = %s", [devices[0].pk])
    sql.execute("UPDATE cpm_measuredresult SET days_busy = days_used WHERE device_id = %s", [devices[1].pk])
    said = " ".join(found.what for found in violations_of("I16"))
    assert "results add up to 7 Wh of 5 devices, its sums to 0 of 5" in said
    assert "not baseline less metered, by 7 Wh" in said
    assert "1 results count days" in said

    sql.execute("DELETE FROM cpm_measuredresult WHERE device_id = %s", [devices[0].pk])
    assert "4 results of 5 participations" in " ".join(found.what for found in violations_of("I16"))
