"""The list of events, an event's page and its report."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from derms.pages.charts import charts_of
from derms.queries.lists import events_for_list, open_alerts_by_event, receipts, stages_of
from integration.pages.access import allow
from integration.pages.exports import export, listing_of
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.models import Alert, Delivery
from integration.seam.queries import deliveries

from ..actions import actions_for_several
from ..choices import FINAL_STATES
from ..filters import EVENT_VIEWS, EventFilter
from ..models import Event
from .tracking import buttons, steps

DELIVERIES_SHOWN = 12


@require_safe
@allow("derms.view_event")
def event_list(request: SignedInRequest) -> HttpResponse:
    """DERMS Events."""
    if uid := request.GET.get("uid"):
        return redirect("derms:event", get_object_or_404(Event, uid=_uuid(uid)).number)
    found = _filtered(request)
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    alerts = open_alerts_by_event([e.uid for e in page.object_list])
    context = {
        "filter": found,
        "page": page,
        "rows": [(e, alerts.get(e.uid, [])) for e in page.object_list],
        "view": found.data["view"],
        "columns": list(columns(request.GET.get("sort", ""))),
        "actions": actions_for_several(request.user),
        "views": [(name, label) for name, (label, _states) in EVENT_VIEWS.items()],
    }
    return render(request, "derms/event_list.html#event-rows" if request.htmx else "derms/event_list.html", context)


@require_safe
@allow("derms.view_event")
def event_export(request: SignedInRequest) -> HttpResponseBase:
    """Export every event that matches the filter, the newest first, or only the selected ones."""
    found = _filtered(request).qs
    if numbers := request.GET.getlist("number"):
        found = events_for_list().filter(number__in=numbers)
    return export(request, listing_of("derms-events", found, ("-id",), _header(), _cells))


@require_safe
@allow("derms.view_event")
def event(request: SignedInRequest, number: str) -> HttpResponse:
    """One event; only the live fragment if htmx asks for it."""
    found = get_object_or_404(events_for_list(), number=number)
    template = "derms/event.html#event-live" if request.htmx else "derms/event.html"
    return render(request, template, event_context(request, found))


@require_safe
@allow("derms.view_event")
def event_report(request: SignedInRequest, number: str) -> HttpResponse:
    """A printable report: figures, charts, stages, and the full history and alerts."""
    found = get_object_or_404(events_for_list(), number=number)
    whole = {
        "transitions": found.transitions.select_related("stage").order_by("at", "pk"),
        "alerts": Alert.objects.filter(event_uid=found.uid).order_by("opened_at"),
    }
    return render(request, "derms/event_report.html", event_context(request, found) | whole)


def _filtered(request: SignedInRequest) -> EventFilter:
    data = request.GET.copy()
    data.setdefault("view", "active")
    return EventFilter(data, queryset=events_for_list())


class Column(NamedTuple):
    """A heading of the list: `sort` is the order its link asks for, `sorted` how the list is sorted by it now."""

    label: str
    css: str = ""
    sort: str = ""
    sorted: str = ""


def columns(sort: str) -> Iterator[Column]:
    """The headings; the one the list is sorted by turns the order round."""
    off, wide, num = "cell-off", "cell-off cell-wide", "num"
    for label, css, key in (
        (_("Event"), "", "number"), (_("Name, control zone, strategy"), "", "name"), (_("State"), "", "state"),
        (_("Approval"), wide, ""), (_("Type, objective"), off, ""), (_("Window"), "", "starts"),
        (_("Target"), f"{num} {off}", "target"), (_("Reserved"), num, "reserved"), (_("Progress"), wide, ""),
    ):  # fmt: skip
        if not key or sort.lstrip("-") != key:
            yield Column(label, css, key)
        elif sort.startswith("-"):
            yield Column(label, css, key, "descending")
        else:
            yield Column(label, css, f"-{key}", "ascending")


def _header() -> list[str]:
    return [
        _("Event"), _("Name"), _("State"), _("Approval"), _("Balance Authority approval"), _("Type"), _("Objective"),
        _("Control zone"), _("Strategy"), _("Starts at"), _("Ends at"), _("Target (kW)"), _("Reserved (W)"),
    ]  # fmt: skip


def _cells(event: Any) -> Iterator[Any]:
    yield from (event.number, event.name, event.state, event.approval, event.balance_authority_approval)
    yield from (event.type_id, event.objective, event.zone.code, event.strategy.name, event.starts_at, event.ends_at)
    yield from (event.target_kw, event.reserved_w)


def event_context(request: SignedInRequest, found: Event) -> dict[str, Any]:
    """What the event page and its live fragment show."""
    stages = stages_of(found)
    context: dict[str, Any] = {
        "event": found,
        "stages": stages,
        "steps": steps(found),
        "buttons": buttons(found, request.user),
        "alerts": open_alerts_by_event([found.uid]).get(found.uid, []),
        "receipts": receipts(stages),
        "deliveries": _deliveries(stages),
        "transitions": found.transitions.select_related("stage").order_by("-at", "-pk")[:40],
        "is_over": found.state in FINAL_STATES and all(s.is_closed for s in stages),
        **_totals(stages),
    }
    if stages:
        context["charts"] = charts_of(found, stages, clock.now())
    return context


def _deliveries(stages: list[Any]) -> QuerySet[Delivery]:
    """The newest messages about the event's stages, without the minute reports, which the charts show."""
    about = deliveries().filter(message__stage_uid__in=[s.uid for s in stages])
    return about.exclude(message__kind="delivered_load").order_by("-pk")[:DELIVERIES_SHOWN]


def _totals(stages: list[Any]) -> dict[str, Any]:
    goals = [s.goal_kw if s.goal_kw is not None else s.target_kw for s in stages]
    return {
        "starts_at": min((s.starts_at for s in stages), default=None),
        "ends_at": max((s.ends_at for s in stages), default=None),
        "reserved": sum(s.reserved for s in stages),
        "reserved_w": sum(s.reserved_w for s in stages),
        "called": sum(s.called for s in stages),
        "outcomes": {code: sum(s.outcomes.get(code, 0) for s in stages) for code in sorted(_codes(stages))},
        "closed": sum(sum(s.outcomes.values()) for s in stages),
        "goal_kw": sum(g for g in goals if g is not None) if any(g is not None for g in goals) else None,
        "reduction_w": sum(s.reduction_w or 0 for s in stages),
    }


def _codes(stages: list[Any]) -> set[str]:
    return {code for s in stages for code in s.outcomes}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as problem:
        raise Http404(_("“%(text)s” is not an event's uid.") % {"text": text}) from problem
