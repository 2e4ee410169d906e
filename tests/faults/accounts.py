"""A worker that is killed while it takes in readings, or while it reckons what customers are paid."""

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

from django.db import DatabaseError, models, transaction

from cpm.models import Program, SettlementRun
from cpm.operations import add_settlement_method, make_settlement_run
from cpm.queries.settlement_seals import tampered_lines
from integration.importing.choices import RunState
from integration.importing.operations import apply_file, check_file, receive_file
from integration.seam import clock, sql
from tests.faults.driver import CROWD, Driver
from tests.faults.row import Row
from tests.faults.system import System, patiently
from tests.processes import eventually

BY, FIRST_DAY, HOURS = "faults.manager", date(2026, 3, 1), 24
PRICE = Decimal("12.50")
LONGEST_AIM_S, BACK_S = 0.6, 90.0
_ADD_METERS = """
INSERT INTO cpm_meter (number, location_id, interval_s, registers, largest_kw, starts_at)
SELECT 'FAULT' || l.id, l.id, 3600, 'forward', 100, '2026-01-01Z' FROM cpm_devicelocation l WHERE l.zone = 'CROWD'
"""
_METERS = "SELECT number FROM cpm_meter WHERE number LIKE 'FAULT%' ORDER BY id"
_DAYS = """
SELECT count(*), count(DISTINCT d.meter_id), coalesce(max(d.version), 0), coalesce(sum(d.total_wh), 0)
  FROM cpm_meterday d JOIN cpm_meter m ON m.id = d.meter_id
 WHERE m.number LIKE 'FAULT%%' AND d.day = %s
"""
_LINES = (
    "SELECT count(*), count(DISTINCT subject_id), coalesce(sum(amount), 0) FROM cpm_settlementline WHERE run_id = %s"
)


class _Kill(NamedTuple):
    was_inside: bool
    is_whole: bool


def kill_imports(system: System, driver: Driver, dose: int) -> Row:
    """A file with a day of each meter of the crowd, and the bulk worker dies while it writes them."""
    sql.execute(_ADD_METERS)
    meters = sql.column(_METERS)
    return _row("kill -9 in the middle of an import of readings", [_in_import(system, meters, n) for n in range(dose)])


def kill_settlements(system: System, driver: Driver, dose: int) -> Row:
    """A run over all subscriptions of the crowd, and the bulk worker dies while it reckons the lines."""
    row = _row("kill -9 in the middle of a settlement run", [_in_run(system, n) for n in range(dose)])
    sealed = patiently(tampered_lines) == []
    return row._replace(ok=row.ok and sealed, invariants=("I14", "I15", "I17"))


def _row(fault: str, kills: list[_Kill]) -> Row:
    inside, wrong = sum(one.was_inside for one in kills), sum(not one.is_whole for one in kills)
    figure = f"{inside} of {len(kills)} died inside; {wrong} have other rows than the file or the subscriptions"
    return Row(fault, len(kills), "nothing lost, nothing doubled", figure, inside > 0 and not wrong)


def _in_import(system: System, meters: list[str], number: int) -> _Kill:
    day = FIRST_DAY + timedelta(days=number)
    heading = ",".join(["meter", "day", *(f"{hour:02}:00" for hour in range(HOURS))])
    lines = [heading, *(f"{meter},{day}" + f",0.{100 + number}" * HOURS for meter in meters)]
    file = BytesIO("\n".join(lines).encode())
    run = receive_file(kind="meter_readings", file=file, name=f"fault-{number}.csv", by=BY, now=clock.now())
    check_file(uid=run.uid, by_hand={}, layout={}, by=BY, now=clock.now())
    _wait_for(run, RunState.CHECKED)
    apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())
    was_inside = _killed_at_work(system, run)
    _wait_for(run, RunState.APPLIED)
    expected = (len(meters), len(meters), 1, len(meters) * HOURS * (100 + number))
    return _Kill(was_inside, patiently(lambda: sql.row(_DAYS, [day])) == expected)


def _in_run(system: System, number: int) -> _Kill:
    now = patiently(clock.now)
    first, last = ((now - timedelta(days=days)).date() for days in (40, 5))
    fields: dict[str, Any] = {"name": f"Fault {number}", "kind": "sign-up", "currency": "USD", "starts_on": first}
    method = add_settlement_method(
        program_id=Program.objects.get(code="CROWD").pk, fields=fields, price=PRICE, hours=[], by=BY, now=now
    )
    prices_id = method.prices.get().pk
    run = make_settlement_run(method_id=method.pk, prices_id=prices_id, starts_on=first, ends_on=last, by=BY, now=now)
    was_inside = _killed_at_work(system, run)
    _wait_for(run, "Draft")
    found = SettlementRun.objects.get(pk=run.pk)
    expected = (CROWD, CROWD, CROWD * PRICE)
    is_whole = patiently(lambda: sql.row(_LINES, [run.pk])) == expected and (found.lines, found.amount) == expected[1:]
    return _Kill(was_inside, is_whole)


def _killed_at_work(system: System, run: models.Model) -> bool:
    """Kill the bulk worker's processes a moment after one of them has locked the row; whether it was still at it."""
    eventually(lambda: patiently(lambda: _is_locked(run)), BACK_S)
    time.sleep(random.uniform(0.0, LONGEST_AIM_S))  # noqa: S311  (a moment, no secret)
    was_at_work = _is_locked(run)
    system.kill_children("bulk")
    return was_at_work


def _is_locked(run: models.Model) -> bool:
    try:
        with transaction.atomic():
            type(run)._default_manager.select_for_update(nowait=True).get(pk=run.pk)
    except DatabaseError:
        return True
    return False


def _wait_for(run: models.Model, state: str) -> None:
    """Raises TimeoutError if it does not come to that state."""
    known: Callable[[], bool] = type(run)._default_manager.filter(pk=run.pk, state=state).exists
    if not eventually(lambda: patiently(known), BACK_S):
        raise TimeoutError(f"{run} is not {state} after {BACK_S:.0f} s.")
