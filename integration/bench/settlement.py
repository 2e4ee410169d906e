"""A run of settlement over an event's measured results, by the price of each interval, next to COPY of its lines."""

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cpm.models import Measurement, ProgramEvent, SettlementRun
from cpm.operations import add_settlement_method, make_settlement_run
from cpm.operations.measuring import partition_of
from cpm.operations.settlement_lines import reckon_settlement_run
from cpm.operations.settlement_runs import lines_of
from cpm.settlement import Hours
from integration.seam import clock, sql
from integration.seam.sql import compose, identifier

from .crew import BenchFailed
from .limits import binary_copy
from .memory import Peaks
from .report import Row, row_of
from .steps import Step

NAME, GOAL = "settlement: lines by the price of each interval", 12
MEMORY_NAME, MEMORY_GOAL_MB = "memory: settlement, the largest process", 300
BY, INTERVAL_S = "bench", 900
PRIMARY_KEY = ("measurement_id", "device_id")
# As if every meter had been read: other Wh in each interval of each device.
_RESULTS = """
INSERT INTO {results} (measurement_id, device_id, location_id, status, reason, starts_at, interval_s, unadjusted_wh,
                       baseline_wh, metered_wh, saved_wh, mean_w, highest_drop_w, adjustment, is_capped, quality,
                       days_used, days_busy, days_incomplete)
SELECT %(measurement)s, p.device_id, d.location_id, 'measured', '', %(starts_at)s, %(interval_s)s, wh.baseline,
       wh.baseline, wh.metered, wh.saved, wh.saved, wh.saved, 1, false, 0, 1023, 0, 0
  FROM cpm_participation p
  JOIN cpm_device d ON d.id = p.device_id
 CROSS JOIN LATERAL (
       SELECT array_agg(400 + ((p.device_id + 17 * n) %% 200)::integer) AS baseline,
              array_agg(100 + ((p.device_id * 7 + 31 * n) %% 250)::integer) AS metered,
              sum(300 + (p.device_id + 17 * n) %% 200 - (p.device_id * 7 + 31 * n) %% 250)::integer AS saved
         FROM generate_series(1, %(intervals)s) n) wh
 WHERE p.program_event_id = %(program_event)s
"""


def measure(event: ProgramEvent) -> list[Row]:
    """Settle all participations of an event that has outcomes. Raises BenchFailed."""
    _measure_all(event)
    run = _run_of(event)
    peaks = Peaks().start()
    began = time.perf_counter()
    while SettlementRun.objects.get(pk=run.pk).state == "Computing":
        reckon_settlement_run(run.pk, now=clock.now())
    seconds = time.perf_counter() - began
    highest = max(peaks.stop().values())
    lines = SettlementRun.objects.get(pk=run.pk).lines
    if lines != event.participations:
        raise BenchFailed(f"{lines:,} of {event.participations:,} participations were settled.")
    table = lines_of(run).table
    limit = binary_copy(compose("SELECT * FROM {table}", table=identifier(table)), {}, like=table)
    memory = Row(MEMORY_NAME, None, None, None, None, highest, MEMORY_GOAL_MB, unit=" MB")
    return [row_of(Step(NAME, lines, seconds, limit, GOAL)), memory]


def _measure_all(event: ProgramEvent) -> None:
    made = Measurement.objects.create(
        program_event=event, version=1, asked_at=event.ends_at, asked_by=BY, starts_at=event.starts_at,
        ends_at=event.ends_at, rebound_until=event.ends_at, finished_at=event.ends_at,
    )  # fmt: skip
    partition = partition_of(made)
    partition.create()
    params = {
        "measurement": made.pk, "program_event": event.pk, "starts_at": event.starts_at, "interval_s": INTERVAL_S,
        "intervals": int((event.ends_at - event.starts_at) / timedelta(seconds=INTERVAL_S)),
    }  # fmt: skip
    sql.execute(compose(_RESULTS, results=identifier(partition.table)), params)
    partition.finish(PRIMARY_KEY)
    partition.attach()


def _run_of(event: ProgramEvent) -> SettlementRun:
    """A run of a method whose price changes within the event, and by which every outcome earns."""
    local = event.starts_at.astimezone(ZoneInfo(event.time_zone))
    middle = local.hour * 60 + local.minute + int((event.ends_at - event.starts_at) / timedelta(minutes=2))
    hours = [Hours(local.weekday(), 0, min(middle, 24 * 60), Decimal("0.35"))]
    earns = dict.fromkeys(["override_percent", "silent_percent", "error_percent", "canceled_percent"], 50)
    fields: dict[str, Any] = {"name": "Bench", "kind": "energy", "currency": "USD", "starts_on": date(2020, 1, 1)}
    method = add_settlement_method(
        program_id=event.program_id, fields=fields | earns, price=Decimal("0.65"), hours=hours, by=BY, now=clock.now()
    )
    return make_settlement_run(
        method_id=method.pk, prices_id=method.prices.get().pk, starts_on=local.date(), ends_on=local.date(), by=BY,
        now=event.ends_at + timedelta(days=2),
    )  # fmt: skip
