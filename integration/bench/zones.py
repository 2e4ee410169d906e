"""Many control zones scheduling at once: what do they wait for?

Running many zones on one database assumes that they wait for processors and the log, not for each other: each holds
its own zone's lock, and they only compete when attaching a partition.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

from django.db import connection

from derms.models import Event
from derms.operations import schedule_event
from integration.commands.journey import Journey
from integration.seam import clock, sql
from integration.seam.settling import settle

from .crew import BenchFailed

LOOK_EVERY_S = 0.02
PATIENCE_S = 600
WAITING = """
SELECT coalesce(wait_event_type, 'nothing'), count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() GROUP BY 1
"""


class Together(NamedTuple):
    """Seconds of each zone's Schedule and of all together, and how often a backend was seen waiting, by cause."""

    each: list[float]
    all: float
    waits: dict[str, int]

    @property
    def lock_share(self) -> float:
        """The share of active backends that waited for a lock held by another."""
        return self.waits.get("Lock", 0) / max(1, sum(self.waits.values()))


def make_zones(zones: int, devices: int) -> list[Journey]:
    """Make control zones, each with a fleet that DERMS knows."""
    journeys = [Journey(devices=devices, stages=1, stage_seconds=3600) for _ in range(zones)]
    for journey in journeys:
        journey.make_fleet()
    settle(timeout_s=PATIENCE_S)
    return journeys


def schedule(journeys: list[Journey], *, hours_ahead: int, at_once: int) -> Together:
    """Schedule an event in each zone, `at_once` at a time. Raises BenchFailed if one was not scheduled."""
    starts_at = clock.now() + timedelta(hours=hours_ahead)
    events = [journey.plan(starts_at=starts_at).pk for journey in journeys]
    over, waits = threading.Event(), dict[str, int]()
    looking = threading.Thread(target=_look, args=[over, waits])
    looking.start()
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        each = list(pool.map(_schedule_one, events))
    seconds = time.perf_counter() - began
    over.set()
    looking.join()
    if Event.objects.filter(pk__in=events, state="Scheduled").count() < len(events):
        raise BenchFailed("Not every zone's event was scheduled.")
    return Together(each, seconds, waits)


def _schedule_one(event_id: int) -> float:
    began = time.perf_counter()
    try:
        schedule_event(event_id, now=clock.now())
    finally:
        connection.close()
    return time.perf_counter() - began


def _look(over: threading.Event, waits: dict[str, int]) -> None:
    while not over.wait(LOOK_EVERY_S):
        for kind, backends in sql.rows(WAITING):
            waits[kind] = waits.get(kind, 0) + backends
    connection.close()
