"""How moments and durations are written: in the time of the page's zone."""

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


def day_text(moment: datetime, zone: str) -> str:
    """The day of a moment with its year, in the person's language: 21 Jul 2026."""
    return date_format(moment.astimezone(ZoneInfo(zone)), "j M Y")


def moment_text(moment: datetime, zone: str) -> str:
    """A moment without markup, for a sentence or an e-mail, in the person's language: Tue 21 Jul 17:42 EDT."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H:%M %Z}"


def time_tag(moment: datetime, local: datetime, text: str, after: str = "") -> SafeString:
    """A `time` element: the moment in UTC for scripts; the title is the local time to the second, and UTC."""
    beside = "" if local.tzname() == "UTC" else f", {moment.astimezone(UTC):%H:%M:%S} UTC"
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S %Z}{beside}",
        text,
        after,
    )


def show_in(zone: str) -> None:
    """Make a zone the one of the page that is being made: its header names it, its moments don't repeat it."""
    timezone.activate(ZoneInfo(zone))


def own_zone(zone: str) -> str:
    """The zone a moment belongs to; if none is given, the page's."""
    return zone or timezone.get_current_timezone_name()


def clock_text(moment: datetime, zone: str, *, with_day: bool = False, with_zone: bool = False) -> SafeString:
    """A time of day; with its zone and UTC, or with its zone only if the page has another one."""
    local = moment.astimezone(ZoneInfo(zone))
    text = f"{day(local)} {local:%H:%M}" if with_day else f"{local:%H:%M}"
    if not with_zone:
        return time_tag(moment, local, text, named(local, zone))
    beside = f"{local:%Z}" if zone == "UTC" else f"{local:%Z} {zulu(moment)}"
    return time_tag(moment, local, f"{text} ", format_html("<small>{}</small>", beside))


def named(local: datetime, zone: str) -> SafeString:
    """The name of a local time's zone, if the page has another one or the time of day occurs twice."""
    is_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    is_known = zone == timezone.get_current_timezone_name() and not is_twice
    return SafeString("") if is_known else format_html(" <small>{}</small>", f"{local:%Z}")


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
