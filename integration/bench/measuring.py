"""Measuring a program event end to end: from days of readings in PostgreSQL to rows of results and their sums."""

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from cpm.models import PRIMARY_KEY, MeterDay, ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.operations import ask_measurement
from cpm.operations.meter_days import Days, save_days
from cpm.queries import measured_part_ids_to_measure
from cpm.set_operations import outcome_partition, participation_partition
from integration.seam import clock, sql

from .baselines import synthetic
from .crew import BenchFailed, crew_of
from .memory import Peaks

RATE_GOAL, MEMORY_GOAL_MB = 8_000, 300
WORKERS = 2
NUMBER = "BENCH"
PREPARE_OR_FINISH = "cpm.operations.prepare_or_finish_measurement"
A_FILE = 5_000  # meters whose days are saved at once
DAYS = 60
START = datetime(2026, 7, 22, 21, tzinfo=UTC)
_FLEET = """
WITH customer AS (
    INSERT INTO cpm_customer (number, name, account, email, phone)
    SELECT 'B' || n, 'Testa Customer ' || n, 'BA' || n, '', '' FROM generate_series(1, %(meters)s) n RETURNING id),
place AS (
    INSERT INTO cpm_devicelocation (customer_id, address, time_zone, zone, substation, feeder, transformer)
    SELECT id, 'Sample Street', 'America/New_York', 'Z', 'S', 'F' || id %% 50, 'T' FROM customer RETURNING id),
device AS (
    INSERT INTO cpm_device (location_id, head_end, nic_id, device_class, model, rated_w, critical_care, installed_at)
    SELECT id, 'HE' || id %% 3, 'B' || id, 'thermostat', 'Test', 1000, false, '2025-01-01' FROM place)
INSERT INTO cpm_meter (number, location_id, interval_s, registers, largest_kw, starts_at)
SELECT 'B' || id, id, 900, 'forward', 100, '2025-01-01' FROM place
"""
_TAKE_PART = """
INSERT INTO cpm_participation (program_event_id, device_id, reservation_flag, expected_w, preemptive_opt_out)
SELECT %(program_event)s, id, true, 900, false FROM cpm_device WHERE nic_id LIKE 'B%%' ORDER BY id
"""
_OUTCOMES = """
INSERT INTO cpm_outcome (program_event_id, device_id, code, reduction_w, error)
SELECT %(program_event)s, id, 'D1SP', 850, '' FROM cpm_device WHERE nic_id LIKE 'B%%' ORDER BY id
"""


class Measured(NamedTuple):
    """How many participations were measured a second, and the highest memory of each kind of process in MB."""

    participations: int
    seconds: float
    peaks: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.participations / self.seconds

    @property
    def ok(self) -> bool:
        return self.per_second >= RATE_GOAL and max(self.peaks.values()) <= MEMORY_GOAL_MB


def measure(*, meters: int) -> Measured:
    """Make so many meters with readings and a program event with all of them, and have two workers measure it."""
    with crew_of(1) as maker:
        maker.run("integration.bench.measuring.prepare", meters)
    # A new crew, so that memory used for inventing readings does not count.
    with crew_of(WORKERS) as crew:
        peaks = Peaks().start()
        began = time.perf_counter()
        made = ask_measurement(ProgramEvent.objects.get(event_number=NUMBER), by="bench", now=clock.now())
        crew.run(PREPARE_OR_FINISH, made.pk, now=clock.now())
        parts = measured_part_ids_to_measure(clock.now())
        for each in [crew.start("cpm.operations.measure_part", part, now=clock.now()) for part in parts]:
            each.result()
        crew.run(PREPARE_OR_FINISH, made.pk, now=clock.now())
        seconds = time.perf_counter() - began
        found = peaks.stop()
    total = made.sums.filter(of="stage").first()
    if total is None or total.measured != meters:
        raise BenchFailed(f"{total.measured if total else 0:,} of {meters:,} meters were measured.")
    return Measured(meters, seconds, found)


def prepare(meters: int) -> None:
    """Make an event, and the readings of all its homes."""
    make_event(meters)
    _save_readings()
    sql.analyze(MeterDay._meta.db_table)


def make_event(meters: int) -> ProgramEvent:
    """Make so many homes, each with a meter and a device that took part in an event."""
    sql.execute(_FLEET, {"meters": meters})
    kind = ProgramType.objects.create(code="BENCH", name="Bench")
    program = Program.objects.create(code="BENCH", name="Bench", type=kind)
    event = ProgramEvent.objects.create(
        stage_uid=uuid.uuid4(), event_uid=uuid.uuid4(), event_number=NUMBER, event_name="Bench", stage_number=1,
        program=program, category="Economic", time_zone="America/New_York", starts_at=START,
        ends_at=START + timedelta(hours=3), started_at=START, state="Completed", revision=1,
        participations=meters, reservations_loaded_at=START, outcomes_loaded_at=START,
    )  # fmt: skip
    for partition, rows in ((participation_partition(event), _TAKE_PART), (outcome_partition(event), _OUTCOMES)):
        partition.create()
        partition.finish(PRIMARY_KEY)
        partition.attach()
        sql.execute(rows, {"program_event": event.pk})
        sql.analyze(partition.table)
    sql.analyze("cpm_device", "cpm_devicelocation", "cpm_meter")
    return event


def _save_readings() -> None:
    """Two months of invented homes; those of the first file again for each of the others."""
    ids = np.array(sql.column("SELECT id FROM cpm_meter ORDER BY id"), np.int32)
    kwh, _temperatures = synthetic(min(A_FILE, len(ids)), seed=1)
    wh = np.round(kwh.reshape(len(kwh), -1, 96)[:, :DAYS] * 1000.0)
    first = np.datetime64(date(2026, 7, 25) - timedelta(days=DAYS))
    for at in range(0, len(ids), A_FILE):
        some = ids[at : at + A_FILE]
        zeros = np.zeros(len(some) * DAYS, np.int64)
        days = np.tile(first + np.arange(DAYS), len(some))
        of_file = wh[: len(some)].reshape(-1, 96)
        quality = np.zeros(of_file.shape, np.uint8)
        save_days([Days(zeros, np.repeat(some, DAYS), days, zeros.astype(np.bool_), of_file, quality)])
