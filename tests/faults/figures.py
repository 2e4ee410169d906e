"""What the database shows about a period: how fast messages were, how late stages started, what is still open."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F

from integration.seam import clock, sql
from integration.seam.models import Delivery, DueWork
from lec_sim.models import LecStage
from tests.faults.system import patiently

_SECONDS = """
SELECT count(*),
       coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - created_at)), 0),
       coalesce(max(extract(epoch FROM delivered_at - created_at)), 0)
  FROM integration_delivery
 WHERE queue = 'small' AND given_back = 0 AND delivered_at IS NOT NULL AND created_at >= %(since)s
"""
# The database's timestamp on the message shows when a stage started: a wrong clock also writes wrong starts.
_LATE = """
SELECT count(*), coalesce(max(extract(epoch FROM started_at - greatest(starts_at, reservations_loaded_at))), 0),
       count(*) FILTER (WHERE started_at < starts_at OR EXISTS (
           SELECT FROM integration_message m
            WHERE m.stage_uid = s.stage_uid AND m.kind = 'stage_execution_status' AND m.sent_at < s.starts_at
              AND m.payload ->> 'state' = 'In Progress'))
  FROM lec_sim_lecstage s WHERE started_at IS NOT NULL AND starts_at >= %(since)s
"""
_LIVING = "SELECT count(*) FROM derms_stage WHERE state IN ('Scheduled', 'In Progress')"


class Speed(NamedTuple):
    """Small messages, in seconds from sent to applied."""

    messages: int
    p99: float
    longest: float


class Lateness(NamedTuple):
    """Starts of stages, in seconds after they were due; `early` counts those that started before."""

    starts: int
    latest: float
    early: int


def now() -> datetime:
    return patiently(clock.now)


def speed(since: datetime) -> Speed:
    messages, p99, longest = patiently(lambda: sql.rows(_SECONDS, {"since": since})[0])
    return Speed(messages, float(p99), float(longest))


def lateness(since: datetime) -> Lateness:
    starts, latest, early = patiently(lambda: sql.rows(_LATE, {"since": since})[0])
    return Lateness(starts, float(latest), early)


def open_since(since: datetime, until: datetime) -> int:
    """How many messages of a period are not applied yet, dead letters included."""
    sent = Delivery.objects.filter(created_at__gte=since, created_at__lte=until, delivered_at=None)
    return patiently(lambda: sent.exclude(message__subject__contains="POISON").count())


def long_stages(seconds: float) -> set[str]:
    """The stages that were planned for so long, and ran to their end."""
    long = LecStage.objects.filter(ends_at__gte=F("starts_at") + timedelta(seconds=seconds))
    return {str(stage) for stage in long.filter(state="Completed")}


def nothing_is_open() -> bool:
    """Whether every message is applied, all due work done and every stage over."""
    poison = Delivery.objects.filter(Delivery.OPEN, message__subject__contains="POISON")
    left = Delivery.objects.filter(Delivery.OPEN).exclude(pk__in=poison).exists()
    return not (left or DueWork.objects.filter(DueWork.OPEN).exists() or sql.rows(_LIVING)[0][0])


def seconds_until(holds: Callable[[], object], *, most: float) -> float:
    """Wait until a condition holds; returns the seconds it took, or `most` if it never did."""
    began = time.monotonic()
    while time.monotonic() - began < most:
        if patiently(holds):
            return time.monotonic() - began
        time.sleep(0.1)
    return most
