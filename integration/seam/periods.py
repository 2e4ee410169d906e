"""The weeks, months and seasons in which a program's limits are counted."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from .messages import ProgramRules


class Bounds(NamedTuple):
    """The week, month and season a moment lies in, half-open and in UTC."""

    week_from: datetime
    week_until: datetime
    month_from: datetime
    month_until: datetime
    season_from: datetime
    season_until: datetime


class Limit(NamedTuple):
    """How many events and hours a period allows a device; None: as many as there are."""

    period: str
    starts_at: datetime
    ends_at: datetime
    most_events: int | None
    most_hours: int | None

    @property
    def is_set(self) -> bool:
        return self.most_events is not None or self.most_hours is not None


class LimitUse(NamedTuple):
    """How far a limit is used up."""

    limit: Limit
    events: int
    hours: float


def limits_of(rules: ProgramRules, moment: datetime, time_zone: str) -> list[Limit]:
    """The limits of the week, month and season around a moment."""
    bounds = period_bounds(rules, moment, time_zone)
    return [
        Limit(_("This week"), bounds.week_from, bounds.week_until, rules.events_per_week, rules.hours_per_week),
        Limit(_("This month"), bounds.month_from, bounds.month_until, rules.events_per_month, rules.hours_per_month),
        Limit(
            _("This season"), bounds.season_from, bounds.season_until, rules.events_per_season, rules.hours_per_season
        ),
    ]


def period_bounds(rules: ProgramRules, moment: datetime, time_zone: str) -> Bounds:
    """Week (Monday to Monday), month and season around a moment, in the zone's local days."""
    zone = ZoneInfo(time_zone)
    day = moment.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    first = day.replace(day=1)
    next_first = (first + timedelta(days=32)).replace(day=1)
    opens, closes = season(rules, day)
    days = (monday, monday + timedelta(days=7), first, next_first, opens, closes)
    return Bounds(*(datetime.combine(d, time(), zone).astimezone(UTC) for d in days))


def season(rules: ProgramRules, day: date) -> tuple[date, date]:
    """The season a day lies in as [first day, day after the last); the calendar year where the program has none."""
    if not (rules.season_start and rules.season_end):
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    opens, closes = _on(day.year, rules.season_start), _on(day.year, rules.season_end)
    if opens <= closes:
        return opens, closes + timedelta(days=1)
    if day >= opens:
        return opens, _on(day.year + 1, rules.season_end) + timedelta(days=1)
    return _on(day.year - 1, rules.season_start), closes + timedelta(days=1)


def _on(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))  # 29 February in a common year
