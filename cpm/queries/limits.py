"""How far a program's limits are used."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils.translation import gettext as _

from integration.periods import period_bounds

from ..models import Program, ProgramEvent
from .participations import CALLED_OFF

HOUR = timedelta(hours=1)


class LimitUse(NamedTuple):
    """What a device that was in all of a program's events of a period has used up; None: there is no limit."""

    period: str
    starts_at: datetime
    ends_at: datetime
    events: int
    most_events: int | None
    hours: float
    most_hours: int | None


def uses_of_limits(program: Program, now: datetime) -> tuple[str, list[LimitUse]]:
    """The program's events of this week, month and season, by the days of the zone of its newest one; and that zone."""
    events = ProgramEvent.objects.filter(program=program)
    zone = events.order_by("-pk").values_list("time_zone", flat=True).first() or "UTC"
    rules, bounds = program.rules, period_bounds(program.rules, now, zone)
    periods = [
        (_("This week"), bounds.week_from, bounds.week_until, rules.events_per_week, rules.hours_per_week),
        (_("This month"), bounds.month_from, bounds.month_until, rules.events_per_month, rules.hours_per_month),
        (_("This season"), bounds.season_from, bounds.season_until, rules.events_per_season, rules.hours_per_season),
    ]
    window = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    measures: dict[str, Aggregate] = {}
    for n, (_period, begins, ends, *_most) in enumerate(periods):
        within = Q(starts_at__gte=begins, starts_at__lt=ends)
        measures[f"events_{n}"] = Count("event_uid", distinct=True, filter=within)
        measures[f"time_{n}"] = Sum(window, filter=within)
    earliest, latest = min(period[1] for period in periods), max(period[2] for period in periods)
    used = events.filter(starts_at__gte=earliest, starts_at__lt=latest).exclude(CALLED_OFF).aggregate(**measures)
    return zone, [
        LimitUse(period, begins, ends, used[f"events_{n}"], most, (used[f"time_{n}"] or 0 * HOUR) / HOUR, longest)
        for n, (period, begins, ends, most, longest) in enumerate(periods)
    ]
