"""The rules a program may have: one entry each, a field of ProgramRules.

CPM keeps them and DERMS evaluates them. Everything is derived from the entries: the message, CPM's form and page, the
periods in which limits are counted, the SQL that chooses devices, the reasons why devices are left out, the lists of
rules that an event may override, and the table in the documentation. Plain Python, because a message carries the rules;
pages translate the texts.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum, auto
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.fields import FieldInfo

from .contract import Contract
from .texts import _

ONE_DAY = timedelta(days=1)
MOST = 100_000  # of minutes, days, hours or events; a program without a limit leaves it empty


class Unit(Enum):
    """What the value of a field is; CPM's form has an input for each."""

    MONTH_DAY = auto()
    TIME_OF_DAY = auto()
    WEEKDAYS = auto()
    DATES = auto()
    MINUTES = auto()
    DAYS = auto()
    EVENTS = auto()
    HOURS = auto()
    FLAG = auto()


MonthDay = Annotated[str | None, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"), Unit.MONTH_DAY]
TimeOfDay = Annotated[time | None, Unit.TIME_OF_DAY]
Weekdays = Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Unit.WEEKDAYS]
Dates = Annotated[tuple[date, ...], Unit.DATES]
Minutes = Annotated[int | None, Field(ge=0), Unit.MINUTES]
SomeMinutes = Annotated[int | None, Field(ge=1), Unit.MINUTES]
SomeDays = Annotated[int | None, Field(ge=1), Unit.DAYS]
Events = Annotated[int | None, Field(ge=0), Unit.EVENTS]
Hours = Annotated[int | None, Field(ge=0), Unit.HOURS]
Flag = Annotated[bool, Unit.FLAG]


class Kind(Enum):
    """How DERMS evaluates a rule: the first two per stage, in derms/rules.py; the others per device, in
    derms/set_operations/limits.py.
    """

    WINDOW = auto()  # when a stage may run
    LENGTH = auto()  # how long an event may be
    GAP = auto()  # the time between two events of a device
    DAYS = auto()  # days in a row with an event of a device
    EVENTS = auto()  # events of a device in a period
    HOURS = auto()  # hours of a device in a period
    EXEMPTION = auto()  # kinds of devices that are left out


class Period(NamedTuple):
    """A period in which limits are counted; `days` returns its first local day and the day after its last."""

    name: str
    label: str
    days: Callable[["ProgramRules", date], tuple[date, date]]


@dataclass(frozen=True)
class Rule:
    """A rule: its name in messages and events, its label in CPM, why DERMS leaves devices out, when it is broken.

    A rule about a device's use looks at its events in this program, or in all of them.
    """

    name: str
    label: str
    reason: str
    kind: Kind
    broken_if: str
    period: Period | None = None
    all_programs: bool = False


@dataclass(frozen=True)
class Input:
    """How CPM's form asks for a field; without a label, the rule's is used."""

    help_text: str = _("Empty: no limit.")
    label: str = ""


def _week(_rules: "ProgramRules", day: date) -> tuple[date, date]:
    monday = day - day.weekday() * ONE_DAY
    return monday, monday + 7 * ONE_DAY


def _month(_rules: "ProgramRules", day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + 32 * ONE_DAY).replace(day=1)


DAY = Period("day", _("Today"), lambda _rules, day: (day, day + ONE_DAY))
WEEK = Period("week", _("This week"), _week)
MONTH = Period("month", _("This month"), _month)
SEASON = Period("season", _("This season"), lambda rules, day: rules.season(day))


def _events(period: Period, label: str, reason: str) -> Rule:
    broken_if = f"the device already has this many other events in the {period.name}"
    return Rule(f"events_per_{period.name}", label, reason, Kind.EVENTS, broken_if, period)


def _hours(period: Period, label: str, reason: str) -> Rule:
    broken_if = f"the stage would take the device's hours in the {period.name} above this"
    return Rule(f"hours_per_{period.name}", label, reason, Kind.HOURS, broken_if, period)


SEASON_DATES = Rule(
    "season",
    _("Season"),
    _("season dates"),
    Kind.WINDOW,
    "the stage's local start day is outside the season",
)
ALLOWED_HOURS = Rule(
    "hours",
    _("Hours of the day"),
    _("allowed hours"),
    Kind.WINDOW,
    "the window is not inside one day's hours; hours may span midnight",
)
WEEKDAYS = Rule("weekdays", _("Weekdays"), _("allowed weekdays"), Kind.WINDOW, "the stage starts on another weekday")
HOLIDAYS = Rule("holidays", _("Holidays"), _("no holidays"), Kind.WINDOW, "the window touches one of these local days")
NOTICE = Rule(
    "notice",
    _("Customer notice"),
    _("customer notice"),
    Kind.WINDOW,
    "at Schedule, fewer minutes than this remain until the start",
)
LONGEST = Rule(
    "longest",
    _("Longest event"),
    _("longest event"),
    Kind.LENGTH,
    "the stage and those that adjoin it last longer than this many minutes",
)
CONSECUTIVE_DAYS = Rule(
    "consecutive_days",
    _("Consecutive days"),
    _("consecutive days"),
    Kind.DAYS,
    "the device would be used on more days in a row",
)
GAP = Rule(
    "gap",
    _("Gap between events"),
    _("gap between events"),
    Kind.GAP,
    "another event of the device, in any program, ends or starts closer than this many minutes",
    all_programs=True,
)
CRITICAL_CARE = Rule(
    "critical_care",
    _("Critical care"),
    _("critical care"),
    Kind.EXEMPTION,
    "the program exempts critical-care devices and this is one",
)


class ProgramRules(Contract):
    """When and how often a program's devices may be used. None, empty or False: the rule does not exist.

    Seasons are month-day pairs and may span the new year; hours and weekdays (Monday is 0) are the control zone's.
    """

    season_start: Annotated[MonthDay, SEASON_DATES, Input(_("Month-day. Empty: all year."), _("Season begins"))] = (
        Field(default=None, description="First day of the season, month-day; null: all year.")
    )
    season_end: Annotated[
        MonthDay, SEASON_DATES, Input(_("Month-day, the last day of the season."), _("Season ends"))
    ] = Field(default=None, description="Last day of the season, month-day.")
    weekdays: Annotated[Weekdays, WEEKDAYS, Input(_("None chosen: every day."))] = Field(
        default=(), description="Weekdays on which events may start, 0 is Monday; empty: all."
    )
    hours_from: Annotated[TimeOfDay, ALLOWED_HOURS, Input(_("Events begin no earlier."), _("From (local time)"))] = (
        Field(default=None, description="Time of the control zone's day before which no event runs.")
    )
    hours_until: Annotated[
        TimeOfDay,
        ALLOWED_HOURS,
        Input(_("Events end no later. Earlier than From: on the next day."), _("Until (local time)")),
    ] = Field(default=None, description="Time of the control zone's day after which no event runs.")
    holidays: Annotated[Dates, HOLIDAYS, Input(_("Days without events, one per line: 2026-07-04."))] = Field(
        default=(), description="Days without events."
    )
    notice_minutes: Annotated[
        Minutes,
        NOTICE,
        Input(_("Minimum time from Schedule to the start. Empty: none."), _("Customer notice (minutes)")),
    ] = Field(default=None, description="Minutes from Schedule to the start, at least.")
    longest_minutes: Annotated[SomeMinutes, LONGEST, Input(label=_("Longest event (minutes)"))] = Field(
        default=None, description="Minutes that an event's adjoining stages may last together."
    )
    events_per_day: Annotated[Events, _events(DAY, _("Events per day"), _("events per day"))] = Field(
        default=None, description="Events of a device on one day of the control zone."
    )
    events_per_week: Annotated[Events, _events(WEEK, _("Events per week"), _("events per week"))] = Field(
        default=None, description="Events of a device from Monday to Sunday."
    )
    events_per_month: Annotated[Events, _events(MONTH, _("Events per month"), _("events per month"))] = Field(
        default=None, description="Events of a device in a calendar month."
    )
    events_per_season: Annotated[Events, _events(SEASON, _("Events per season"), _("events per season"))] = Field(
        default=None, description="Events of a device in a season."
    )
    hours_per_week: Annotated[Hours, _hours(WEEK, _("Hours per week"), _("hours per week"))] = Field(
        default=None, description="Hours of a device from Monday to Sunday."
    )
    hours_per_month: Annotated[Hours, _hours(MONTH, _("Hours per month"), _("hours per month"))] = Field(
        default=None, description="Hours of a device in a calendar month."
    )
    hours_per_season: Annotated[Hours, _hours(SEASON, _("Hours per season"), _("hours per season"))] = Field(
        default=None, description="Hours of a device in a season."
    )
    consecutive_days: Annotated[
        SomeDays, CONSECUTIVE_DAYS, Input(_("Maximum number of days in a row. Empty: no limit."))
    ] = Field(default=None, description="Days in a row with an event of a device.")
    gap_minutes: Annotated[
        Minutes,
        GAP,
        Input(
            _("Minimum time from the end of one event to the start of the next. Empty: none."),
            _("Gap between events (minutes)"),
        ),
    ] = Field(default=None, description="Minutes from the end of a device's event to the start of its next, at least.")
    critical_care_exempt: Annotated[
        Flag, CRITICAL_CARE, Input(_("Devices of critical-care customers are left out."), _("Critical-care exemption"))
    ] = Field(default=False, description="Whether devices of critical-care customers are left out.")
    overridable: tuple[str, ...] = Field(default=(), description="Names of the rules that an event may override.")

    def season(self, day: date) -> tuple[date, date]:
        """The season that contains a day, as [first day, day after the last); without seasons, the calendar year."""
        if not (self.season_start and self.season_end):
            return date(day.year, 1, 1), date(day.year + 1, 1, 1)
        opens, closes = _on(day.year, self.season_start), _on(day.year, self.season_end)
        if opens <= closes:
            return opens, closes + ONE_DAY
        if day >= opens:
            return opens, _on(day.year + 1, self.season_end) + ONE_DAY
        return _on(day.year - 1, self.season_start), closes + ONE_DAY


def _on(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))  # 29 February in a common year


class RuleField(NamedTuple):
    """A field of ProgramRules as its entry describes it; `least` is the smallest number it may hold."""

    name: str
    rule: Rule
    unit: Unit
    label: str
    help_text: str
    least: int


def _described(name: str, field: FieldInfo) -> RuleField:
    rule = next(m for m in field.metadata if isinstance(m, Rule))
    unit = next(m for m in field.metadata if isinstance(m, Unit))
    asked = next((m for m in field.metadata if isinstance(m, Input)), Input())
    least = next((m.ge for m in field.metadata if hasattr(m, "ge")), 0)
    return RuleField(name, rule, unit, asked.label or rule.label, asked.help_text, least)


FIELDS = tuple(_described(name, field) for name, field in ProgramRules.model_fields.items() if name != "overridable")
RULES: Mapping[str, Rule] = {field.rule.name: field.rule for field in FIELDS}
# Two fields that only mean something together, and the sentence about one alone.
BOTH_OR_NONE = (
    ("season_start", "season_end", _("A season needs both its first and its last day.")),
    ("hours_from", "hours_until", _("Hours need both a start and an end.")),
)
PERIODS = tuple(dict.fromkeys(rule.period for rule in RULES.values() if rule.period))
