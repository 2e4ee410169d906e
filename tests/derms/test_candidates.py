"""A device's last ten calls: the zone's candidates are rebuilt and swapped in when a stage closes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import PRIMARY_KEY, Candidate, Device, Enrollment, Event, Program, Stage
from derms.set_operations.candidates import lock_candidates, renew_candidates
from derms.set_operations.choosing import choose_devices
from derms.set_operations.outcomes import outcome_partition
from integration.seam import sql
from tests import factories
from tests.threads import run_together

pytestmark = pytest.mark.django_db

CODES = st.sampled_from(["D1SP", "D1IO", "D1ND", "D1ER", "D1CN", None])


@pytest.fixture
def close(event: Event, program: Program, noon: datetime) -> Callable[[dict[int, str | None]], Stage]:
    """Close a separate stage with these outcomes; devices without one were not in it."""

    def make(codes: dict[int, str | None]) -> Stage:
        number = event.stages.count() + 1
        starts_at = noon + number * timedelta(hours=1)
        stage = Stage.objects.create(
            event=event,
            program=program,
            number=number,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            started_at=starts_at,
            state="Completed",
        )
        partition = outcome_partition(stage)
        partition.create()
        rows = [(stage.pk, device, code) for device, code in codes.items() if code]
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {partition.table} (stage_id, device_id, code, reduction_w, error)"
                " VALUES (%s, %s, %s, 0, '')",
                rows,
            )
        partition.finish(PRIMARY_KEY)
        partition.attach()
        lock_candidates()
        renew_candidates(stage).attach()
        return stage

    return make


def _score(history: list[str]) -> Fraction:
    """(successes + 4) / (calls + 5) over the last ten calls; a canceled stage does not count as a call."""
    calls = [code for code in history if code != "D1CN"][-10:]
    return Fraction(calls.count("D1SP") + 4, len(calls) + 5)


def test_a_success_and_a_failure_are_remembered(close: Callable[..., Stage], device: Callable[..., Device]) -> None:
    good, bad, idle = device(), device(), device()

    first = close({good.pk: "D1SP", bad.pk: "D1ND"})
    second = close({good.pk: "D1SP", bad.pk: "D1CN"})

    usage = {one.device_id: one for one in Candidate.objects.all()}
    assert (usage[good.pk].successes, usage[good.pk].calls, usage[good.pk].last_called_at) == (2, 2, second.started_at)
    assert (usage[bad.pk].successes, usage[bad.pk].calls, usage[bad.pk].last_called_at) == (0, 1, first.started_at)
    assert usage[idle.pk].calls == 0


@settings(max_examples=15)
@given(histories=st.lists(st.lists(CODES, min_size=14, max_size=14), min_size=1, max_size=4))
def test_the_score_is_over_the_last_ten_calls(
    close: Callable[..., Stage], device: Callable[..., Device], histories: list[list[str | None]]
) -> None:
    devices = [device().pk for _ in histories]

    for codes in zip(*histories, strict=True):
        close(dict(zip(devices, codes, strict=True)))

    scores = {one.device_id: one.score for one in Candidate.objects.filter(device_id__in=devices)}
    for pk, history in zip(devices, histories, strict=True):
        known = [code for code in history if code]
        assert scores[pk] == pytest.approx(float(_score(known)))


def test_a_zones_table_keeps_its_key_and_its_checks(close: Callable[..., Stage], device: Callable[..., Device]) -> None:
    made = device()
    table = f"derms_candidate_{made.zone_id}"
    for _ in range(3):
        close({made.pk: "D1SP"})

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
    with pytest.raises(IntegrityError, match="derms_candidate_score"), transaction.atomic():
        Candidate.objects.update(score=0.1)


def test_a_closed_stage_leaves_the_candidates_of_other_zones_where_they_are(
    close: Callable[..., Stage], device: Callable[..., Device]
) -> None:
    there, here = device(zone=factories.zone("SOUTH")), device()
    before = _tables()

    close({here.pk: "D1SP", there.pk: "D1SP"})

    assert before[here.zone_id] not in _tables().values()
    assert before[there.zone_id] == _tables()[there.zone_id]
    assert dict(Candidate.objects.values_list("device_id", "calls")) == {here.pk: 1, there.pk: 0}


def test_a_device_that_moves_takes_its_calls_along(close: Callable[..., Stage], device: Callable[..., Device]) -> None:
    moved = device()
    close({moved.pk: "D1SP"})

    moved.zone = factories.zone("SOUTH")
    moved.save()

    assert list(Candidate.objects.values_list("zone_id", "device_id", "calls")) == [(moved.zone_id, moved.pk, 1)]


def test_a_program_joined_later_knows_the_devices_calls(
    close: Callable[..., Stage], device: Callable[..., Device], noon: datetime
) -> None:
    made = device()
    close({made.pk: "D1ND"})

    Enrollment.objects.create(program=factories.program("HEAT"), device=made, starts_at=noon)

    assert list(Candidate.objects.values_list("recent", "calls")) == [(0, 1)] * 2


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
