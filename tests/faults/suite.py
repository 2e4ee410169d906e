"""The order of the faults, their doses, and the table of results."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.management import call_command
from rich.console import Console
from rich.table import Table

from integration.commands.verify import INVARIANTS, Violation, violations
from tests.faults import (
    accounts,
    engines,
    figures,
    forging,
    greed,
    history,
    host,
    killing,
    logs,
    mailing,
    network,
    poisoning,
    vens,
    webhooks,
)
from tests.faults.driver import Driver, Long
from tests.faults.in_process import InProcess
from tests.faults.row import Row
from tests.faults.system import System

Fault = Callable[..., Row]
EVERY_S = {"small": 2.5, "full": 8.0}  # seconds from one event to the next; thousands of stages would slow each query
# Longer than the time without workers, of which a black hole or an outage of Redis is most.
LONG = {"small": Long(180, 6), "full": Long(900, 15)}
SETTLING_S = 180.0
MOST_SHOWN = 10


class Dose(NamedTuple):
    """How often a fault happens at each dose; two numbers if it has two parts."""

    small: tuple[int, ...]
    full: tuple[int, ...]


LIVE: dict[str, tuple[Fault, Dose]] = {
    "workers": (killing.kill_workers, Dose((6, 3), (100, 50))),
    "schedulers": (killing.kill_schedulers, Dose((3,), (60,))),
    "slow bodies": (greed.send_slowly, Dose((20, 10), (20, 60))),
    "slow readers": (greed.read_slowly, Dose((20, 10), (20, 60))),
    "exports": (greed.flood_exports, Dose((12, 10), (12, 40))),
    "readings": (accounts.kill_imports, Dose((3,), (20,))),
    "settlement": (accounts.kill_settlements, Dose((3,), (20,))),
    "web": (killing.kill_web, Dose((8,), (200,))),
    "redis killed": (engines.kill_broker, Dose((2,), (30,))),
    "redis flushed": (engines.flush_broker, Dose((3,), (30,))),
    "postgresql": (engines.restart_database, Dose((2,), (20,))),
    "engines dead": (engines.kill_engines, Dose((2,), (20,))),
    "disk": (host.fill_disk, Dose((1,), (10,))),
    "clock": (host.move_clock, Dose((2,), (10,))),
    "poison": (poisoning.poison, Dose((4,), (20,))),
    "forged": (forging.forge, Dose((1,), (10,))),
    "mail": (mailing.mail_away, Dose((30,), (600,))),
    "webhook": (webhooks.webhook_away, Dose((30,), (300,))),
    "ven offline": (vens.ven_offline, Dose((3,), (12,))),
    "mqtt": (vens.broker_killed, Dose((3,), (20,))),
    "redis off": (engines.broker_off, Dose((25,), (600,))),
    "redis cut": (network.cut_off_broker, Dose((2,), (10,))),
    "postgresql cut": (network.cut_off_database, Dose((1,), (10,))),
}
IN_PROCESS = {
    "opt-outs": Dose((40,), (2000,)),
    "approvals": Dose((40,), (1000,)),
    "damages": Dose((23,), (300,)),
    "messages": Dose((5,), (1000,)),
}
TAMPERED = 3
# The faults before it measure the speed of messages; from here on, those that need no processes run in parallel.
PATIENT_FROM = "web"


def run(dose: str, *, only: str, as_json: bool) -> int:
    """Run everything; returns the exit code, 0 if every row and every invariant holds."""
    began, console = time.monotonic(), Console(width=180)
    prepare()
    system = System()
    driver = Driver(system.web, every_s=EVERY_S[dose], long=LONG[dose])
    chosen = {name: getattr(d, dose)[0] for name, d in IN_PROCESS.items() if _is_chosen(only, name)}
    beside = InProcess(chosen, system.state.root / "in-process")
    try:
        system.start()
        driver.start()
        rows = _inflict(console, system, driver, beside, dose, only)
        driver.stop()
        settled = figures.seconds_until(figures.nothing_is_open, most=SETTLING_S)
        rows += [_told(console, row) for row in beside.rows()]
        if history.is_there() and _is_chosen(only, "history"):
            rows.append(_told(console, history.tamper(system, driver, TAMPERED)))
    finally:
        beside.end()
        system.stop()
    rows.append(_told(console, logs.searched(system.logs.all(), driver.curious.asked)))
    names = figures.long_stages(LONG[dose].length_s)
    found = [one for one in violations() if one.invariant != "I11" or one.subject in names]
    missing = driver.journal.missing()
    rows += [_settled(driver, len(missing), settled), _long_stages(names, LONG[dose], found, is_whole=not only)]
    rows = [_with_invariants(row, found) for row in rows]
    console.print(_table(rows, time.monotonic() - began))
    for what in [*found[:MOST_SHOWN], *missing[:MOST_SHOWN], *driver.problems[:MOST_SHOWN]]:
        console.print(f"  {what}", style="red")
    if as_json:
        print(json.dumps(_as_json(rows, found)))  # noqa: T201  (somebody else reads it)
    return 0 if all(row.ok for row in rows) and not found else 1


def prepare() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def _inflict(console: Console, system: System, driver: Driver, beside: InProcess, dose: str, only: str) -> list[Row]:
    """Inject one fault after the other while the load runs; those that need no processes start where there is time."""
    rows = []
    for name, (fault, doses) in LIVE.items():
        if name == PATIENT_FROM:
            beside.start()
        if _is_chosen(only, name):
            rows.append(_told(console, fault(system, driver, *getattr(doses, dose))))
    return rows


def _is_chosen(only: str, name: str) -> bool:
    return any(word in name for word in only.split(","))


def _told(console: Console, row: Row) -> Row:
    """Print a row as soon as it is known, since a run takes long."""
    console.print(f"{'ok ' if row.ok else 'NOT'} {row.fault} ({row.dose}): {row.figure}", highlight=False)
    return row


def _settled(driver: Driver, missing: int, seconds: float) -> Row:
    journal = driver.journal
    return Row(
        "after all of it",
        len(journal.confirmed),
        "nothing confirmed is missing, nobody logged out, nothing open",
        f"{missing} of {len(journal.confirmed)} confirmed are missing, {journal.logged_out} logged out,"
        f" answers {dict(sorted(journal.answers.items()))}, {len(driver.problems)} never answered,"
        f" all settled {seconds:.0f} s after the last fault",
        not missing and not journal.logged_out and not driver.problems and seconds < SETTLING_S,
        tuple(INVARIANTS),
    )


def _long_stages(names: set[str], long: Long, found: list[Violation], *, is_whole: bool) -> Row:
    """I11 is only for stages of a length that people plan.

    A killed bulk worker's work is taken up again after 15 s: stages of 4 s are over before, and their devices not
    called. Each of these is an alert.
    """
    lacking = {one.subject for one in found if one.invariant == "I11"}
    return Row(
        f"stages of {long.length_s:.0f} s or more, next to all of it",
        len(names),
        "every reserved device was called",
        f"{len(lacking)} of {len(names)} completed stages lack calls",
        not lacking and bool(names or not is_whole),
        ("I11",),
    )


def _with_invariants(row: Row, found: list[Violation]) -> Row:
    """A row only holds if its invariants hold as well."""
    broken = sorted({one.invariant for one in found} & set(row.invariants))
    return row._replace(ok=False, figure=f"{row.figure}; broken: {', '.join(broken)}") if broken else row


def _table(rows: list[Row], seconds: float) -> Table:
    table = Table("Fault", "Dose", "Must hold", "Figure", "Held", title=f"Faults survived, {seconds:.0f} s")
    for row in rows:
        must = "; ".join(filter(None, [row.must_hold, ", ".join(row.invariants)]))
        table.add_row(row.fault, f"{row.dose:,}", must, row.figure, "yes" if row.ok else "NO")
    return table


def _as_json(rows: list[Row], found: list[Violation]) -> dict[str, Any]:
    return {
        "rows": [{"fault": row.fault, "dose": row.dose, "figure": row.figure, "ok": row.ok} for row in rows],
        "invariants": {name: sum(one.invariant == name for one in found) for name in INVARIANTS},
    }
