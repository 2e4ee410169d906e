"""Tags and filters that show states, power, counts and times the same way everywhere."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context, Variable
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integration.pages import numbers
from integration.pages.badges import OUTCOMES, look_of
from integration.pages.columns import link
from integration.pages.drawing import BAR_PX, LANE_PX, Axis, gantt_bars, percent
from integration.pages.exports import FORMATS
from integration.pages.moments import clock_text, day, duration, named, own_zone, time_tag
from integration.pages.numbers import NBSP, NONE, Number, count_text, power_parts, power_unit, rounded, share_text
from integration.seam.outcomes import SUCCESSES
from integration.seam.recorded import in_words
from integration.seam.systems import label_of

register = template.Library()
register.filter("system", label_of)
register.filter("kwh", numbers.energy_text)
register.filter("in_words", in_words)
register.simple_tag(power_unit)
register.simple_tag(numbers.between)

TO = "\N{EN DASH}"
# A progress bar ends at 125 % of its target, so that exceeding the target is visible.
PROGRESS_SCALE = 1.25


# --- States -------------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/icons.svg, hidden from screen readers, since there is always a text beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', static("icons.svg"), name
    )


@register.simple_tag
def module(name: str) -> str:
    """The address of a module of static/js; it changes whenever one of the modules does."""
    return static(f"{settings.MODULES}/{name}")


@register.filter
def as_json(value: object) -> str:
    """A value as JSON, for a data attribute."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def badge(state: object) -> SafeString:
    """A state as icon and text; `state` is a state's value or label, an outcome code or a priority."""
    if state in (None, ""):
        return SafeString(NONE)
    look = look_of(state)
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', look.form, icon(look.icon), look.word)


@register.simple_tag
def export_formats() -> dict[str, str]:
    """The formats of exports: the value in the address, and the name that people know."""
    return FORMATS


@register.simple_tag
def request_key() -> SafeString:
    """The hidden key that makes an acting form act once if it is submitted twice."""
    return format_html('<input type="hidden" name="request_key" value="{}">', uuid.uuid4())


@register.simple_tag
def plotted(value: float | None, digits: int) -> SafeString:
    """A cell of a chart's table: the number in the person's language, and as data for the chart."""
    if value is None:
        return format_html('<td class="num">{}</td>', NONE)
    shown = rounded(Decimal(str(value)), digits)
    return format_html('<td class="num" data-value="{}">{}</td>', shown, count_text(shown, digits))


# --- Numbers ------------------------------------------------------------------------------------------------------


@register.filter
def number(value: Number | None) -> str:
    """A number with its thousands separated."""
    return count_text(value)


@register.filter
def kw(value: Number | None, unit: str = "") -> str:
    """Power in kW, as power_parts writes it; figures that are compared share a `unit` from {% power_unit %}."""
    return NONE if value is None else quantity(*power_parts(value, unit))


@register.filter
def watts(value: Number | None, unit: str = "") -> str:
    """Power in W, shown as `kw` shows it."""
    return NONE if value is None else kw(float(value) / 1000, unit)


def quantity(text: str, unit: str) -> SafeString:
    return format_html("{}{}<small>{}</small>", text, NBSP, unit)


@register.filter
def percent_of(part: Number | None, whole: Number | None) -> str:
    """The share of the whole that a part is, in whole percent, rounded down."""
    return share_text(part, whole) if part is not None and whole else NONE


# --- Times --------------------------------------------------------------------------------------------------------


# A page has one zone of time, named in its header: a moment names its zone only if it is another one. Its title has the
# zone's time to the second, and UTC.


@register.simple_tag
def when(moment: datetime | None, zone: str = "") -> SafeString:
    """A moment with its day: Tue 21 Jul 17:42. `zone` is an IANA name, by default the page's zone."""
    return SafeString(NONE) if moment is None else clock_text(moment, own_zone(zone), with_day=True)


@register.simple_tag
def clock(moment: datetime | None, zone: str = "") -> SafeString:
    """A moment without its day: 17:42."""
    return SafeString(NONE) if moment is None else clock_text(moment, own_zone(zone))


@register.simple_tag
def now_in(moment: datetime, zone: str = "") -> SafeString:
    """The present moment with its zone and UTC: Tue 21 Jul 17:42 EDT 21:42Z."""
    return clock_text(moment, own_zone(zone), with_day=True, with_zone=True)


@register.simple_tag
def window(start: datetime | None, end: datetime | None, zone: str = "") -> SafeString:
    """A period: Tue 21 Jul 17:42-18:42; the second day only if it differs."""
    if start is None or end is None:
        return SafeString(NONE)
    zone = own_zone(zone)
    a, b = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    second_day = "" if a.date() == b.date() else f"{day(b)} "
    return format_html(
        '<span class="when">{}{}{}{}</span>',
        time_tag(start, a, f"{day(a)} {a:%H:%M}"),
        TO,
        time_tag(end, b, f"{second_day}{b:%H:%M}"),
        named(a, zone) or named(b, zone),
    )


@register.simple_tag(takes_context=True)
def countdown(context: Context, moment: datetime | None) -> SafeString:
    """How long until a moment; clock.js counts it down. Past moments show as `now`."""
    if moment is None:
        return SafeString(NONE)
    left = duration(moment - server_now(context))
    return format_html(
        '<time data-countdown="{}" datetime="{}">{}</time>', _("now"), moment.astimezone(UTC).isoformat(), left
    )


@register.simple_tag(takes_context=True)
def age(context: Context, moment: datetime) -> SafeString:
    """How long ago a moment was, from 1 s on; clock.js counts on."""
    past = duration(max(server_now(context) - moment, timedelta(seconds=1)))
    return format_html('<time data-age datetime="{}">{}</time>', moment.astimezone(UTC).isoformat(), past)


def server_now(context: Context) -> datetime:
    moment: datetime = Variable("server_now").resolve(context)
    return moment


# --- Bars ---------------------------------------------------------------------------------------------------------


def bar(parts: Sequence[tuple[str, float]], mark: str | None = None, links: Sequence[str] = ()) -> SafeString:
    """Parts (class, share of the width) side by side; `mark` is the position of a tick, `links` where parts lead.

    The keyboard and screen readers don't see the links: a text next to the bar leads there, too.
    """
    rects, x = [], 0.0
    for form, share in parts:
        rects.append((form, percent(x), percent(min(share, 1 - x))))
        x = min(1.0, x + share)
    drawn = [format_html('<rect class="{}" x="{}" width="{}" height="100%"/>', *rect) for rect in rects]
    if any(links):
        drawn = [format_html('<a href="{}" tabindex="-1">{}</a>', *both) for both in zip(links, drawn, strict=True)]
    tick = format_html('<line class="target" x1="{0}" x2="{0}" y1="0" y2="100%"/>', mark) if mark else ""
    return format_html(
        '<svg class="bar" aria-hidden="true"><rect class="rest" width="100%" height="100%"/>{}{}</svg>',
        format_html_join("", "{}", ([part] for part in drawn)),
        tick,
    )


@register.simple_tag
def meter(value: Number | None, total: Number | None) -> SafeString:
    """A small bar against its target (the tick) with the percentage beside it, for a table's cell."""
    if value is None or not total:
        return SafeString(NONE)
    drawn = bar([("part", float(value) / float(total) / PROGRESS_SCALE)], mark=percent(1 / PROGRESS_SCALE))
    return format_html('<span class="meter">{} <span class="num">{}</span></span>', drawn, percent_of(value, total))


@register.simple_tag
def funnel_bar(label: str, value: int | None, total: int | None, missing: int = 0) -> SafeString:
    """One step of a funnel: label, count of total, bar; `missing` is drawn hatched behind the count."""
    whole = total or 0
    shares = [("part", (value or 0) / whole), ("missing", missing / whole)] if whole else []
    return format_html(
        '<div class="funnel"><span>{}</span><span class="num">{} / {}</span>{}</div>',
        label,
        number(value),
        number(total),
        bar(shares),
    )


@register.simple_tag
def outcome_bar(counts: Mapping[str, int], address: str = "") -> SafeString:
    """The distribution of outcomes: a bar and a legend with every code; `counts` is code -> devices.

    With an address that ends before the code, each outcome that occurs is a link to its devices, in bar and legend.
    """
    total = sum(counts.values())
    shares = outcome_shares(counts, total)
    links = [address and f"{address}{code}" for code in OUTCOMES]
    rows = legend_rows(counts, total, address)
    legend = format_html_join("", "<li>{}<span>{}</span><b>{}</b><small>{}</small></li>", rows)
    return format_html('<div class="outcomes">{}<ul>{}</ul></div>', bar(shares, links=links), legend)


def outcome_shares(counts: Mapping[str, int], total: int) -> list[tuple[str, float]]:
    return [(f"fill-{code.about.fill}", counts.get(code, 0) / total) for code in OUTCOMES] if total else []


def legend_rows(counts: Mapping[str, int], total: int, address: str) -> list[tuple[SafeString, object, str, str]]:
    key = '<svg class="key" aria-hidden="true"><rect class="fill-{}" width="100%" height="100%"/></svg>'
    return [
        (
            format_html(key, code.about.fill),
            link(f"{address}{code}", look.word) if address and counts.get(code) else look.word,
            number(counts.get(code, 0)),
            percent_of(counts.get(code, 0), total),
        )
        for code, look in OUTCOMES.items()
    ]


@register.simple_tag
def outcome_strip(counts: Mapping[str, int]) -> SafeString:
    """The distribution of outcomes for a table's cell: a bar, the share of successes, all counts for screen readers."""
    total = sum(counts.values())
    if not total:
        return SafeString(NONE)
    listed = ", ".join(f"{look.word} {number(counts[code])}" for code, look in OUTCOMES.items() if counts.get(code))
    return format_html(
        '<span class="meter" title="{}">{}<span class="num">{}</span><span class="visually-hidden">{}</span></span>',
        listed,
        bar(outcome_shares(counts, total)),
        percent_of(sum(counts.get(code, 0) for code in SUCCESSES), total),
        listed,
    )


@register.inclusion_tag("partials/gantt.html", takes_context=True)
def gantt(context: Context, bars: Iterable[Any], starts_at: datetime, ends_at: datetime, zone: str) -> dict[str, Any]:
    """Bars over time. A bar is an object or a dict with label, starts_at, ends_at and state."""
    now, axis = server_now(context), Axis(starts_at, ends_at)
    rows = gantt_bars(bars, axis, now, zone)
    return {
        "bars": rows,
        "label": "; ".join(row.says for row in rows) or _("No stages"),
        "ticks": axis.ticks(zone),
        "now_x": axis.x(now) if starts_at <= now < ends_at else None,
        "bar_height": BAR_PX,
        "lanes_height": len(rows) * LANE_PX + 4,
        "height": len(rows) * LANE_PX + 24,
        "zone": f"{starts_at.astimezone(ZoneInfo(zone)):%Z}",
    }
