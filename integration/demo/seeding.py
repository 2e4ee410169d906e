"""The steps that make the demo utility; each knows how much of it is left to do.

Every unit of work is one transaction, so that an interrupted run continues when it is started again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db.models import QuerySet

from cpm.models.customers import DeviceLocation, Subscription
from cpm.models.programs import Program
from derms.models import ControlZone, Event, LoadForecast, Strategy
from integration.seam.models import Delivery
from integration.seam.settling import settle
from integration.seam.sql import analyze

from . import (
    customers,
    enrollments,
    grid,
    history,
    live,
    load,
    metered,
    meters,
    people,
    planning,
    programs,
    settlements,
)

SECONDS_PER_DEVICE = 0.002
BULK_TABLES = (
    "derms_reservation", "derms_outcome", "derms_candidate", "cpm_participation", "cpm_outcome", "lec_reservation",
    "lec_call",
)  # fmt: skip
Unit = Callable[[], object]


class Step(NamedTuple):
    """A part of the seeding; `left` returns its remaining units of work, in order, when its turn comes."""

    title: str
    left: Callable[[], Sequence[Unit]]


def is_complete() -> bool:
    """Whether the demo utility exists with all its events."""
    return _events() > len(history.PAST)


def steps(*, devices: int, seed: int, now: datetime) -> list[Step]:
    """The steps for a demo utility with this many devices; the same seed makes the same customers and devices."""
    codes = [program.code for program in programs.programs(now.year)]
    names = [strategy.name for strategy in planning.STRATEGIES]
    zones = ControlZone.objects.filter(code__in=[zone.code for zone in grid.ZONES])
    load_rows = LoadForecast.objects.filter(zone__in=zones)
    offers = Program.objects.filter(code__in=codes)
    subscriptions = Subscription.objects.filter(program__code__in=codes)
    strategies = Strategy.objects.filter(name__in=names)
    return [
        Step("People", lambda: [people.add_people]),
        Step("Grid", lambda: _unless(zones, grid.add_grid)),
        Step("Load", lambda: _unless(load_rows, partial(load.add_load, devices=devices, now=now))),
        Step("Programs", lambda: _unless(offers, partial(programs.add_programs, now.year))),
        Step("Customers and devices", lambda: _customers_left(devices, seed, now)),
        Step("Subscriptions", lambda: _unless(subscriptions, partial(programs.subscribe_customers, now.year, seed))),
        Step("Enrollment at DERMS", lambda: _enrollment_left(devices)),
        Step("Enrollments that wait", lambda: _waiting_left(devices, now)),
        Step("Meters", lambda: [partial(meters.add_meters, now)]),
        Step("Settlement", lambda: [partial(settlements.add_methods, now)]),
        Step("Strategies", lambda: _unless(strategies, partial(planning.add_planning, now))),
        Step("Past events", lambda: _history_left(now)),
        Step("Metered load", lambda: [partial(metered.add_past_metered, now)]),
        Step("Events of today", lambda: [live.add_live_events]),
    ]


def _unless(made: QuerySet[Any], unit: Unit) -> list[Unit]:
    return [] if made.all().exists() else [unit]


def _customers_left(devices: int, seed: int, now: datetime) -> list[Unit]:
    sizes = [round(devices * zone.share) for zone in grid.ZONES[:-1]]
    missing = [
        (zone.code, size)
        for zone, size in zip(grid.ZONES, [*sizes, devices - sum(sizes)], strict=True)
        if not DeviceLocation.objects.filter(zone=zone.code).exists()
    ]
    add = partial(customers.add_customers, seed=seed, prefix="C", now=now)
    units: list[Unit] = [partial(add, zone_code=code, devices=size) for code, size in missing]
    return [*units, partial(analyze, "cpm_customer", "cpm_devicelocation", "cpm_device")]


def _enrollment_left(devices: int) -> list[Unit]:
    if not Delivery.objects.filter(Delivery.OPEN).exists():
        return []
    return [
        partial(settle, timeout_s=60 + devices * SECONDS_PER_DEVICE),
        partial(analyze, "derms_device", "derms_enrollment", "derms_loadforecast", "derms_reductionfactor"),
    ]


def _waiting_left(devices: int, now: datetime) -> list[Unit]:
    if enrollments.are_made():
        return []
    return [
        partial(enrollments.add_enrollments, now),
        partial(settle, timeout_s=60 + devices * SECONDS_PER_DEVICE),
    ]


def _history_left(now: datetime) -> list[Unit]:
    units: list[Unit] = [partial(history.play, past, now) for past in history.PAST[_events() :]]
    return [*units, planning.archive_discharge, partial(analyze, *BULK_TABLES)]


def _events() -> int:
    names = [strategy.name for strategy in planning.STRATEGIES]
    return Event.objects.filter(strategy__name__in=names).count()
