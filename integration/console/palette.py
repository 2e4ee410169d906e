"""The command palette: finds pages by any of their names, and events, customers and devices by number or name."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cpm.models.programs import Program
from cpm.queries import customers, customers_like
from derms.actions import ACTIONS, Action, refusal
from derms.models import DerGroup, Device, Event, Strategy
from derms.queries.lists import events_for_list
from integration.pages.access import allow
from integration.pages.http import SignedInRequest
from integration.pages.limits import is_over

from .context import TOOLS, may_open

FOUND_PER_KIND = 6
LOOKED_AT = 50  # events that an action is tried on, to find those it is possible for
SEARCHES_A_MINUTE = 240  # typing a word sends a few searches
SHORTEST = 2

# Other names for a page, from the reference text and from people.
OTHER_WORDS: dict[str, tuple[str | Promise, ...]] = {
    "derms:event_list": (gettext_lazy("State Tracking"), gettext_lazy("Event Cancellation")),
    "cpm:program_list": (gettext_lazy("Program Configuration"), gettext_lazy("Program Type Configuration")),
    "cpm:customer_list": (
        gettext_lazy("Current Enrollment"),
        gettext_lazy("Schedule Unavailability"),
        gettext_lazy("Device Location"),
        gettext_lazy("Opt Out"),
    ),
    "cpm:participation_list": (gettext_lazy("Preemptive Opt-Out"), gettext_lazy("Outcome")),
    "lec_sim:stage_list": (gettext_lazy("LEC"),),
}


class Found(NamedTuple):
    """One line of the palette."""

    label: str
    note: str
    icon: str
    url: str


@require_safe
@allow()
def palette(request: SignedInRequest) -> HttpResponse:
    """What matches; only the list if htmx asks, else a whole page."""
    words = request.GET.get("q", "").strip()[:120]
    if words and is_over("find", str(request.user.pk), per_minute=SEARCHES_A_MINUTE):
        return HttpResponse(_("Too many searches. Wait a minute, then try again."), status=429)
    template = "console/palette.html#found" if request.htmx else "console/palette.html"
    return render(request, template, {"words": words, "found": [*find(request, words)]})


def find(request: HttpRequest, words: str) -> Iterator[Found]:
    """Matching pages first, then objects; only what this person may open."""
    yield from _pages(request, words.casefold())
    if len(words) >= SHORTEST:
        yield from _events(request, words)
        yield from _plans(request, words)
        yield from _customers(request, words)
        yield from _devices(request, words)


def _pages(request: HttpRequest, words: str) -> Iterator[Found]:
    new_event = reverse("derms:event_new")
    if words in str(_("+ New Event")).casefold() and may_open(request.user, new_event):
        yield Found(_("+ New Event"), _("DERMS Events"), "plus", new_event)
    for section, tools in TOOLS.items():
        for tool in tools:
            url = reverse(tool.url_name)
            names = [str(tool.label), *map(str, OTHER_WORDS.get(tool.url_name, ()))]
            hit = next((name for name in names if words in name.casefold()), None)
            if hit is None and words in str(_("Tools Selection")).casefold():
                hit = names[0]
            if hit and may_open(request.user, url):
                yield Found(hit, str(section) if hit == names[0] else names[0], tool.icon, url)


def _events(request: HttpRequest, words: str) -> Iterator[Found]:
    """Events by number or name; after a verb, that action: "cancel DR-2026-0142"."""
    first, _space, rest = words.partition(" ")
    action = next((a for a in ACTIONS.values() if first.casefold() in (a.verb, a.name.casefold())), None)
    if not request.user.has_perm(action.permission if action else "derms.view_event"):
        return
    found = _events_to(action, rest, request.user) if action else _events_like(words)[:FOUND_PER_KIND]
    for event in found:
        url = reverse(f"derms:event_{action.verb}" if action else "derms:event", args=[event.number])
        label = f"{action.name} {event.number}" if action else f"{event.number} {event.name}"
        note = f"{event.name if action else event.zone} · {event.get_state_display()}"
        if may_open(request.user, url):
            yield Found(label, note, "calendar-event", url)


def _events_like(words: str) -> QuerySet[Event]:
    found = events_for_list()
    by_number, by_name = found.filter(number__icontains=words), found.filter(name__icontains=words)
    return (by_number | by_name).order_by("-pk")


def _events_to(action: Action, words: str, person: Any) -> list[Event]:
    """The latest events that this person can do this to now."""
    in_state = _events_like(words).filter(state__in=action.states)[:LOOKED_AT]
    return [event for event in in_state if not refusal(action, event, person)][:FOUND_PER_KIND]


def _plans(request: HttpRequest, words: str) -> Iterator[Found]:
    """Strategies, DER groups and programs by name, and programs by code."""
    strategies = Strategy.objects.filter(name__icontains=words).order_by("name")[:FOUND_PER_KIND]
    groups = DerGroup.objects.filter(name__icontains=words).order_by("name")[:FOUND_PER_KIND]
    programs = Program.objects.filter(name__icontains=words) | Program.objects.filter(code__icontains=words)
    found = [
        *(Found(s.name, _("Strategies"), "template", reverse("derms:strategy_edit", args=[s.uid])) for s in strategies),
        *(Found(g.name, _("DER Groups"), "sitemap", reverse("derms:group_edit", args=[g.pk])) for g in groups),
        *(
            Found(p.name, _("Programs"), "clipboard-list", reverse("cpm:program", args=[p.code]))
            for p in programs.order_by("name")[:FOUND_PER_KIND]
        ),
    ]
    yield from (one for one in found if may_open(request.user, one.url))


def _customers(request: HttpRequest, words: str) -> Iterator[Found]:
    if not request.user.has_perm("cpm.view_customer"):
        return
    for customer in customers_like(customers(), words).order_by("number")[:FOUND_PER_KIND]:
        url = reverse("cpm:customer", args=[customer.number])
        yield Found(customer.name, customer.number, "users", url)


def _devices(request: HttpRequest, words: str) -> Iterator[Found]:
    if not request.user.has_perm("derms.view_device"):
        return
    nic_id = words.rpartition("/")[2].upper()
    for device in (
        Device.objects.select_related("head_end").filter(nic_id__startswith=nic_id).order_by("nic_id")[:FOUND_PER_KIND]
    ):
        url = reverse("derms:device", args=[device.head_end.code, device.nic_id])
        yield Found(f"{device.head_end.code}/{device.nic_id}", _("Device"), "plug-connected", url)
