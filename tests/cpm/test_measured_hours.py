"""Which hours of a stage count: whole intervals of its meters, until it ended or a person canceled it."""

from datetime import datetime, timedelta

import pytest

from cpm.choices import SumOf
from cpm.models import Device, ProgramEvent
from cpm.operations import ask_measurement, prepare_or_finish_measurement
from cpm.queries.measured import measured_stages, totals_of
from cpm.queries.season import season_sums

from .test_measuring import DONE, NOW, START, Make, column, flat, measure, meters, past_event, results, save, take_on

pytestmark = pytest.mark.django_db


def test_a_stage_that_was_canceled_counts_for_the_hours_it_ran(
    devices: list[Device], make_program_event: Make, now: datetime
) -> None:
    """What is reported is a mean of the two planned hours: in the one that it ran, it was twice as much."""
    event = past_event(make_program_event, now, outcomes=DONE)
    save(meters(devices), flat(5))
    before = measure(event).sums.get(of=SumOf.STAGE)
    ProgramEvent.objects.filter(pk=event.pk).update(state="Canceled", revision=event.revision + 1)
    event.transitions.create(
        revision=event.revision + 1,
        from_state="Completed",
        to_state="Canceled",
        at=START + timedelta(hours=1),
        by="olive",
        why="",
    )
    event.refresh_from_db()
    after = past_event(
        make_program_event, now, "DR-2026-0002", at=START + timedelta(hours=1), reserved=(0,), outcomes={0: "D1SP"}
    )

    total = measure(event).sums.get(of=SumOf.STAGE)

    assert before.reported_w > 0
    assert (total.reported_w, total.measured_reported_w) == (2 * before.reported_w, 2 * before.measured_reported_w)
    assert (total.expected_w, total.measured_expected_w) == (before.expected_w, before.measured_expected_w)
    assert [one.reason for one in results(measure(after)).values()] == [""], "the canceled stage was over"


def test_what_is_realised_is_of_the_whole_intervals_that_were_measured(
    devices: list[Device], make_program_event: Make, now: datetime
) -> None:
    """Of 17:30 to 19:30 a meter of hours measures one; five devices of 900 W are expected to save 4,500 Wh in it."""
    event = past_event(make_program_event, now, outcomes=DONE)
    half = timedelta(minutes=30)
    ProgramEvent.objects.filter(pk=event.pk).update(starts_at=START + half, ends_at=START + 5 * half)
    save(meters(devices, interval_s=3600), flat(5, slots=24))
    total = measure(ProgramEvent.objects.get(pk=event.pk)).sums.get(of=SumOf.STAGE)
    assert (total.measured, total.measured_expected_w, total.measured_expected_wh) == (5, 4_500, 4_500)
    assert (total.measured_reported_w, total.measured_reported_wh) == (4_000, 4_000)
    (stage,) = measured_stages(event.event_number)
    assert (totals_of([stage]).expected_wh, season_sums([stage], SumOf.STAGE)[0].reported_wh) == (4_500, 4_000)


def test_parts_have_the_hours_and_days_that_the_preparation_found(
    devices: list[Device], make_program_event: Make, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 Wh more in each quarter of the four hours after, also for parts measured after other stages became known."""
    monkeypatch.setattr("cpm.operations.measuring.A_PART", 2)
    event, wh = past_event(make_program_event, now, outcomes=DONE), flat(5)
    begin = column(START + timedelta(hours=2))
    wh.reshape(5, -1)[:, begin : begin + 16] = 300
    save(meters(devices), wh)
    made = ask_measurement(event, by="mia", now=NOW)
    take_on(made, most=1)
    past_event(make_program_event, now, "DR-2026-0002", at=START + timedelta(hours=3), outcomes=DONE)
    past_event(make_program_event, now, "DR-2026-0003", at=START - timedelta(days=1), outcomes=DONE)

    take_on(made)
    prepare_or_finish_measurement(made.pk, now=NOW)

    assert [(one.rebound_wh, one.days_busy) for one in results(made).values()] == [(800, 0)] * 5
