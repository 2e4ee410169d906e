"""Meters of the demo's homes, and their readings: 60 days made in the background, then each day once it is over.

A block of meters is a piece of work and a transaction: what is interrupted goes on where it stopped.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings

from cpm.choices import DeviceClass
from cpm.models import Meter
from cpm.operations.meter_days import Days, save_days
from integration.seam import sql
from integration.seam.sql import statement

from .customers import INSTALLED_BEFORE
from .grid import ZONES
from .homes import QUARTERS, Effects, Homes, Shape, after_events, loads, readings

PREFIX = "SYN-"  # synthetic
HISTORY = timedelta(days=60)
AT_ONCE = 400
HOURS_OF_WEEK = 168
METERED_CLASSES = (DeviceClass.THERMOSTAT, DeviceClass.WATER_HEATER, DeviceClass.EV_CHARGER)


class _ToRead(NamedTuple):
    meter: int
    location: int
    home: int
    has_battery: bool
    day: date | None


def add_meters(now: datetime) -> int:
    """Give each home of the demo a meter; return how many are new."""
    zones = [zone.code for zone in ZONES]
    params = {"prefix": PREFIX, "zones": zones, "since": _midnight(now - INSTALLED_BEFORE)}
    return sql.execute(statement("integration.demo", "add_meters"), params)


def blocks_to_read(now: datetime) -> list[int]:
    """The home from which on meters lack readings up to yesterday, if any of the first settings.DEMO_METERS does."""
    params = {"prefix": PREFIX, "most": settings.DEMO_METERS, "last": _yesterday(now)}
    return sql.column(statement("integration.demo", "home_to_read"), params) if settings.DEMO_METERS else []


def being_read(now: datetime) -> tuple[int, int] | None:
    """How many of the demo's meters have their readings, and of how many; None once all do."""
    left = blocks_to_read(now)
    most = Meter.objects.filter(number__startswith=PREFIX).count() if left else 0
    return (left[0] - 1, min(most, settings.DEMO_METERS)) if left else None


def read_block(home: int, *, now: datetime) -> None:
    """Make the readings that a block of meters lacks up to yesterday: those of a zone from this home on."""
    last = _yesterday(now)
    params = {"prefix": PREFIX, "home": home, "most": settings.DEMO_METERS, "block": AT_ONCE}
    rows = sql.rows(statement("integration.demo", "meters_to_read"), {**params, "first": last - HISTORY, "last": last})
    if rows:
        save_days(_days_of(rows[0][0], [_ToRead(*row[1:]) for row in rows], now))


def _days_of(zone: str, meters: list[_ToRead], now: datetime) -> Iterator[Days]:
    """The days that meters lack, those that lack the same ones together."""
    last = _yesterday(now)
    firsts = [one.day + timedelta(days=1) if one.day else last - HISTORY + timedelta(days=1) for one in meters]
    for first in sorted(set(firsts)):
        ours = [one for one, begins in zip(meters, firsts, strict=True) if begins == first]
        yield _block(zone, ours, first, (last - first).days + 1)


def _block(zone: str, meters: list[_ToRead], first: date, days: int) -> Days:
    number = first.toordinal() - date(1970, 1, 1).toordinal()
    quarters = np.arange(number * QUARTERS, (number + days) * QUARTERS, dtype=np.int64)
    places = {one.location: place for place, one in enumerate(meters)}
    homes = _homes(meters, places)
    kw = after_events(loads(homes, quarters, _shape(zone, quarters)), homes, quarters, _effects(places, first))
    wh, quality = readings(kw, homes, number)
    count = len(meters) * days
    return Days(
        np.zeros(count, np.int64),
        np.repeat(np.array([one.meter for one in meters], np.int32), days),
        np.tile(np.datetime64(first) + np.arange(days), len(meters)),
        np.zeros(count, bool),
        wh.reshape(count, QUARTERS),
        quality.reshape(count, QUARTERS),
    )


def _homes(meters: list[_ToRead], places: dict[int, int]) -> Homes:
    devices = sql.rows(
        "SELECT location_id, device_class, rated_w FROM cpm_device WHERE location_id = ANY(%s) AND ended_at IS NULL"
        " ORDER BY id",
        [list(places)],
    )
    return Homes(
        np.array([one.home for one in meters], np.int64),
        np.array([one.has_battery for one in meters]),
        np.array([places[location] for location, _class, _watts in devices], np.int64),
        np.array([kind for _location, kind, _watts in devices]),
        np.array([watts / 1000 for _location, _class, watts in devices], np.float32),
    )


def _effects(places: dict[int, int], first: date) -> Effects:
    params = {"locations": list(places), "since": _start_of(first - timedelta(days=1))}
    rows = sql.rows(statement("integration.demo", "home_effects"), params)
    location, starts, ends, watts, kinds, devices = zip(*rows, strict=True) if rows else ((),) * 6
    return Effects(
        np.array([places[one] for one in location], np.int64),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(watts, np.float32) / np.float32(1000),
        np.array(kinds),
        np.array(devices, np.int64),
    )


def _shape(zone: str, quarters: Any) -> Shape:
    """The zone's shape at each quarter; an hour that has no load is like the same one of the week after or before."""
    rows = np.array(sql.rows(statement("integration.demo", "zone_shape"), {"zone": zone}), float)
    hours = rows[:, 0].astype(np.int64)
    wanted = np.arange(quarters[0] // 4 - 1, quarters[-1] // 4 + 2)
    for _week in range(60):
        wanted = np.where(wanted < hours[0], wanted + HOURS_OF_WEEK, wanted)
        wanted = np.where(wanted > hours[-1], wanted - HOURS_OF_WEEK, wanted)
    found = rows[np.searchsorted(hours, wanted)]
    middles = np.arange(quarters[0] // 4 - 1, quarters[-1] // 4 + 2) + 0.5
    at = (quarters + 0.5) / 4
    load, *factors = (np.interp(at, middles, column).astype(np.float32) for column in found[:, 1:].T)
    return Shape(load / rows[:, 1].max(), dict(zip(METERED_CLASSES, factors, strict=True)))


def _yesterday(now: datetime) -> date:
    return now.astimezone(UTC).date() - timedelta(days=1)


def _midnight(moment: datetime) -> datetime:
    return _start_of(moment.astimezone(UTC).date())


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
