"""The load of the demo utility: real metered hours, shifted by whole weeks so that the highest week is this one."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from derms.choices import DeviceClass
from derms.models import ControlZone, LoadForecast
from integration.seam import sql
from integration.seam.sql import copy_in, execute, statement

from .grid import TIME_ZONE, ZONES

METERED = Path(__file__).parent / "pjm_zone_load_summer_2018.csv"
LOCAL = ZoneInfo(TIME_ZONE)
# The zones' peak per seeded device, so that calling all devices changes the load by a few percent, visible on a chart.
PEAK_KW_PER_DEVICE = 10.0
LIMIT_SHARE = 0.96
REFRESH_BELOW = timedelta(weeks=1)


@transaction.atomic
def add_load(*, devices: int, now: datetime) -> int:
    """Set the load of the demo's zones, scaled to the devices, and their limits; return the hours per zone."""
    _stage_metered()
    kw_per_mw = devices * PEAK_KW_PER_DEVICE / sum(_peak_mw(zone.load_of) for zone in ZONES)
    for zone in ZONES:
        limit_kw = round(_peak_mw(zone.load_of) * kw_per_mw * LIMIT_SHARE)
        ControlZone.objects.filter(code=zone.code).update(limit_kw=limit_kw)
    return _shift(kw_per_mw, now)


@transaction.atomic
def refresh_forecast(now: datetime) -> bool:
    """Shift the load again if less than a week of forecast is left; past hours stay. Returns whether it did.

    Does nothing without a demo.
    """
    demo = LoadForecast.objects.filter(zone__code__in=[zone.code for zone in ZONES])
    known = demo.aggregate(until=Max("hour"), peak_kw=Max("metered_kw"))
    if known["until"] is None or known["until"] - now >= REFRESH_BELOW:
        return False
    _stage_metered()
    _shift(known["peak_kw"] / max(_peak_mw(zone.load_of) for zone in ZONES), now)
    return True


def add_flat_load(
    *, zone: ControlZone, start: datetime, hours: int, load_kw: int = 50_000, factor: float = 0.5
) -> None:
    """Set the same load, and the same factor for every class, in each of `hours` hours from `start`, a full hour."""
    params = {
        "zone": zone.pk,
        "start": start,
        "hours": hours,
        "load_kw": load_kw,
        "factor": factor,
        "classes": list(DeviceClass.values),
    }
    execute(statement("integration.demo", "add_flat_load"), params)


def _stage_metered() -> None:
    execute(statement("integration.demo", "stage_metered_load"))
    with METERED.open("rb") as file:
        copy_in("COPY demo_metered FROM STDIN WITH (FORMAT csv, HEADER)", file)


def _shift(kw_per_mw: float, now: datetime) -> int:
    hours = 0
    shift = _monday(now) - _monday(_highest_hour())
    for zone in ControlZone.objects.filter(code__in=[zone.code for zone in ZONES]):
        source = next(z.load_of for z in ZONES if z.code == zone.code)
        params = {"zone": zone.pk, "source": source, "shift": shift, "kw_per_mw": kw_per_mw, "now": now}
        hours = execute(statement("integration.demo", "shift_load"), params)
        execute(statement("integration.demo", "shape_factors"), {"zone": zone.pk, "now": now})
    return hours


def _monday(moment: datetime) -> datetime:
    """The start of a moment's week in local time; whole weeks between two weeks are counted in UTC."""
    day = moment.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return day - timedelta(days=day.weekday())


def _highest_hour() -> datetime:
    """The start of the hour in which the zones' total load was highest."""
    hour: datetime = sql.value(
        "SELECT (hour_ending AT TIME ZONE INTERVAL '-04:00') - interval '1 hour' FROM demo_metered"
        " GROUP BY hour_ending ORDER BY sum(load_mw) DESC LIMIT 1"
    )
    return hour


def _peak_mw(source: str) -> float:
    return float(sql.value("SELECT max(load_mw) FROM demo_metered WHERE source = %s", [source]))
