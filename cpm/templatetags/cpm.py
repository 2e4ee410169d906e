"""What only the customer-program pages draw."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _

from integration.templatetags.gridcall import day

register = template.Library()


@register.simple_tag
def plain_moment(moment: datetime, zone: str) -> str:
    """A moment without markup, for an e-mail: Tue 21 Jul 17:42 EDT."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H:%M %Z}"


@register.simple_tag
def plain_window(start: datetime, end: datetime, zone: str) -> str:
    """A period without markup, for an e-mail: Tue 21 Jul 17:42 to 18:42 EDT."""
    a, b = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    second_day = "" if a.date() == b.date() else f"{day(b)} "
    return _("%(from)s to %(until)s") % {"from": f"{day(a)} {a:%H:%M}", "until": f"{second_day}{b:%H:%M %Z}"}
