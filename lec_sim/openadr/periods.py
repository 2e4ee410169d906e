"""Moments and lengths of time as OpenADR writes them. Each raises BadRequest with the place and the value."""

import re
from datetime import datetime, timedelta

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from .wire import IntervalPeriod

NOW = "0001-01-01"  # a start at the moment of reading
LONGEST = timedelta(days=366)
_LENGTH = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def start_of(period: IntervalPeriod | None, place: str, now: datetime) -> datetime | None:
    """When a period starts, None if it doesn't say."""
    if period is None or period.start is None:
        return None
    if period.start.startswith(NOW):
        return now
    try:
        found = datetime.fromisoformat(period.start)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise BadRequest(
            _("%(place)s.start: “%(value)s” must be a moment with its offset, as 2026-07-22T18:00:00Z.")
            % {"place": place, "value": period.start[:60]}
        )
    return found


def length_of(period: IntervalPeriod | None, place: str) -> timedelta | None:
    """How long a period is, None if it doesn't say. Months and years have no one length."""
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
