"""Black holes: between workers and the broker, and between a worker and the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from uuid import uuid4

import psycopg2
from django.db import connection

from derms.models import Event
from tests.faults import figures
from tests.faults.driver import Driver, Planned, canceling
from tests.faults.journal import Confirmed
from tests.faults.row import Row
from tests.faults.system import WORKERS, System
from tests.processes import eventually

HOLE_S, WORKER_BACK_S = 75, 60.0
CANCEL_S, ANSWER_S = 35.0, 3.0
WAITING = "SELECT FROM pg_stat_activity WHERE application_name = 'gridcall-worker' AND wait_event_type = 'Lock'"


def cut_off_broker(system: System, driver: Driver, dose: int) -> Row:
    """Each hole swallows both workers' connections, so it counts twice."""
    since, back = figures.now(), []
    for _ in range((dose + 1) // len(WORKERS)):
        for wire in system.to_broker.values():
            wire.cut()
        time.sleep(HOLE_S)
        mended = time.monotonic()
        for wire in system.to_broker.values():
            wire.mend()
        back += [_seconds_until_back(system, name, mended) for name in WORKERS]
    until = figures.now()
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=60)
    lost = figures.open_since(since, until)
    return Row(
        f"black hole worker - Redis, {HOLE_S} s",
        len(back),
        f"worker back <= {WORKER_BACK_S:.0f} s",
        f"back after at most {max(back):.0f} s, {lost} lost",
        max(back) <= WORKER_BACK_S and lost == 0,
        ("I1",),
    )


def _seconds_until_back(system: System, worker: str, since: float) -> float:
    eventually(lambda: system.fetches(worker, since=since), 2 * WORKER_BACK_S)
    return time.monotonic() - since


def cut_off_database(system: System, driver: Driver, dose: int) -> Row:
    """The bulk worker is cut off while it holds an event's lock; somebody wants to cancel the event."""
    cancels = [_cancel_behind_a_hole(system, driver) for _ in range(dose)]
    seconds, slowest = max(c[0] for c in cancels), max(c[1] for c in cancels)
    return Row(
        "black hole worker - PostgreSQL while it holds an event's lock",
        dose,
        f"Cancel accepted on retry <= {CANCEL_S:.0f} s, each answer <= {ANSWER_S:.0f} s",
        f"accepted after at most {seconds:.0f} s, slowest answer {slowest:.1f} s,"
        f" at least {min(c[2] for c in cancels)} refused before",
        seconds <= CANCEL_S and slowest <= ANSWER_S and min(c[2] for c in cancels) > 0,
        ("I1", "I9"),
    )


def _cancel_behind_a_hole(system: System, driver: Driver) -> tuple[float, float, int]:
    """Seconds until Cancel was accepted, seconds of the slowest answer, and how often it was refused before."""
    event = None
    while event is None:
        event = driver.plan(driver.aside, ahead_s=600, length_s=30)
    wire = system.to_database["bulk"]
    with _worker_waits_with_the_lock(driver, event):
        wire.cut()
    try:
        return _cancel_until_accepted(driver, event)
    finally:
        wire.mend()


@contextmanager
def _worker_waits_with_the_lock(driver: Driver, event: Planned) -> Iterator[None]:
    """Approve, and stop the worker at the point where it has locked the event and waits for its stage."""
    zone, stage = psycopg2.connect(_address()), psycopg2.connect(_address())
    try:
        zone.cursor().execute("SELECT FROM derms_controlzone WHERE code = %s FOR UPDATE", [event.fleet.code])
        driver.approve(event)
        eventually(_somebody_waits, 30)
        pk = Event.objects.values_list("pk", flat=True).get(number=event.number)
        stage.cursor().execute("SELECT FROM derms_stage WHERE event_id = %s FOR UPDATE", [pk])
        zone.rollback()
        eventually(lambda: _has_locked(pk), 30)
        yield
    finally:
        zone.close()
        stage.close()


def _cancel_until_accepted(driver: Driver, event: Planned) -> tuple[float, float, int]:
    began, slowest, refused = time.monotonic(), 0.0, 0
    while time.monotonic() - began < 2 * CANCEL_S:
        at = time.monotonic()
        try:
            answer = driver.operator.post(f"/events/{event.number}/cancel/", canceling(event), uuid4())
        except (OSError, HTTPException):
            return 2 * CANCEL_S, time.monotonic() - at, refused
        slowest = max(slowest, answer.seconds)
        if driver.journal.note(answer, Confirmed("cancel", event.number), at):
            break
        refused += 1
        time.sleep(1)
    return time.monotonic() - began, slowest, refused


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.rowcount > 0


def _has_locked(event_id: int) -> bool:
    """Whether somebody holds the lock of the event's row."""
    with psycopg2.connect(_address()) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM derms_event WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [event_id])
        return cursor.rowcount == 0


def _address() -> str:
    settings = connection.settings_dict
    return f"host={settings['HOST']} port={settings['PORT']} user={settings['USER']} dbname={settings['NAME']}"
