"""Days of meters brought in by a file with a column per quarter of an hour, next to COPY of the same rows."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from integration.importing.models import ImportRun
from integration.seam import sql
from integration.seam.sql import Sql, compose, identifier, integer, listed

from .crew import BenchFailed
from .imports import apply_file
from .limits import text_copy_with_key, timed
from .steps import Step

NAME, GOAL = "import: days of meters from a wide file, 96 readings each", 3
COLUMNS = [f"q{quarter // 4:02}_{quarter % 4 * 15:02}" for quarter in range(96)]
DAYS = 10
# Places with a meter each: so many that a file has DAYS days of each.
_METERS = """
WITH customer AS (
    INSERT INTO cpm_customer (number, name, account, email, phone)
    VALUES ('BENCH-METERS', 'Testa Bench', 'BENCH-METERS', '', '') RETURNING id),
place AS (
    INSERT INTO cpm_devicelocation (customer_id, address, time_zone, zone, substation, feeder, transformer)
    SELECT customer.id, n || ' Sample Street', 'UTC', 'BENCH', '', 'F', 'T'
      FROM customer, generate_series(1, %(meters)s) n
    RETURNING id)
INSERT INTO cpm_meter (number, location_id, interval_s, registers, largest_kw, starts_at)
SELECT 'BM' || lpad((row_number() OVER (ORDER BY id))::text, 9, '0'), id, 900, 'forward', 100, '2026-01-01Z' FROM place
"""
_ROWS = """
SELECT 'BM' || lpad((1 + n %% %(meters)s)::text, 9, '0') AS meter, date '2026-07-01' + (n / %(meters)s)::integer AS day,
       {readings}
  FROM generate_series(0, %(rows)s - 1) n
"""


def measure(*, rows: int) -> list[Step]:
    """Bring in so many days of meters. Raises BenchFailed."""
    params = {"rows": rows, "meters": max(1, rows // DAYS)}
    sql.execute(_METERS, params)
    sql.analyze("cpm_meter")
    types = {"meter": compose("text"), "day": compose("date"), **dict.fromkeys(COLUMNS, compose("real"))}
    limit = text_copy_with_key(_rows(), types, params)
    with _file(params) as file:
        runs: list[ImportRun] = []
        seconds = timed(lambda: runs.append(apply_file("meter_readings", file)))
    if (runs[0].added, runs[0].refused) != (rows, 0):
        raise BenchFailed(f"{runs[0].added:,} of {rows:,} days were added, {runs[0].refused:,} refused.")
    return [Step(NAME, rows, seconds, limit, GOAL)]


def _rows() -> Sql:
    """Readings between 0.000 and 0.999 kWh, other ones in each row."""
    text = "(((n * 7919 + {number} * 613) %% 1000) / 1000.0)::numeric(4, 3) AS {name}"
    readings = (compose(text, number=integer(number), name=identifier(name)) for number, name in enumerate(COLUMNS))
    return compose(_ROWS, readings=listed(readings))


@contextmanager
def _file(params: dict[str, Any]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        clock = (name.removeprefix("q").replace("_", ":") for name in COLUMNS)
        file.write((",".join(["meter", "day", *clock]) + "\n").encode())
        sql.copy_out(_rows(), params, file)
        yield file
