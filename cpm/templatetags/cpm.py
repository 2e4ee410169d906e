"""What only the customer-program pages draw."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration.badges import OUTCOMES
from integration.templatetags.gridcall import NONE, bar, percent_of

register = template.Library()


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
