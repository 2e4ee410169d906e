"""A device's last ten calls: rebuilt and swapped in when a stage closes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import PRIMARY_KEY, Candidate, Device, Event, Program, Stage
from derms.set_operations import outcome_partition, swap_candidates

pytestmark = pytest.mark.django_db

CODES = st.sampled_from(["D1SP", "D1IO", "D1ND", "D1ER", "D1CN", None])


@pytest.fixture
def close(event: Event, program: Program, noon: datetime) -> Callable[[dict[int, str | None]], Stage]:
    """Closes a stage of its own with these outcomes; a device without one was not in it."""

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
        swap_candidates(stage)
        return stage

    return make


def _score(history: list[str]) -> Fraction:
    """(successes + 4) / (calls + 5) over the last ten calls; a canceled stage is no call."""
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


def test_the_table_keeps_its_key_and_its_name(close: Callable[..., Stage], device: Callable[..., Device]) -> None:
    made = device()
    for _ in range(3):
        close({made.pk: "D1SP"})

    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "derms_candidate")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'derms_candidate_next%'")
        left = cursor.fetchone()
    assert constraints["derms_candidate_pkey"]["columns"] == ["device_id", "enrollment_id"]
    assert constraints["derms_candidate_score"]["check"]
    assert left == (0,)
