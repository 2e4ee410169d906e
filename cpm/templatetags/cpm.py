"""Tags that only the customer-program pages use."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cpm.models.contact import SelfServiceLink
from cpm.models.customers import Device
from cpm.models.enrollments import Enrollment
from cpm.models.program_events import ProgramEvent
from cpm.pages import enrollment_steps
from cpm.pages.settlement import brought_text, money, plain
from cpm.queries.unavailability import Day
from integration.pages.badges import OUTCOMES, look_of
from integration.pages.drawing import percent
from integration.pages.moments import day, moment_text
from integration.pages.numbers import NONE, count_text, decimals_of, rounded
from integration.pages.templatetags.gridcall import icon, quantity

register = template.Library()
register.filter("brought_text", brought_text)
register.filter("plain", plain)
register.filter("money", money)


@register.filter
def next_step(enrollment: Enrollment) -> str:
    """What an enrollment waits for."""
    return enrollment_steps.next_step(enrollment)


@register.filter
def entry(found: Mapping[Any, Any], key: Hashable) -> Any:
    """The entry of a row's id; None if there is none."""
    return found.get(key)


@register.filter
def kwh(wh: float | None) -> SafeString | str:
    """Energy in Wh, shown in kWh."""
    if wh is None:
        return NONE
    energy = Decimal(str(wh)) / 1000
    decimals = decimals_of(energy)
    return quantity(count_text(rounded(energy, decimals), decimals), "kWh")


@register.filter
def to_decimals(value: Decimal | None, decimals: int) -> str:
    """A number with so many decimals, as columns of numbers line up."""
    return NONE if value is None else count_text(rounded(value, decimals), decimals)


@register.filter
def segment_label(code: str) -> str:
    """What devices did, by the code of their outcome or why they have none."""
    words = {"opted out": _("Opted out"), "released": _("Released"), "reserved": _("Reserved")}
    return words.get(code) or str(look_of(code).word)


@register.simple_tag
def program_event_url(event: ProgramEvent) -> str:
    """The page of a program event."""
    return reverse("cpm:program_event", args=[event.event_number, event.stage_number])


@register.simple_tag
def participations_url(event: ProgramEvent) -> str:
    """The list of the devices in a program event."""
    return f"{reverse('cpm:participation_list')}?program_event={event.event_number}-{event.stage_number}"


@register.simple_tag
def participation_url(event: ProgramEvent, device: Device, then: str = "") -> str:
    """The page of one device in a program event; `then` is a page it leads to: "opt_out"."""
    name = "_".join(filter(None, ["cpm:participation", then]))
    return reverse(name, args=[event.event_number, event.stage_number, device.head_end, device.nic_id])


@register.simple_tag
def self_service_opt_out_url(link: SelfServiceLink, event: ProgramEvent, device: Device) -> str:
    """The customer's own page for opting one device out of a program event."""
    place = [event.event_number, event.stage_number, device.head_end, device.nic_id]
    return reverse("cpm:self_service_opt_out", args=[link.token, *place])


@register.simple_tag
def plain_moment(moment: datetime, zone: str) -> str:
    """A moment without markup, for an e-mail: Tue 21 Jul 17:42 EDT."""
    return moment_text(moment, zone)


@register.simple_tag
def plain_window(start: datetime, end: datetime, zone: str) -> str:
    """A period without markup, for an e-mail: Tue 21 Jul 17:42 to 18:42 EDT."""
    a, b = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    second_day = "" if a.date() == b.date() else f"{day(b)} "
    return _("%(from)s to %(until)s") % {"from": f"{day(a)} {a:%H:%M}", "until": f"{second_day}{b:%H:%M %Z}"}


@register.inclusion_tag("cpm/month_strip.html")
def month_strip(days: Sequence[Day]) -> dict[str, Any]:
    """Two lanes of days, unavailable above reserved; a day with neither stays empty."""
    cells = [(one, percent(n / len(days)), percent((n + 0.5) / len(days))) for n, one in enumerate(days)]
    return {"cells": cells, "width": percent(0.9 / len(days)), "used": [one for one in days if one[1:] != (0, 0)]}


@register.simple_tag
def mark(state: str) -> SafeString:
    """A badge for narrow places: an outcome shows its code, and its label to screen readers."""
    look = look_of(state)
    if state not in OUTCOMES:
        return format_html(
            '<span class="state state-{}">{}<span>{}</span></span>', look.form, icon(look.icon), look.word
        )
    return format_html(
        '<span class="state state-{}" title="{}">{}<span>{}</span><span class="visually-hidden"> {}</span></span>',
        look.form, look.word, icon(look.icon), state, look.word,
    )  # fmt: skip
