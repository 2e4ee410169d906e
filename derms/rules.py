"""Program rules that apply to a whole stage: pure functions of the rules, the window and the current time.

Rules about single devices are part of sql/candidates.sql (set_operations/limits.py).
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from integration.seam.program_rules import RULES, ProgramRules, Rule
from integration.seam.recorded import recorded

RULE = "rule: "  # prefix of every reason that comes from a rule
OF_A_RULE = recorded("rule: %(rule)s")


class Window(NamedTuple):
    """A stage's window in the control zone's time, its event's length around it, and the notice that customers get."""

    start: datetime
    end: datetime
    length: timedelta
    notice: timedelta


def broken_rule(
    rules: ProgramRules,
    *,
    starts_at: datetime,
    ends_at: datetime,
    length: timedelta,
    now: datetime,
    time_zone: str,
    overridden: set[str],
) -> str | None:
    """Return the reason of the first rule that keeps the whole program out of this window, or None.

    `length` is that of the event around it: the program's stages that adjoin each other are one.
    """
    zone = ZoneInfo(time_zone)
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    window = Window(start, end, length=length, notice=starts_at - now)
    without = lifted(rules, overridden)
    broken = (rule for name, rule in RULES.items() if name in BREAKS and BREAKS[name](rules, window))
    return next((reason_of(rule) for rule in broken if rule.name not in without), None)


def reason_of(rule: Rule) -> str:
    """Return the reason recorded for devices that a rule leaves out."""
    return OF_A_RULE(rule=rule.reason)


def lifted(rules: ProgramRules, overridden: set[str]) -> set[str]:
    """Return the rules that the event overrides and the program allows it to override."""
    return overridden & set(rules.overridable)


def _out_of_season(rules: ProgramRules, window: Window) -> bool:
    day = window.start.date()
    opens, after = rules.season(day)
    return not opens <= day < after


def _on_other_weekday(rules: ProgramRules, window: Window) -> bool:
    return bool(rules.weekdays) and window.start.weekday() not in rules.weekdays


def _out_of_hours(rules: ProgramRules, window: Window) -> bool:
    """Whether no day's allowed hours contain the window; hours that end no later than they begin run past midnight."""
    if rules.hours_from is None or rules.hours_until is None:
        return False
    start, end = window.start, window.end
    days = (start.date() - timedelta(days=1), start.date())
    return not any(
        opens <= start and end <= closes for opens, closes in (_hours(rules, day, start.tzinfo) for day in days)
    )


def _hours(rules: ProgramRules, day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
    begins, ends = rules.hours_from or time(), rules.hours_until or time()
    last_day = day if ends > begins else day + timedelta(days=1)
    return datetime.combine(day, begins, zone), datetime.combine(last_day, ends, zone)


def _on_holiday(rules: ProgramRules, window: Window) -> bool:
    """Whether the window touches one of the days; it ends before the moment `end`."""
    first, last = window.start.date(), (window.end - timedelta(microseconds=1)).date()
    return any(first <= day <= last for day in rules.holidays)


def _at_short_notice(rules: ProgramRules, window: Window) -> bool:
    return rules.notice_minutes is not None and window.notice < timedelta(minutes=rules.notice_minutes)


def _too_long(rules: ProgramRules, window: Window) -> bool:
    return rules.longest_minutes is not None and window.length > timedelta(minutes=rules.longest_minutes)


BREAKS: Mapping[str, Callable[[ProgramRules, Window], bool]] = {
    "season": _out_of_season,
    "weekdays": _on_other_weekday,
    "hours": _out_of_hours,
    "holidays": _on_holiday,
    "notice": _at_short_notice,
    "longest": _too_long,
}
