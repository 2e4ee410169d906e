"""What only the customer-program pages draw."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integration.badges import OUTCOMES
from integration.templatetags.gridcall import NONE, bar, day, percent_of

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


@register.simple_tag
def outcome_strip(counts: Mapping[str, int]) -> SafeString:
    """How the outcomes divide, for a table's cell: the bar, the share that took part, and all counts for readers."""
    total = sum(counts.values())
    if not total:
        return SafeString(NONE)
    words = ", ".join(f"{look.word} {counts[code]:,}" for code, look in OUTCOMES.items() if counts.get(code))
    shares = [(f"outcome-{code.lower()}", counts.get(code, 0) / total) for code in OUTCOMES]
    return format_html(
        '<span class="meter" title="{}">{}<span class="num">{}</span><span class="visually-hidden">{}</span></span>',
        words,
        bar(shares),
        percent_of(counts.get("D1SP", 0), total),
        words,
    )
