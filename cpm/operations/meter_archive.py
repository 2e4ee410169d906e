"""Putting meter days away: the oldest month becomes a Parquet file, and its partition goes."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from cpm.models.meters import MeterArchive
from integration.seam import sql
from integration.seam.days import DaysOfMonth
from integration.seam.extract_files import discard, keep, temporary_file
from integration.seam.loads import patiently
from integration.seam.models import Extract
from integration.seam.sql import compose, identifier, listed

from .meter_days import DAY, ONE_AT_A_TIME, PRIMARY_KEY, TABLE

ROWS_AT_ONCE = 20_000  # in memory, and in a group of the file, of which a few meters' days read one or two
KIND = "meter_days"
_MONTHS = """
SELECT substr(child.relname, length(%(parent)s) + 2)::integer AS month
  FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
 WHERE inhparent = %(parent)s::regclass ORDER BY month
"""
_ROWS = "SELECT {columns} FROM {month} ORDER BY {key}"
COLUMNS = (
    "meter_id", "day", "is_reverse", "version", "interval_s", "scale", "total_wh", "loaded_at", "readings", "quality",
)  # fmt: skip


@transaction.atomic
def put_away_meter_days(*, now: datetime) -> None:
    """Put the oldest month away that ended settings.METER_DAYS_KEPT days ago. Raises NotYet while readers hold it."""
    before = now.astimezone(UTC).date() - timedelta(days=settings.METER_DAYS_KEPT)
    due = [month for month in sql.column(_MONTHS, {"parent": TABLE}) if _next_month(month) <= before]
    if not due:
        return
    sql.execute(ONE_AT_A_TIME)
    month = DaysOfMonth(TABLE, DAY, due[0])
    uid, file = uuid.uuid4(), temporary_file()
    rows = _write(month, file)
    if rows:
        archive = MeterArchive(month=month.first, extract_uid=uid, rows=rows, put_away_at=now)
        archive.sha256, _size = keep(file, archive.file)
        Extract.objects.create(uid=uid, kind=KIND, parts=1, rows=rows, manifest_sha256=archive.sha256)
        archive.save()
    else:
        discard(file)
    tables = listed([compose("ONLY {parent}", parent=identifier(TABLE)), identifier(month.table)])
    patiently(lambda: sql.execute(compose("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE", tables=tables)))
    sql.execute(compose("DROP TABLE {month}", month=identifier(month.table)))


def _write(month: DaysOfMonth, file: Any) -> int:
    """Write a month's rows in the order of their key; returns how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("meter_id", pa.int32()), ("day", pa.date32()), ("is_reverse", pa.bool_()), ("version", pa.int16()),
            ("interval_s", pa.int32()), ("scale", pa.int16()), ("total_wh", pa.int64()),
            ("loaded_at", pa.timestamp("us", "UTC")), ("readings", pa.binary()), ("quality", pa.binary()),
        ]
    )  # fmt: skip
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as out:
        for rows in _batches(month):
            columns = [
                pa.array(map(bytes, column) if name in ("readings", "quality") else column, schema.field(name).type)
                for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)
            ]
            out.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=ROWS_AT_ONCE)
            count += len(rows)
    return count


def _batches(month: DaysOfMonth) -> Iterator[list[tuple[Any, ...]]]:
    columns, key = (listed(map(identifier, names)) for names in (COLUMNS, PRIMARY_KEY))
    query = compose(_ROWS, columns=columns, month=identifier(month.table), key=key)
    return sql.batches(query, rows=ROWS_AT_ONCE)


def _next_month(month: int) -> date:
    first = date(month // 100, month % 100, 1)
    return (first + timedelta(days=31)).replace(day=1)
