"""What calls teach about devices: the zone's candidates are rebuilt and swapped in when a stage closes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from derms import operations
from derms.models import (
    PRIMARY_KEY,
    Availability,
    Candidate,
    Device,
    Enrollment,
    Event,
    HeadEnd,
    LowestCount,
    Program,
    Realisation,
    ResponsePrior,
    Stage,
)
from derms.set_operations.candidates import count_stage, lock_candidates
from derms.set_operations.choosing import Chosen, choose_devices
from derms.set_operations.outcomes import outcome_partition
from integration.seam import sql
from tests import factories
from tests.threads import run_together

from .test_selection_rules import another_event

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
Close = Callable[..., Stage]
# What a device may do: an outcome code and its mean reduction over the window in W, of 1,000; None: it wasn't reserved.
DEEDS = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(["D1SP", "D1IO"]), st.integers(0, 2000)),
    st.tuples(st.sampled_from(["D1ND", "D1ER"]), st.just(0)),
    st.tuples(st.just("D1CN"), st.integers(0, 600)),
)


@pytest.fixture
def close(event: Event, program: Program, noon: datetime) -> Close:
    """Close a separate stage of half an hour in which devices did this; a canceled one was released after 10 minutes.

    `response_pm` and `ran` replace what the executor reports and how long the stage ran.
    """

    def make(deeds: Mapping[int, tuple[str, int] | None], *, of: Event = event, days: int = 0, **given: Any) -> Stage:
        number = of.stages.count() + 1
        starts_at = noon + timedelta(days=days) + number * HOUR
        ends_at = starts_at + timedelta(minutes=30)
        devices = Device.objects.filter(pk__in=[pk for pk, deed in deeds.items() if deed])
        window = {"started_at": starts_at, "ended_at": starts_at + given.get("ran", ends_at - starts_at)}
        stage = factories.reserved_stage(of, program, starts_at, ends_at, *devices, state="Completed", **window)
        partition = outcome_partition(stage)
        partition.create()
        rows = [_row(stage, pk, *deed, given.get("response_pm")) for pk, deed in deeds.items() if deed]
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {partition.table} VALUES (%s, %s, %s, %s, %s, %s, '', %s)", rows)
        partition.finish(PRIMARY_KEY)
        partition.attach()
        lock_candidates()
        renewed = count_stage(stage, now=ends_at)
        Stage.objects.filter(pk=stage.pk).update(calls_counted_at=ends_at)
        renewed.attach()
        return stage

    return make


def _row(stage: Stage, device: int, code: str, watts: int, response_pm: int | None) -> tuple[Any, ...]:
    until = stage.starts_at + timedelta(minutes=10) if code == "D1CN" else stage.ended_at
    return stage.pk, device, code, stage.started_at, until, watts, response_pm


def _of(device: Device) -> Candidate:
    return Candidate.objects.get(device_id=device.pk)


def test_what_a_device_gave_of_what_it_should_have_given_is_its_response(
    close: Close, device: Callable[..., Device]
) -> None:
    whole, late, silent, idle = (device() for _ in range(4))
    # An override in the last three of thirty minutes costs a tenth.
    deeds = {whole.pk: ("D1SP", 1000), late.pk: ("D1IO", 900), silent.pk: ("D1ND", 0)}

    close(deeds)
    close(deeds, of=another_event(Event.objects.get()))

    found = {one.pk: _of(one) for one in (whole, late, silent, idle)}
    assert [(c.rate_n, round(c.rate_sum, 3)) for c in found.values()] == [(2, 2), (2, 1.8), (2, 0), (0, 0)]
    assert [(c.season_events, c.season_quarters, c.silent_run) for c in found.values()] == [
        (2, 4, 0), (2, 4, 0), (2, 4, 2), (0, 0, 0),
    ]  # fmt: skip
    # Six responses of 3.8 between them begun at 0.8: what a device of this program and head end begins with.
    prior = (5 * 0.8 + 3.8) / (5 + 6)
    assert found[idle.pk].rate_pm == round(1000 * prior)
    assert found[late.pk].rate_pm == round(1000 * (5 * prior + 1.8) / 7)


def test_the_executors_own_figure_comes_before_the_reported_reduction(
    close: Close, device: Callable[..., Device]
) -> None:
    made = device()

    close({made.pk: ("D1SP", 1000)}, response_pm=400)

    assert _of(made).rate_sum == pytest.approx(0.4)


def test_more_than_one_and_a_half_times_the_nominal_power_counts_as_that(
    close: Close, device: Callable[..., Device]
) -> None:
    made = device()

    close({made.pk: ("D1SP", 1800)})

    assert _of(made).rate_sum == pytest.approx(1.5)


def test_a_released_device_counts_by_the_part_it_ran(close: Close, device: Callable[..., Device]) -> None:
    """Ten minutes at half its power are a third of a response, of one half."""
    made = device()

    close({made.pk: ("D1CN", 167)})

    assert (_of(made).rate_n, _of(made).rate_sum) == pytest.approx((1 / 3, 1 / 6), abs=0.001)
    assert (_of(made).season_events, _of(made).season_quarters) == (1, 1)


def test_a_stage_that_was_cut_short_asks_for_that_time_alone(close: Close, device: Callable[..., Device]) -> None:
    made = device()

    close({made.pk: ("D1SP", 500)}, ran=timedelta(minutes=15))

    assert (_of(made).rate_n, _of(made).rate_sum, _of(made).season_quarters) == (0.5, 0.5, 1)


def test_an_event_counts_once_whatever_is_counted_between_its_stages(
    close: Close, device: Callable[..., Device], event: Event
) -> None:
    both, second = device(), device()
    other = another_event(event)

    close({both.pk: ("D1SP", 1000)})
    close({both.pk: ("D1SP", 1000)}, of=other)
    close({both.pk: ("D1SP", 1000), second.pk: ("D1SP", 1000)})

    assert (_of(both).season_events, _of(second).season_events) == (2, 1)
    assert (_of(both).season_quarters, _of(second).season_quarters) == (6, 2)


def test_a_new_season_begins_at_none(
    close: Close, device: Callable[..., Device], event: Event, noon: datetime, settings: Any
) -> None:
    called, idle = device(), device()
    settings.YEAR_BEGINS = f"{noon + timedelta(days=3):%m-%d}"
    close({called.pk: ("D1SP", 1000), idle.pk: ("D1SP", 1000)})
    season = _of(called).season

    close({called.pk: ("D1SP", 1000)}, of=another_event(event), days=9)

    assert (_of(called).season, _of(called).season_events, _of(called).season_quarters) == (season + 1, 1, 2)
    # It is read as none until the device is called.
    assert (_of(idle).season, _of(idle).season_events) == (season, 1)
    assert LowestCount.objects.values_list("season", "events").get() == (season + 1, 0)


def test_responses_fade_by_half_in_ninety_days(close: Close, device: Callable[..., Device], event: Event) -> None:
    called, idle = device(), device()
    close({called.pk: ("D1SP", 1000), idle.pk: ("D1SP", 1000)})

    close({called.pk: ("D1SP", 0)}, of=another_event(event), days=90)

    assert (_of(called).rate_n, _of(called).rate_sum) == pytest.approx((1.5, 0.5), abs=0.001)
    assert (_of(idle).rate_n, _of(idle).rate_sum) == pytest.approx((0.5, 0.5), abs=0.001)
    prior = ResponsePrior.objects.get()
    assert (prior.n, prior.total) == pytest.approx((2, 1), abs=0.001)


def test_rates_fade_at_night_in_zones_in_which_no_stage_was_counted_for_a_week(
    close: Close, device: Callable[..., Device], event: Event
) -> None:
    made = device()
    counted_at = close({made.pk: ("D1SP", 1000)}).ends_at
    calls = (_of(made).last_called_on, _of(made).season_events)

    operations.fade_response_rates(now=counted_at + timedelta(days=6))
    assert _of(made).rate_n == 1
    for _ in range(2):
        operations.fade_response_rates(now=counted_at + timedelta(days=90))

    assert (_of(made).rate_n, _of(made).rate_sum) == pytest.approx((0.5, 0.5))
    assert (_of(made).last_called_on, _of(made).season_events) == calls


def test_a_device_is_silent_until_it_is_heard(close: Close, device: Callable[..., Device], event: Event) -> None:
    quiet, heard = device(), device()
    for _ in range(3):
        close({quiet.pk: ("D1ND", 0), heard.pk: ("D1ND", 0)}, of=another_event(event))
    assert (_of(quiet).silent_run, _of(quiet).rate_pm) == (3, 0)

    close({heard.pk: ("D1ER", 0)}, of=another_event(event))

    assert (_of(quiet).silent_run, _of(heard).silent_run) == (3, 0)
    assert _of(heard).rate_pm > 0


@pytest.mark.parametrize(("silent", "is_outage"), [(11, True), (10, False)])
def test_an_outage_of_a_head_end_is_not_its_devices_fault(
    silent: int, is_outage: bool, close: Close, device: Callable[..., Device]
) -> None:
    """More than half of twenty called devices are silent."""
    devices = [device() for _ in range(20)]
    deeds = {one.pk: ("D1ND", 0) if n < silent else ("D1SP", 1000) for n, one in enumerate(devices)}

    close(deeds)

    quiet, heard, prior = _of(devices[0]), _of(devices[-1]), ResponsePrior.objects.get()
    assert (heard.rate_n, heard.silent_run) == (1, 0)
    assert (quiet.rate_n, quiet.silent_run, quiet.season_events) == ((0, 0, 1) if is_outage else (1, 1, 1))
    assert (prior.n, prior.total) == ((9, 9) if is_outage else (20, 10))
    availability = Availability.objects.get()
    assert (availability.n, availability.total) == pytest.approx((1, 0.45 if is_outage else 1))


def test_fewer_than_twenty_devices_show_no_outage(close: Close, device: Callable[..., Device]) -> None:
    devices = [device() for _ in range(19)]

    close({one.pk: ("D1ND", 0) for one in devices})

    assert {_of(one).silent_run for one in devices} == {1}
    assert not Availability.objects.exists()


def test_less_is_expected_behind_a_head_end_that_is_often_out(
    device: Callable[..., Device], choose: Callable[..., Chosen], noon: datetime
) -> None:
    device()
    other = HeadEnd.objects.create(code="HE2", name="Head End Two")
    device(head_end=other)
    # Five outages in which a fifth answered: (5 + 1) / (5 + 5).
    Availability.objects.create(head_end=other, n=5, total=1, faded_at=noon)

    assert choose().watts == 800 + 480


def test_less_is_expected_of_a_class_whose_reports_meters_do_not_confirm(
    device: Callable[..., Device], choose: Callable[..., Chosen], event: Event, program: Program, noon: datetime
) -> None:
    """A stage that ended a moment before: (5 + 0.4) / (5 + 1); the other head end's reports hold."""
    known = device()
    device(head_end=HeadEnd.objects.create(code="HE2", name="Head End Two"))
    past = factories.reserved_stage(another_event(event), program, noon - HOUR, noon, known, state="Completed")
    Realisation.objects.create(
        stage=past, head_end=known.head_end, device_class=known.device_class, meters=20,
        expected_w=1, reported_w=1_000, measured_w=400,
    )  # fmt: skip

    assert choose().watts == 720 + 800


@settings(max_examples=15)
@given(histories=st.lists(st.lists(DEEDS, min_size=6, max_size=6), min_size=1, max_size=4))
def test_a_rate_is_the_formula_over_all_calls(
    close: Close,
    device: Callable[..., Device],
    event: Event,
    histories: list[list[tuple[str, int] | None]],
) -> None:
    """A plain Python reading: (5 prior + responses) / (5 + n), the prior begun at 0.8 over the program's devices."""
    ResponsePrior.objects.all().delete()
    devices = [device() for _ in histories]

    for deeds in zip(*histories, strict=True):
        close({one.pk: deed for one, deed in zip(devices, deeds, strict=True)}, of=another_event(event))

    each = [[_response(*deed) for deed in history if deed] for history in histories]
    everyone = [one for responses in each for one in responses]
    prior = (5 * 0.8 + sum(w * r for w, r in everyone)) / (5 + sum(w for w, _ in everyone))
    for one, responses, history in zip(devices, each, histories, strict=True):
        rate = (5 * prior + sum(w * r for w, r in responses)) / (5 + sum(w for w, _ in responses))
        codes = [deed[0] for deed in history if deed]
        is_silent = len(codes) >= 3 and set(codes[-3:]) == {"D1ND"}
        assert _of(one).rate_pm == pytest.approx(0 if is_silent else 1000 * rate, abs=1)


def _response(code: str, watts: int) -> tuple[float, float]:
    """The weight of a call of half an hour to a device of 1 kW, and what was given of what was asked."""
    part = 1 / 3 if code == "D1CN" else 1
    return part, min(1.5, watts / 1000 / part)


def test_a_device_that_enrolls_later_begins_at_the_programs_lowest_count(
    close: Close, device: Callable[..., Device], event: Event
) -> None:
    often, once = device(), device()
    close({often.pk: ("D1SP", 1000), once.pk: ("D1SP", 0)})
    close({often.pk: ("D1SP", 1000)}, of=another_event(event))

    late = device()

    assert (_of(late).season, _of(late).season_events) == (_of(once).season, 1)
    # It begins at the rate of the program's devices behind its head end: three responses of 2.
    assert (_of(late).rate_n, _of(late).rate_pm) == (0, round(1000 * (5 * 0.8 + 2) / (5 + 3)))


def test_a_zones_table_keeps_its_key_and_its_checks(close: Close, device: Callable[..., Device]) -> None:
    made = device()
    table = f"derms_candidate_{made.zone_id}"
    for _ in range(3):
        close({made.pk: ("D1SP", 1000)})

    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'derms_candidate%' AND relkind = 'r'")
        assert cursor.fetchone() == (1,), "no table is left behind"
        names = [
            [c.name for c in connection.introspection.get_table_description(cursor, t)]
            for t in ("derms_candidate", table)
        ]
        assert names[0] == names[1], "the columns that a choice reads come first"
    assert [c["columns"] for c in constraints.values() if c["primary_key"]] == [["device_id", "enrollment_id"]]
    with pytest.raises(IntegrityError, match="derms_candidate_figures"), transaction.atomic():
        Candidate.objects.update(rate_pm=1501)


def test_a_closed_stage_leaves_the_candidates_of_other_zones_where_they_are(
    close: Close, device: Callable[..., Device]
) -> None:
    there, here = device(zone=factories.zone("SOUTH")), device()
    before = _tables()

    close({here.pk: ("D1SP", 1000), there.pk: ("D1SP", 1000)})

    assert before[here.zone_id] not in _tables().values()
    assert before[there.zone_id] == _tables()[there.zone_id]
    assert dict(Candidate.objects.values_list("device_id", "season_events")) == {here.pk: 1, there.pk: 0}


def test_a_device_that_moves_takes_its_calls_along(close: Close, device: Callable[..., Device]) -> None:
    moved = device()
    close({moved.pk: ("D1SP", 1000)})

    moved.zone = factories.zone("SOUTH")
    moved.save()

    assert list(Candidate.objects.values_list("zone_id", "device_id", "season_events")) == [
        (moved.zone_id, moved.pk, 1)
    ]


def test_a_program_joined_later_knows_the_devices_calls(
    close: Close, device: Callable[..., Device], noon: datetime
) -> None:
    made = device()
    close({made.pk: ("D1ND", 0)})

    Enrollment.objects.create(program=factories.program("HEAT"), device=made, starts_at=noon)

    assert list(Candidate.objects.values_list("season_events", "rate_n", "silent_run")) == [(1, 1, 1)] * 2


@pytest.mark.django_db(transaction=True)
def test_a_choice_reads_the_candidates_of_its_own_zone_alone(
    stage: Stage, device: Callable[..., Device], now: datetime
) -> None:
    elsewhere = factories.zone("SOUTH")
    device(), device(zone=elsewhere)

    def choose() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            return choose_devices(stage, goal_kw=None, now=now).devices

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE derms_candidate_{elsewhere.pk} IN ACCESS EXCLUSIVE MODE")
        assert run_together(choose) == [1]


def _tables() -> dict[int, int]:
    """The oid of the table that holds each zone's candidates, by the zone's id."""
    return dict(sql.rows("SELECT DISTINCT zone_id, tableoid::bigint FROM derms_candidate"))
