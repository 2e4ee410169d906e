"""Convert local wall time to UTC, although clocks may skip an hour or repeat one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from .refusals import Refused


class LocalTimeMissing(Refused):
    """The clocks go forward over this wall time: it does not exist."""


class LocalTimeTwice(Refused):
    """The clocks go back over this wall time: it exists twice, at two offsets."""


def to_utc(wall: datetime, time_zone: str, offset: str = "") -> datetime:
    """The moment of a wall time without zone. `offset`, like "-04:00", chooses if the time exists twice.

    Raises LocalTimeMissing, or LocalTimeTwice if the offset is missing or does not fit.
    """
    zone = ZoneInfo(time_zone)
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        raise LocalTimeMissing(
            _("%(time)s does not exist on %(day)s in %(time_zone)s: the clocks go forward.")
            % {"time": f"{wall:%H:%M}", "day": f"{wall:%d %b %Y}", "time_zone": time_zone}
        )
    by_offset = {offset_text(moment): moment for moment in (first, second)}
    if offset not in by_offset:
        raise LocalTimeTwice(
            _("%(time)s occurs twice on %(day)s in %(time_zone)s. Choose which one you mean.")
            % {"time": f"{wall:%H:%M}", "day": f"{wall:%d %b %Y}", "time_zone": time_zone}
        )
    return by_offset[offset].astimezone(UTC)


def days_later(moment: datetime, time_zone: str, days: int) -> datetime:
    """The moment at the same time of day, some calendar days later.

    If the clocks skip that time on the day, it is as long after the skip began; if it occurs twice, it is the first.
    No day later is the same moment, also if it is the second of two.
    """
    if not days:
        return moment
    local = moment.astimezone(ZoneInfo(time_zone)) + timedelta(days=days)  # the sum of wall times
    return local.astimezone(UTC)


def offsets(wall: datetime, time_zone: str) -> list[str]:
    """The two offsets of a wall time that exists twice."""
    zone = ZoneInfo(time_zone)
    return [offset_text(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]


def offset_text(moment: datetime) -> str:
    """An aware moment's offset from UTC, like "-04:00"."""
    return moment.isoformat()[-6:]
