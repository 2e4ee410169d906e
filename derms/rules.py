"""Program rules that hold for a whole stage: pure functions of the rules, the window and the moment.

The rules that count a device's own use are part of sql/choose_devices.sql; `period_bounds` gives them their periods.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from integration.messages import ProgramRules

# Rules a program may mark as override-able, with the words pages use.
RULE_WORDS = {
    "season": "season dates",
    "weekdays": "allowed weekdays",
    "hours": "allowed hours",
    "holidays": "no holidays",
    "notice": "customer notice",
    "longest": "longest event",
    "events_per_week": "events per week",
    "events_per_month": "events per month",
    "events_per_season": "events per season",
    "hours_per_week": "hours per week",
    "hours_per_month": "hours per month",
    "hours_per_season": "hours per season",
    "consecutive_days": "consecutive days",
    "gap": "gap between events",
    "critical_care": "critical care",
}


class Bounds(NamedTuple):
    """The week, month and season a moment lies in, half-open and in UTC."""

    week_from: datetime
    week_until: datetime
    month_from: datetime
    month_until: datetime
    season_from: datetime
    season_until: datetime


def broken_rule(
    rules: ProgramRules, *, starts_at: datetime, ends_at: datetime, now: datetime, time_zone: str, overridden: set[str]
) -> str | None:
    """The first rule that keeps the whole program out of this window, in the words of RULE_WORDS; None if none does."""
    zone = ZoneInfo(time_zone)
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    broken = {
        "season": not _in_season(rules, start.date()),
        "weekdays": bool(rules.weekdays) and start.weekday() not in rules.weekdays,
        "hours": not _in_hours(rules, start, end),
        "holidays": start.date() in rules.holidays,
        "notice": rules.notice_minutes is not None and starts_at - now < timedelta(minutes=rules.notice_minutes),
        "longest": rules.longest_minutes is not None and ends_at - starts_at > timedelta(minutes=rules.longest_minutes),
    }
    in_force = (name for name, is_broken in broken.items() if is_broken and name not in lifted(rules, overridden))
    return next((f"rule: {RULE_WORDS[name]}" for name in in_force), None)


def lifted(rules: ProgramRules, overridden: set[str]) -> set[str]:
    """The rules an event overrides and the program lets it."""
    return overridden & set(rules.overridable)


def period_bounds(rules: ProgramRules, moment: datetime, time_zone: str) -> Bounds:
    """Week (Monday to Monday), month and season around a moment, in the zone's local days."""
    zone = ZoneInfo(time_zone)
    day = moment.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    first = day.replace(day=1)
    next_first = (first + timedelta(days=32)).replace(day=1)
    opens, closes = _season(rules, day)
    days = (monday, monday + timedelta(days=7), first, next_first, opens, closes)
    return Bounds(*(datetime.combine(d, time(), zone).astimezone(UTC) for d in days))


def _season(rules: ProgramRules, day: date) -> tuple[date, date]:
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


def _in_season(rules: ProgramRules, day: date) -> bool:
    opens, after = _season(rules, day)
    return opens <= day < after


def _in_hours(rules: ProgramRules, start: datetime, end: datetime) -> bool:
    """Whether the window lies in one day's allowed hours; hours that end no later than they begin pass midnight."""
    if rules.hours_from is None or rules.hours_until is None:
        return True
    days = (start.date() - timedelta(days=1), start.date())
    return any(opens <= start and end <= closes for opens, closes in (_hours(rules, day, start.tzinfo) for day in days))


def _hours(rules: ProgramRules, day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
    begins, ends = rules.hours_from or time(), rules.hours_until or time()
    last_day = day if ends > begins else day + timedelta(days=1)
    return datetime.combine(day, begins, zone), datetime.combine(last_day, ends, zone)
