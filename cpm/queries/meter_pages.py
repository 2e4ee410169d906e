"""What pages show of meters: the list, and a meter's days."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Q, QuerySet

from cpm.choices import Quality
from cpm.meter_days import DAY_S, unpack_quality
from cpm.models.meters import Meter, MeterDay
from integration.seam import sql

from .meter_archive import archived_versions

DAYS_SHOWN = 35


class Version(NamedTuple):
    number: int
    kwh: float
    loaded_at: datetime


class DayOfMeter(NamedTuple):
    """A UTC day of a meter's register: its latest version, how many readings are what, and the versions before it.

    kwh is None for a day without readings.
    """

    day: date
    is_reverse: bool
    kwh: float | None
    missing: int = 0
    estimated: int = 0
    flagged: int = 0
    loaded_at: datetime | None = None
    earlier: tuple[Version, ...] = ()


def meters_like(words: str) -> QuerySet[Meter]:
    """Meters whose number or service point begins with these words; without words, all."""
    found = Meter.objects.select_related("location__customer")
    named = Q(number__startswith=words) | Q(location__service_point__startswith=words)
    return found.filter(named) if words else found


def latest_days(meters: Iterable[Meter]) -> dict[int, date]:
    """The latest day with readings of each of some meters."""
    wanted = [meter.pk for meter in meters]
    query = """
    SELECT m.id, latest.day FROM unnest(%s::integer[]) m(id)
      JOIN LATERAL (SELECT max(day) AS day FROM cpm_meterday d WHERE d.meter_id = m.id) latest ON day IS NOT NULL
    """
    return dict(sql.rows(query, [wanted])) if wanted else {}


def days_of(meter: Meter, until: date) -> list[DayOfMeter]:
    """The DAYS_SHOWN days of a meter up to one, the newest first; those without readings, too."""
    first = max(until - timedelta(days=DAYS_SHOWN - 1), meter.starts_at.date())
    rows = MeterDay.objects.filter(meter_id=meter.pk, day__range=(first, until))
    columns = ("day", "is_reverse", "version", "interval_s", "total_wh", "loaded_at", "quality")
    stored = [*rows.values_list(*columns), *archived_versions(meter.pk, first, until, columns)]
    ordered = sorted(stored, key=lambda row: (-row[0].toordinal(), row[1], -row[2]))
    known: dict[date, list[DayOfMeter]] = {}
    for (day, is_reverse), versions in groupby(ordered, key=lambda row: row[:2]):
        known.setdefault(day, []).append(_day(day, is_reverse, list(versions)))
    days = (until - timedelta(days=ago) for ago in range((until - first).days + 1))
    return [one for day in days for one in known.get(day) or [DayOfMeter(day, False, None)]]


def meters_at(meter: Meter) -> QuerySet[Meter]:
    """The other meters of its place, in the order of time."""
    return Meter.objects.filter(location=meter.location_id).exclude(pk=meter.pk).order_by("starts_at")


def has_readings(meter: Meter) -> bool:
    return MeterDay.objects.filter(meter_id=meter.pk).exists()


def _day(day: date, is_reverse: bool, versions: list[Any]) -> DayOfMeter:
    told = [Version(number, total / 1000, at) for _day, _reverse, number, _interval, total, at, _quality in versions]
    quality = unpack_quality(bytes(versions[0][-1]), days=1, intervals=DAY_S // versions[0][3])[0]
    counts = np.bincount(quality, minlength=len(Quality))
    return DayOfMeter(
        day,
        is_reverse,
        told[0].kwh,
        missing=int(counts[Quality.MISSING]),
        estimated=int(counts[[Quality.EDITED, Quality.ESTIMATED, Quality.QUESTIONABLE]].sum()),
        flagged=int(counts[[Quality.NEGATIVE, Quality.IMPOSSIBLE]].sum()),
        loaded_at=told[0].loaded_at,
        earlier=tuple(told[1:]),
    )
