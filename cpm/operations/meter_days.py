"""Writing days of readings: each is the next version of its day, nothing is overwritten."""

from collections.abc import Iterable
from datetime import date
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from cpm.meter_days import Bytes, Qualities, Wh, pack, total_wh
from integration.seam import sql
from integration.seam.days import insert_days
from integration.seam.sql import Sql, compose, identifier

TABLE, DAY = "cpm_meterday", "day"
PRIMARY_KEY = ("meter_id", "day", "is_reverse", "version")
# The columns of a day on its way in, as days_as_csv writes them.
COLUMNS = {
    "line": "bigint", "meter_id": "integer", "day": "date", "is_reverse": "boolean", "interval_s": "integer",
    "scale": "smallint", "total_wh": "bigint", "readings": "bytea", "quality": "bytea",
}  # fmt: skip
_HEX = np.frombuffer(b"".join(f"{byte:02x}".encode() for byte in range(256)), np.uint16)  # two letters for each byte
# The moment is one after the lock, so that whoever held it before sees none of these days up to then (measuring.py).
# Rows lie in the order of meters, so that one meter's days lie together as far as one file brought them.
_ROWS = """
SELECT meter_id, day, is_reverse, version::smallint AS version, interval_s, scale, total_wh,
       statement_timestamp() AS loaded_at, readings, quality
  FROM {days} ORDER BY meter_id, day
"""
_RANGE = "SELECT min(day), max(day) FROM {days}"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('meter days', 0))"
_NOTE_LOAD = "INSERT INTO cpm_readingsload (first_day, last_day, loaded_at) VALUES (%s, %s, statement_timestamp())"
_CREATE = "CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP"
_COPY = "COPY {table} FROM STDIN (FORMAT csv)"
_NEXT = """
(SELECT n.*, 1 + coalesce((SELECT max(d.version) FROM cpm_meterday d WHERE d.meter_id = n.meter_id AND d.day = n.day
                              AND d.is_reverse = n.is_reverse), 0) AS version FROM {table} n) next
"""


class Days(NamedTuple):
    """Days of readings of one interval: their lines in a file, meters, UTC days, registers, Wh and qualities."""

    lines: NDArray[np.int64]
    meters: NDArray[np.int32]
    days: NDArray[np.datetime64]
    are_reverse: NDArray[np.bool_]
    wh: Wh
    quality: Qualities

    @property
    def interval_s(self) -> int:
        return 86_400 // int(self.wh.shape[1])


@transaction.atomic
def save_days(days: Iterable[Days]) -> None:
    """Write days as the next versions of theirs; each (meter, day, register) once."""
    sql.execute(ONE_AT_A_TIME)
    table = identifier("new_meter_days")
    sql.execute("DROP TABLE IF EXISTS new_meter_days")
    sql.execute(compose(_CREATE, table=table, columns=column_types()))
    for block in days:
        sql.copy_in(compose(_COPY, table=table), BytesIO(days_as_csv(block)))
    write_meter_days(compose(_NEXT, table=table))


def write_meter_days(days: Sql) -> None:
    """Add the rows of a table of days, each as the version that it names.

    Raises IntegrityError if somebody else wrote that version meanwhile.
    """
    sql.execute(ONE_AT_A_TIME)
    first, last = sql.row(compose(_RANGE, days=days))
    if isinstance(first, date):
        insert_days(TABLE, DAY, PRIMARY_KEY, compose(_ROWS, days=days), first, last)
        sql.execute(_NOTE_LOAD, [first, last])


def column_types() -> Sql:
    return Sql(", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()))


def days_as_csv(days: Days, numbers: Any = None) -> bytes:
    """The days as CSV that COPY reads: the columns of COLUMNS, then their meters' `numbers`, if given."""
    from pyarrow import BufferOutputStream, array, csv

    out = BufferOutputStream()
    totals = total_wh(days.wh, days.quality)
    for packed in pack(days.wh, days.quality):
        table = _table(days, packed.places, packed.scale, totals, packed.readings)
        if numbers is not None:
            table = table.append_column("meter", numbers.take(array(packed.places)))
        csv.write_csv(table, out, _without_heading())
    return out.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _table(days: Days, at: NDArray[np.intp], scale: int, totals: NDArray[np.int64], readings: Bytes) -> Any:
    import pyarrow as pa

    quality = days.quality[at]
    columns = {
        "line": days.lines[at],
        "meter_id": days.meters[at],
        "day": days.days[at].astype("datetime64[D]"),
        "is_reverse": days.are_reverse[at],
        "interval_s": np.full(len(at), days.interval_s),
        "scale": np.full(len(at), scale),
        "total_wh": totals[at],
        "readings": _hex(readings, np.ones(len(at), bool)),
        "quality": _hex(quality, np.asarray(quality.any(axis=1))),
    }
    return pa.table(columns)


def _hex(values: Bytes, are_written: NDArray[np.bool_]) -> Any:
    r"""Each row of bytes as PostgreSQL reads them, \x0123; the others empty."""
    import pyarrow as pa

    width = 2 + 2 * values.shape[1]
    text = np.empty((int(are_written.sum()), width), np.uint8)
    text[:, :2] = (ord("\\"), ord("x"))
    text[:, 2:] = _HEX[values if are_written.all() else values[are_written]].view(np.uint8)
    offsets = np.concatenate(([0], np.cumsum(np.where(are_written, width, 0)))).astype(np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(text))


def _without_heading() -> Any:
    from pyarrow import csv

    return csv.WriteOptions(include_header=False)
