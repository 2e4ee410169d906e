"""A utility's own files brought in for the first time, up to the devices' registration, and again the next night."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from derms.operations import send_places
from integration.demo.grid import add_head_ends, add_zone
from integration.importing import operations
from integration.importing.choices import RunState
from integration.importing.kinds import kind_of
from integration.importing.models import ImportRun
from integration.seam import clock, sql
from integration.seam.models import Delivery
from integration.seam.sql import compose, identifiers

from .crew import BenchFailed, Crew
from .limits import Limit, text_copy_with_key, timed
from .steps import Step

ZONE, BY = "IMPORTED", "bench"
FIRST, FIRST_GOAL = "import: customers, locations, devices, enrollments, registered", 8
NIGHTLY, NIGHTLY_GOAL = "import: the nightly file, 1,000 changed", 4
NIGHTLY_CHANGES = 1_000
# Columns that these files do without.
LACKED = {"rate", "answers", "cis_id", "consents", "consent_at", "consent_source", "make", "serial_number"}
# Columns as in the files; `n` counts the rows.
FILES = {
    "customers": (
        "SELECT 'B' || lpad(n::text, 9, '0') AS customer, {name} AS name, 'BA' || lpad(n::text, 9, '0') AS account,"
        " 'customer-' || n || '@example.com' AS email, '+1 555 01' || lpad((n %% 100)::text, 2, '0') AS phone"
        " FROM generate_series(1, %(rows)s) n"
    ),
    "device_locations": (
        "SELECT 'SP' || n AS service_point, 'B' || lpad(n::text, 9, '0') AS customer, n || ' Sample Street' AS address,"
        " 'America/New_York' AS time_zone, %(zone)s AS zone, s.code AS substation, f.code AS feeder,"
        " t.code AS transformer FROM generate_series(1, %(rows)s) n"
        " JOIN derms_transformer t ON t.id = %(transformer)s + n %% 100 JOIN derms_feeder f ON f.id = t.feeder_id"
        " JOIN derms_substation s ON s.id = f.substation_id ORDER BY n"
    ),
    "devices": (
        "SELECT 'mock-heat' AS head_end, 'B' || lpad(n::text, 9, '0') AS nic_id, 'SP' || n AS service_point,"
        " 'water_heater' AS device_class, 'Mock Tank 50' AS model, 3500 + n %% 20 * 100 AS rated_w,"
        " 'no' AS critical_care, '2026-01-05 08:00+00' AS installed_at FROM generate_series(1, %(rows)s) n"
    ),
    "enrollments": (
        "SELECT %(zone)s AS program, 'mock-heat' AS head_end, 'B' || lpad(n::text, 9, '0') AS nic_id,"
        " '2026-02-01 00:00+00' AS starts_at FROM generate_series(1, %(rows)s) n"
    ),
}
NAME, CHANGED_NAME = "'Testa Customer ' || n", "'Testa Customer ' || n || CASE WHEN n <= 1000 THEN ' II' ELSE '' END"
BEFORE = ("grid_sync", "head_end_sync", "program_rule_sync")
PROGRAM = "type,name\nIMPORTED,Imported\n", f"program,name,type\n{ZONE},Imported,IMPORTED\n"


def measure(*, rows: int, crew: Crew) -> list[Step]:
    """Bring in so many customers with a location, a device and an enrollment each; then the customers again."""
    params = _prepare(rows, crew)
    limits = {kind: _limit(kind, params) for kind in FILES}
    with ExitStack() as files:
        made = {kind: files.enter_context(_file(kind, params, NAME)) for kind in FILES}
        nightly = files.enter_context(_file("customers", params, CHANGED_NAME))
        seconds = timed(lambda: _bring_in_all(made, crew))
        limit = Limit(sum(one.seconds for one in limits.values()), sum(one.bytes for one in limits.values()))
        steps = [
            Step("import: customers, locations, devices, enrollments, registered", rows, seconds, limit, FIRST_GOAL)
        ]
        began = time.perf_counter()
        run = apply_file("customers", nightly)
        seconds = time.perf_counter() - began
    if run.changed != min(NIGHTLY_CHANGES, rows) or run.added:
        raise BenchFailed(f"The nightly file changed {run.changed} rows and added {run.added}.")
    return [*steps, Step("import: the nightly file, 1,000 changed", rows, seconds, limits["customers"], NIGHTLY_GOAL)]


def _bring_in_all(files: dict[str, IO[bytes]], crew: Crew) -> None:
    for kind, file in files.items():
        apply_file(kind, file)
    for message in ("enrollment_load", "enrollment_load_answer"):
        crew.deliver(Delivery.objects.filter(message__kind=message))


def _prepare(rows: int, crew: Crew) -> dict[str, Any]:
    add_zone(code=ZONE, name="Imported", substations=2, feeders=5, transformers=10)
    add_head_ends()
    send_places(now=clock.now())
    for kind, text in zip(("program_types", "programs"), PROGRAM, strict=True):
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            apply_file(kind, file)
    crew.deliver(Delivery.objects.filter(message__kind__in=BEFORE))
    first = sql.value("SELECT min(id) FROM derms_transformer WHERE code LIKE %s || '%%'", [ZONE])
    return {"rows": rows, "zone": ZONE, "transformer": first}


def _limit(kind: str, params: dict[str, Any]) -> Limit:
    declared = kind_of(kind)
    types = {name: compose(declared.column(name).type.postgres) for name in _names(kind)}
    return text_copy_with_key(
        compose("SELECT {names} FROM ({rows}) file", names=identifiers(types), rows=_rows(kind, NAME)), types, params
    )


def _names(kind: str) -> list[str]:
    return [name for name in kind_of(kind).names if name not in LACKED]


def _rows(kind: str, name: str) -> sql.Sql:
    return compose(FILES[kind], name=compose(name)) if kind == "customers" else compose(FILES[kind])


@contextmanager
def _file(kind: str, params: dict[str, Any], name: str) -> Iterator[IO[bytes]]:
    """A file of a kind, as a utility would have it."""
    with tempfile.TemporaryFile() as file:
        file.write((",".join(_names(kind)) + "\n").encode())
        sql.copy_out(_rows(kind, name), params, file)
        yield file


def apply_file(kind: str, file: IO[bytes]) -> ImportRun:
    """Send, check and apply a file. Raises BenchFailed."""
    run = operations.receive_file(kind=kind, file=file, name=f"{kind}.csv", by=BY, now=clock.now())
    operations.check_file(uid=run.uid, by_hand={}, layout={}, by=BY, now=clock.now())
    operations.check_run(run.pk, now=clock.now())
    if refused := ImportRun.objects.get(pk=run.pk).refused_cells.first():
        raise BenchFailed(f"A file of {kind} has rows that would be refused: {refused}")
    operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())
    operations.apply_run(run.pk, now=clock.now())
    run = ImportRun.objects.get(pk=run.pk)
    if run.state != RunState.APPLIED:
        raise BenchFailed(f"{run} is {run.state}: {run.why}")
    return run
