"""The limits of a program in the periods around a moment, and how far they are used."""

from datetime import UTC, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from .program_rules import FIELDS, PERIODS, Kind, Period, ProgramRules


class Span(NamedTuple):
    """From one moment until another, half-open and in UTC."""

    starts_at: datetime
    ends_at: datetime


class Limit(NamedTuple):
    """How many events and hours a period allows a device; None: unlimited."""

    period: str
    starts_at: datetime
    ends_at: datetime
    most_events: int | None
    most_hours: int | None

    @property
    def is_set(self) -> bool:
        return self.most_events is not None or self.most_hours is not None


class LimitUse(NamedTuple):
    """How far a limit is used up, and by how many devices to the full, if it is about many."""

    limit: Limit
    events: int
    hours: float
    used_up: int = 0


def limits_of(rules: ProgramRules, moment: datetime, time_zone: str) -> list[Limit]:
    """The limits of each period around a moment."""
    return [
        Limit(_(period.label), *span, _most(rules, Kind.EVENTS, period), _most(rules, Kind.HOURS, period))
        for period, span in period_spans(rules, moment, time_zone).items()
    ]


def period_spans(rules: ProgramRules, moment: datetime, time_zone: str) -> dict[Period, Span]:
    """The periods that contain a moment, in whole local days of the zone."""
    zone = ZoneInfo(time_zone)
    day = moment.astimezone(zone).date()
    days = {period: period.days(rules, day) for period in PERIODS}
    return {
        period: Span(*(datetime.combine(edge, time(), zone).astimezone(UTC) for edge in edges))
        for period, edges in days.items()
    }


def _most(rules: ProgramRules, kind: Kind, period: Period) -> int | None:
    """The limit of a kind in a period; None if the program has none."""
    fields = (field.name for field in FIELDS if (field.rule.kind, field.rule.period) == (kind, period))
    return next((getattr(rules, name) for name in fields), None)
