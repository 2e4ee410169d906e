"""Program rules that hold for a whole stage: pure functions of the rules, the window and the moment.

The rules that count a device's own use are part of sql/candidates.sql; their periods come from
integration.seam.periods.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from integration.seam.messages import ProgramRules
from integration.seam.periods import season

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


def _in_season(rules: ProgramRules, day: date) -> bool:
    opens, after = season(rules, day)
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
