"""The broker and the database: killed, emptied, away and restarted."""

import time

from cpm.models.customers import Device
from integration.engines import kept_running
from lec_sim.models import LecStage
from lec_sim.models import Removal as LecRemoval
from tests.faults import figures
from tests.faults.driver import Driver, Planned
from tests.faults.row import Row
from tests.faults.system import System, patiently

APPROVE_P95_S, REACHES_LEC_S = 0.5, 10.0
BACK_S, HOUR_S = 60.0, 3600.0
BROKER_HOLDS = ("I1", "I2", "I7", "I9")


def kill_broker(system: System, driver: Driver, dose: int) -> Row:
    since = figures.now()
    for _ in range(dose):
        system.kill_broker()
        system.broker_ends()
        time.sleep(1)
        system.start_broker()
        time.sleep(3)
    return _after_broker(system, driver, "Redis killed", dose, since)


def flush_broker(system: System, driver: Driver, dose: int) -> Row:
    since = figures.now()
    for _ in range(dose):
        with system.broker() as broker:
            broker.flushall()
        time.sleep(1.5)
    return _after_broker(system, driver, "Redis FLUSHALL", dose, since)


def _after_broker(system: System, driver: Driver, fault: str, dose: int, since: object) -> Row:
    until = figures.now()
    back = figures.seconds_until(system.all_work, most=BACK_S)
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=BACK_S)
    lost, speed = figures.open_since(since, until), figures.speed(since)
    return Row(
        fault,
        dose,
        f"0 lost, workers back <= {BACK_S:.0f} s",
        f"{lost} lost of {speed.messages}, longest {speed.longest:.1f} s, workers back after {back:.0f} s",
        lost == 0 and back < BACK_S,
        BROKER_HOLDS,
    )


def broker_off(system: System, driver: Driver, seconds: int) -> Row:
    """Away for long: people still approve, cancel and opt customers out, and the clock starts what is due."""
    events = max(4, seconds // 60)
    prepared = driver.prepare(driver.aside, events=events, ahead_s=HOUR_S, length_s=60)
    driver.prepare(driver.customers, events=events, ahead_s=20, length_s=seconds // events)  # they start meanwhile
    logged_out, began, since = driver.journal.logged_out, time.monotonic(), figures.now()
    system.kill_broker()
    system.broker_ends()
    reached = []
    for one, other in zip(prepared[::2], prepared[1::2], strict=False):
        reached += [_cancel_reaches_lec(driver, one), _opt_out_reaches_lec(driver, other)]
        time.sleep(max(0.0, 2 * seconds / len(prepared) - 1))
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    p95, late = driver.journal.approve_p95(began, time.monotonic()), figures.lateness(since)
    before = driver.journal.approve_p95(0, began)
    system.start_broker()
    for one in prepared[1::2]:
        driver.cancel(one)
    row = _after_broker(system, driver, f"Redis off for {seconds} s", 1, since)
    logged_out = driver.journal.logged_out - logged_out
    ok = p95 < APPROVE_P95_S and logged_out == 0 and reached and max(reached) <= REACHES_LEC_S and late.starts > 0
    figure = (
        f"approve p95 {1000 * p95:.0f} ms (before {1000 * before:.0f} ms), {logged_out} logged out,"
        f" cancel and opt-out at LEC after {max(reached, default=0):.1f} s,"
        f" latest of {late.starts} starts {late.latest:.1f} s; {row.figure}"
    )
    must = "approve p95 < 500 ms; nobody logged out; cancel and opt-out reach LEC <= 10 s"
    return row._replace(must_hold=must, figure=figure, ok=bool(row.ok and ok))


def _cancel_reaches_lec(driver: Driver, event: Planned) -> float:
    driver.cancel(event)
    canceled = LecStage.objects.filter(event_number=event.number, state="Canceled")
    return figures.seconds_until(canceled.exists, most=2 * REACHES_LEC_S)


def _opt_out_reaches_lec(driver: Driver, event: Planned) -> float:
    known = event.known_to_cpm()
    device = Device.objects.filter(nic_id__startswith=event.fleet.code).order_by("?").first()
    if known is None or device is None or not driver.opt_out(known, device):
        return 2 * REACHES_LEC_S
    removed = LecRemoval.objects.filter(stage_uid=known.stage_uid, nic_id=device.nic_id)
    return figures.seconds_until(removed.exists, most=2 * REACHES_LEC_S)


def restart_database(system: System, driver: Driver, dose: int) -> Row:
    since = figures.now()
    for _ in range(dose):
        system.restart_database()
        patiently(figures.now)
        time.sleep(5)
    until = figures.now()
    back = figures.seconds_until(system.all_work, most=BACK_S)
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=BACK_S)
    lost, missing = figures.open_since(since, until), len(patiently(driver.journal.missing))
    return Row(
        "PostgreSQL immediate restart",
        dose,
        "0 confirmed lost",
        f"{missing} confirmed lost, {lost} messages open, all processes back after {back:.0f} s",
        lost == 0 and missing == 0 and back < BACK_S,
        tuple(f"I{n}" for n in range(1, 11)),
    )


def kill_engines(system: System, driver: Driver, dose: int) -> Row:
    """Kill the engines' processes in turn; only the product's own watch, which `up` runs, starts them again."""
    since, said, back = figures.now(), list[str](), list[float]()
    with kept_running(said.append):
        for n in range(dose):
            killed = time.monotonic()
            (system.kill_broker if n % 2 else system.kill_database)()
            back.append(figures.seconds_until(lambda killed=killed: system.all_work(since=killed + 1), most=BACK_S))
            time.sleep(3)
    until = figures.now()
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=BACK_S)
    lost, missing = figures.open_since(since, until), len(patiently(driver.journal.missing))
    return Row(
        "dead engine: PostgreSQL and Redis killed, started again by nobody else",
        dose,
        f"all at work <= {BACK_S:.0f} s, 0 confirmed lost",
        f"all at work after at most {max(back):.0f} s, {missing} confirmed lost, {lost} messages open",
        max(back) < BACK_S and len(said) >= dose and lost == 0 and missing == 0,
        tuple(f"I{n}" for n in range(1, 11)),
    )
