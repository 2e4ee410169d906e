"""How far a program's limits are used."""

from datetime import datetime, timedelta

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, Sum

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from integration.seam.program_limits import LimitUse, limits_of

from .participations import CALLED_OFF

HOUR = timedelta(hours=1)


def uses_of_limits(program: Program, now: datetime) -> tuple[str, list[LimitUse]]:
    """What a device in all events of the program has used up, in the zone of its newest event; and that zone."""
    events = ProgramEvent.objects.filter(program=program)
    zone = events.order_by("-pk").values_list("time_zone", flat=True).first() or "UTC"
    limits = limits_of(program.rules, now, zone)
    window = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    measures: dict[str, Aggregate] = {}
    for n, limit in enumerate(limits):
        within = Q(starts_at__gte=limit.starts_at, starts_at__lt=limit.ends_at)
        measures[f"events_{n}"] = Count("event_uid", distinct=True, filter=within)
        measures[f"time_{n}"] = Sum(window, filter=within)
    earliest, latest = min(limit.starts_at for limit in limits), max(limit.ends_at for limit in limits)
    used = events.filter(starts_at__gte=earliest, starts_at__lt=latest).exclude(CALLED_OFF).aggregate(**measures)
    return zone, [
        LimitUse(limit, used[f"events_{n}"], (used[f"time_{n}"] or 0 * HOUR) / HOUR) for n, limit in enumerate(limits)
    ]
