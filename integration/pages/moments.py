"""How moments and durations are written: in a zone's time with UTC beside it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


def zulu(moment: datetime) -> str:
    """The time of day in UTC: 21:42Z."""
    return f"{moment.astimezone(UTC):%H:%M}Z"


def day(local: datetime) -> str:
    """The day of a local time, in the person's language: Tue 21 Jul."""
    return date_format(local, "D j M")


def time_tag(moment: datetime, local: datetime, text: str, after: str = "") -> SafeString:
    """A `time` element: the moment in UTC for scripts; the title is the local time to the second."""
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        text,
        after,
    )


def own_zone(zone: str) -> str:
    """The zone a moment belongs to; the person's own if a list mixes zones."""
    return zone or timezone.get_current_timezone_name()


def clock_text(moment: datetime, zone: str, before: str) -> SafeString:
    """A time of day with its zone, UTC beside it; `before` is the day, or empty."""
    local = moment.astimezone(ZoneInfo(zone))
    beside = f"{local:%Z}" if zone == "UTC" else f"{local:%Z} {zulu(moment)}"
    return time_tag(moment, local, f"{before}{local:%H:%M} ", format_html("<small>{}</small>", beside))


def duration(left: timedelta) -> str:
    """1 d 03 h, 2 h 18 min, 18 min 00 s, 45 s."""
    seconds = int(left.total_seconds())
    if seconds <= 0:
        return _("now")
    if seconds >= 86_400:
        return f"{seconds // 86_400} d {seconds % 86_400 // 3600:02} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 60} min {seconds % 60:02} s" if seconds >= 60 else f"{seconds} s"
