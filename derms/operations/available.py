"""Counting the power that could be called now."""

import math
from datetime import datetime, timedelta

from django.core.cache import cache

from integration.seam import sql
from integration.seam.sql import statement

from ..choices import StageState
from ..models import ControlZone, Program, Stage
from ..queries.available import KEY, Available, AvailablePower

KEPT = timedelta(minutes=15)  # three turns of the clock: an older count says nothing about now


def count_available_power(now: datetime) -> None:
    """Count the free devices of each program over all candidates in one statement, and keep the result for pages."""
    running = list(Stage.objects.filter(state=StageState.IN_PROGRESS).values_list("pk", flat=True))
    exempt = _exempting_critical_care(now)
    params = {
        "now": now,
        "running_stages": running,
        "exempt_programs": [program for program, _zone in exempt],
        "exempt_zones": [zone for _program, zone in exempt],
    }
    found = sql.rows(statement("derms", "available_power", measured=statement("derms", "measured_shares")), params)
    rows = {program: (devices, watts / 1000, math.sqrt(variance) / 1000) for program, devices, watts, variance in found}
    whole = Available("", *rows.pop(None, (0, 0.0, 0.0)))
    names = dict(Program.objects.filter(pk__in=rows).values_list("pk", "name"))
    programs = sorted((Available(names[pk], *row) for pk, row in rows.items()), key=lambda one: -one.kw)
    cache.set(KEY, AvailablePower(now, programs, whole), KEPT.total_seconds())


def _exempting_critical_care(now: datetime) -> list[tuple[int, int]]:
    """Programs and zones, by id, where the rules of today leave out the devices of critical-care customers."""
    zones = list(ControlZone.objects.all())
    return [
        (program.pk, zone.pk)
        for program in Program.objects.filter(active=True)
        for zone in zones
        if program.rules_on(zone.local_day(now)).critical_care_exempt
    ]
