"""`manage.py storage` adds up to the database and the files, and its pace is that of the rows' own dates."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integration.commands.management.commands.storage import shown
from integration.commands.storage import EXTRACTS, Kept, days_kept, kept
from integration.seam import sql
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def kind(name: str, *, window: timedelta = MONTH) -> Kept:
    return next(one for one in kept(now=NOW, window=window) if one.kind == name)


def loads(zone_id: int, days_ago: int, rows: int) -> None:
    first = NOW - timedelta(days=days_ago)
    sql.execute(
        "INSERT INTO derms_meteredload (zone_id, starts_at, length_s, load_kw)"
        " SELECT %s, %s::timestamptz + n * interval '1 minute', 60, 1 FROM generate_series(1, %s) n",
        [zone_id, first, rows],
    )


def test_the_kinds_add_up_to_the_database(extract_folder: Path) -> None:
    found = kept(now=NOW, window=MONTH)

    of_database = sum(one.bytes for one in found if not one.kind.endswith("(files)"))
    assert of_database == sql.column("SELECT pg_database_size(current_database())")[0]
    assert kind("history").bytes > 0
    assert [one.bytes for one in found] == sorted((one.bytes for one in found), reverse=True)


def test_growth_is_the_share_of_the_rows_that_the_window_holds(extract_folder: Path) -> None:
    zone = factories.zone()
    loads(zone.pk, days_ago=90, rows=300)
    loads(zone.pk, days_ago=10, rows=100)

    now = kind("load and forecasts")
    assert now.a_day == round(now.bytes * 100 / 400 / 30)
    assert (now.days_kept, now.in_a_year) == (None, now.bytes + 365 * now.a_day)
    assert kind("load and forecasts", window=timedelta(days=5)).a_day == 0


def test_a_young_utility_has_its_pace_since_its_first_row(extract_folder: Path) -> None:
    loads(factories.zone().pk, days_ago=10, rows=100)

    now = kind("load and forecasts")
    oldest = NOW - timedelta(days=10) + timedelta(minutes=1)
    assert now.a_day == round(now.bytes / ((NOW - oldest) / timedelta(days=1)))


def test_what_is_kept_for_days_needs_no_more_than_those_days_in_a_year(extract_folder: Path, settings: Any) -> None:
    settings.METER_DAYS_KEPT = 7
    sql.execute(
        "CREATE TABLE cpm_meterday_of_test PARTITION OF cpm_meterday FOR VALUES FROM ('2026-07-01') TO ('2026-08-01')"
    )
    sql.execute(
        "INSERT INTO cpm_meterday SELECT n, '2026-07-21', false, 1, 3600, 0, 0, %s, decode(repeat('00', 48), 'hex'), ''"
        " FROM generate_series(1, 50) n",
        [NOW - timedelta(days=10)],
    )

    now = kind("meter days")
    assert now.a_day == round(now.bytes / 10)
    assert (now.days_kept, now.in_a_year) == (7, 7 * now.a_day)


def test_files_are_dated_by_their_writing(extract_folder: Path) -> None:
    for name, days_ago, size in (("old", 90, 600), ("new", 10, 300)):
        file = extract_folder / name / "part"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x" * size)
        at = (NOW - timedelta(days=days_ago)).timestamp()
        os.utime(file, (at, at))

    now = kind(EXTRACTS)
    assert (now.bytes, now.a_day, now.in_a_year) == (900, 10, 900 + 3650)


def test_the_command_prints_a_table_or_json(extract_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("storage")
    table = capsys.readouterr().out
    call_command("storage", "--json", "--days", "7")
    report = json.loads(capsys.readouterr().out)

    assert "at the pace of the last 30 days" in table
    assert "participations" in table
    assert report["days"] == 7
    assert report["bytes"] == sum(one["bytes"] for one in report["kinds"])
    assert set(report["kinds"][0]) == {"kind", "bytes", "a_day", "days_kept", "in_a_year"}


def test_a_window_of_no_days_is_refused() -> None:
    with pytest.raises(CommandError, match=r"--days is 0; it must be from 1 to 3650\."):
        call_command("storage", "--days", "0")


def test_bytes_are_shown_in_powers_of_a_thousand() -> None:
    assert [shown(n) for n in (0, 999, 1500, 2_340_000, 160 * 10**9, 10**16)] == [
        "0 B", "999 B", "1.5 kB", "2.3 MB", "160.0 GB", "10000.0 TB",
    ]  # fmt: skip


def test_every_kind_that_is_removed_after_a_time_is_one_of_the_kinds(extract_folder: Path) -> None:
    found = {one.kind: one.days_kept for one in kept(now=NOW, window=MONTH)}
    removed = {kind: days for kind, days in found.items() if days is not None}
    assert removed == dict(days_kept())
    assert removed["reports as clients sent them"] == 30
    assert found["reports of head ends"] is None
