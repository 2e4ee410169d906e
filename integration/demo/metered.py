"""The metered load of the demo's zones, as SCADA would send it: what they would have used, less what was delivered."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min

from derms.models import ControlZone, Event, MeteredLoad
from derms.operations import Metered, keep_metered
from integration.seam import sql
from integration.seam.sql import statement

from .grid import ZONES

MINUTE, PAST_STEP = timedelta(minutes=1), timedelta(minutes=15)
AROUND = timedelta(hours=3)  # as charts show of an event
AT_FIRST, MOST_AT_ONCE, KEPT = timedelta(minutes=30), timedelta(hours=6), timedelta(days=60)
COMES_BACK = 0.6  # of what was saved, over three hours


def write_metered(*, now: datetime) -> None:
    """Write the minutes that are over since the last ones, zone by zone; what is older than KEPT is removed."""
    until = now.replace(second=0, microsecond=0)
    for zone in _zones():
        last = zone.metered.filter(starts_at__gt=until - MOST_AT_ONCE).aggregate(at=Max("starts_at"))["at"]
        begins = last + timedelta(seconds=zone.metered.get(starts_at=last).length_s) if last else until - AT_FIRST
        if begins < until:
            _write(zone, begins, until, MINUTE, now)
        zone.metered.filter(starts_at__lt=now - KEPT).delete()


@transaction.atomic
def add_past_metered(now: datetime) -> None:
    """Write the load around the demo's past events, those that have none."""
    for zone in _zones():
        for event in Event.objects.filter(zone=zone, state="Completed").order_by("number"):
            window = event.stages.aggregate(begins=Min("starts_at"), ends=Max("ends_at"))
            begins, ends = _quarter(window["begins"] - AROUND), _quarter(window["ends"] + AROUND)
            if ends < now and not MeteredLoad.objects.filter(zone=zone, starts_at__range=(begins, ends)).exists():
                _write(zone, begins, ends, PAST_STEP, now)


def _write(zone: ControlZone, begins: datetime, until: datetime, step: timedelta, now: datetime) -> None:
    params = {"zone": zone.pk, "from": begins, "until": until, "step": step, "comes_back": COMES_BACK}
    rows = sql.rows(statement("integration.demo", "metered_load"), params)
    seconds = int(step.total_seconds())
    keep_metered(zone_id=zone.pk, loads=[Metered(at, seconds, kw) for at, kw in rows], now=now)


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _zones() -> list[ControlZone]:
    return list(ControlZone.objects.filter(code__in=[zone.code for zone in ZONES]).order_by("pk"))
