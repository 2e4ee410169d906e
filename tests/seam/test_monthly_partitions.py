"""The partitions of a month's stages become one, and readers don't notice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

import cpm.monthly_partitions
import derms.monthly_partitions
import lec_sim.monthly_partitions
from cpm.queries import Wanted, participations
from derms.models import PRIMARY_KEY, Event
from integration.commands.verify import violations
from integration.seam import loads, monthly_partitions
from integration.seam.delivery import NotYet
from integration.seam.settling import settle
from tests import walk
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("derms_reservation", "derms_outcome", "cpm_participation", "cpm_outcome", "lec_reservation", "lec_call")
SYSTEMS = (derms.monthly_partitions, cpm.monthly_partitions, lec_sim.monthly_partitions)


@pytest.fixture
def closed(event_in: Callable[..., Event], now: datetime) -> Callable[..., Event]:
    """Create an event of twenty devices that ran and whose participations are Closed."""

    def make(**fields: Any) -> Event:
        event = event_in("Scheduled", **fields)
        walk.run(event.stages.get())
        settle()
        return event

    return make


def test_stages_of_a_month_share_a_partition_and_keep_their_rows(closed: Callable[..., Event], now: datetime) -> None:
    for hours in (2, 4):
        closed(starts_at=now + timedelta(hours=hours))
    rows, page = _rows(), participations(Wanted(), limit=30)

    _fold(now + timedelta(days=160))

    assert {table: len(_partitions(table)) for table in TABLES} == dict.fromkeys(TABLES, 1)
    assert (_rows(), participations(Wanted(), limit=30)) == (rows, page)
    assert violations(rest=timedelta(0)) == []
    assert _months(now + timedelta(days=160)) == []


def test_a_month_whose_key_begins_with_the_device_finds_its_stages_by_an_index(
    closed: Callable[..., Event], now: datetime
) -> None:
    closed()
    assert _stage_indexes() == []

    _fold(now + timedelta(days=160))

    assert _stage_indexes() == ["derms_outcome", "derms_reservation", "lec_call", "lec_reservation"]


def test_a_stage_that_comes_late_joins_its_month(closed: Callable[..., Event], now: datetime) -> None:
    first = closed(starts_at=now + timedelta(hours=2))
    _fold(now + timedelta(days=160))
    closed(starts_at=first.stages.get().ends_at + timedelta(minutes=5))
    rows = _rows()

    _fold(now + timedelta(days=160))

    assert all(len(_partitions(table)) == 1 for table in TABLES)
    assert _rows() == rows


def test_only_months_that_are_long_over_are_folded_and_open_stages_never(
    closed: Callable[..., Event], event_in: Callable[..., Event], now: datetime
) -> None:
    closed()
    assert _months(now + timedelta(days=60)) == []
    event_in("Scheduled", starts_at=now + timedelta(hours=4))
    settle()

    _fold(now + timedelta(days=160))

    assert len(_partitions("derms_reservation")) == len(_partitions("cpm_participation")) == 2


def test_a_reader_is_waited_for_and_loses_nothing(
    closed: Callable[..., Event], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loads, "EXCHANGE_TRIES", 1)
    closed()
    rows, partitions = _rows(), [_partitions(table) for table in TABLES]

    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT count(*) FROM cpm_outcome; SELECT count(*) FROM lec_call")
        answers = run_together(lambda: _fold(now + timedelta(days=160)))
        cursor.execute("ROLLBACK")

    assert isinstance(answers[0], NotYet)
    assert _rows() == rows
    folded = [len(_partitions(table)) for table in TABLES]
    assert folded == [1] * len(TABLES)
    assert [_partitions(table) for table in TABLES][2:] == partitions[2:]
    _fold(now + timedelta(days=160))
    assert _rows() == rows


def test_the_exchange_looks_at_no_row(closed: Callable[..., Event], now: datetime) -> None:
    """A CHECK constraint states what ATTACH must know, even with more stages than PostgreSQL compares one by one."""
    event = closed()
    month = monthly_partitions.Month("derms_reservation", "stage_id", 202607, tuple(range(10**6, 10**6 + 300)))
    with connection.cursor() as cursor:
        month.fill()
        month.finish(PRIMARY_KEY)
        cursor.execute("SET client_min_messages = debug1")
        del connection.connection.notices[:]
        month.attach()
        cursor.execute("RESET client_min_messages")
        cursor.execute(f"DROP TABLE {month.table}")
    assert event.stages.count() == 1
    assert any("is implied by existing constraints" in notice for notice in connection.connection.notices)


def _fold(now: datetime) -> None:
    for system in SYSTEMS:
        system.fold_month(now=now)


def _months(now: datetime) -> list[int]:
    found = (monthly_partitions.months_to_fold(system.TABLES, system.over(), now) for system in SYSTEMS)
    return [month for months in found for month in months]


def _partitions(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return sorted(name for (name,) in cursor.fetchall())


def _stage_indexes() -> list[str]:
    """The bulk tables with an index that leads to a stage's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_indexes WHERE indexdef LIKE '%USING brin (stage_id)' ORDER BY 1")
        return [name.split("_m")[0] for (name,) in cursor.fetchall()]


def _rows() -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3")
            found[table] = cursor.fetchall()
    return found
