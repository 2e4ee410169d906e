"""Moments and lengths of time as OpenADR writes them, in the notation that wire.py has checked."""

import re
from datetime import datetime, timedelta

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from .realm_wire import EventRequest
from .wire import AT_ONCE_DAY, IntervalPeriod

LONGEST = timedelta(days=366)
_LENGTH = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def start_of(period: IntervalPeriod | None, now: datetime) -> datetime | None:
    """When a period starts, None if it doesn't say."""
    if period is None or period.start is None:
        return None
    return now if period.start.startswith(AT_ONCE_DAY) else datetime.fromisoformat(period.start)


def length_of(period: IntervalPeriod | None, place: str) -> timedelta | None:
    """How long a period is, None if it doesn't say. Raises BadRequest: months and years have no one length."""
    if period is None or period.duration is None:
        return None
    found = _LENGTH.fullmatch(period.duration[:60])
    if found and any(found.groups()):
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        total_s = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
        if total_s <= LONGEST.total_seconds():
            return timedelta(seconds=total_s)
    raise BadRequest(
        _("%(place)s.duration: “%(value)s” must be weeks, days, hours, minutes and seconds, as PT15M, a year at most.")
        % {"place": place, "value": period.duration[:60]}
    )


def has_ended(event: EventRequest, now: datetime) -> bool:
    """Whether all of an event lies in the past; one without a start, or of unknown length, never does."""
    intervals = event.intervals or []
    try:
        first, common = start_of(event.intervalPeriod, now), length_of(event.intervalPeriod, "") or timedelta()
        whole = length_of(IntervalPeriod(duration=event.duration), "") or common * max(1, len(intervals))
        ends = [first + whole] if first else []
        for one in intervals:
            if start := start_of(one.intervalPeriod, now):
                ends.append(start + (length_of(one.intervalPeriod, "") or common))
    except (BadRequest, OverflowError):
        return False
    return bool(ends) and max(ends) < now
