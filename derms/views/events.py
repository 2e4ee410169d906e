"""The list of events, an event's page and its report."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from derms.figures.powers import stage_powers
from derms.figures.profile import StagePower, Target, figures_of, profile
from derms.pages.charts import charts_of
from derms.pages.head_ends import answers_by_head_end
from derms.pages.history import history_of
from derms.pages.power import power_of
from derms.planning.decision import decision_of
from derms.queries.lists import (
    count_left,
    events_for_list,
    open_alerts_by_event,
    receipts,
    stages_of,
    window_of,
)
from integration.pages.access import allow
from integration.pages.exports import export, listing_of
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.moments import show_in
from integration.seam import clock
from integration.seam.models import Alert
from integration.seam.queries import sent_about

from ..actions import actions_for_several
from ..choices import EDITABLE_STATES, FINAL_STATES, UNSCHEDULED_STATES, StageState
from ..columns import ANSWERS, EVENTS, STAGES
from ..filters import EVENT_VIEWS, EventFilter, events_numbered
from ..models import Event
from .tracking import buttons, deciding, steps

HISTORY_SHOWN = 40
ON_ITS_PAGE = ("figures", "approver", "balance_authority_approver")


@require_safe
@allow("derms.view_event")
def event_list(request: SignedInRequest) -> HttpResponse:
    """DERMS Events."""
    if uid := request.GET.get("uid"):
        return redirect("derms:event", get_object_or_404(Event, uid=_uuid(uid)).number)
    found = _filtered(request)
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    events = list(page.object_list)
    alerts = open_alerts_by_event([event.uid for event in events])
    context = {
        "filter": found,
        "page": page,
        "columns": EVENTS,
        "rows": events,
        "alerts": {event.pk: alerts.get(event.uid, []) for event in events},
        "sort": request.GET.get("sort", ""),
        "view": found.data["view"],
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
        found = events_numbered(numbers)
    return export(request, listing_of("derms-events", EVENTS.in_file(request.user), found, ("-id",)))


@require_safe
@allow("derms.view_event")
def event(request: SignedInRequest, number: str) -> HttpResponse:
    """One event; only the live fragment if htmx asks for it."""
    found = get_object_or_404(events_for_list().select_related(*ON_ITS_PAGE), number=number)
    template = "derms/event.html#event-live" if request.htmx else "derms/event.html"
    context = event_context(request, found)
    context["is_editable"] = found.state in EDITABLE_STATES and request.user.has_perm("derms.plan_event")
    context["sent"] = sent_about([stage.uid for stage in context["stages"]])
    context["deciding"] = deciding(context["buttons"])
    if context["deciding"]:
        context["decision"] = decision_of(found, clock.now())
    return render(request, template, context)


@require_safe
@allow("derms.view_event")
def event_report(request: SignedInRequest, number: str) -> HttpResponse:
    """A printable report: figures, charts, stages, and the full history and alerts."""
    found = get_object_or_404(events_for_list().select_related(*ON_ITS_PAGE), number=number)
    context = event_context(request, found, lines=None)
    context["history"].reverse()
    context["alerts"] = Alert.objects.filter(event_uid=found.uid).order_by("opened_at")
    return render(request, "derms/event_report.html", context)


def _filtered(request: SignedInRequest) -> EventFilter:
    data = request.GET.copy()
    data.setdefault("view", "active")
    found = EventFilter(data, queryset=events_for_list())
    known(found.form)
    return found


def event_context(request: SignedInRequest, found: Event, *, lines: int | None = HISTORY_SHOWN) -> dict[str, Any]:
    """What the event page and its live fragment show, with the latest lines of history; None: with all."""
    show_in(found.zone.time_zone)
    stages = stages_of(found)
    context: dict[str, Any] = {
        "event": found,
        "stages": stages,
        "steps": steps(found),
        "buttons": buttons(found, request.user),
        "alerts": open_alerts_by_event([found.uid]).get(found.uid, []),
        "receipts": receipts(stages),
        "stage_columns": STAGES,
        "history": history_of(found, stages, most=lines),
        "head_ends": answers_by_head_end(stages),
        "answer_columns": ANSWERS,
        "is_over": found.state in FINAL_STATES and all(s.is_closed for s in stages),
        **_totals(stages),
    }
    context["starts_at"], context["ends_at"] = window_of(stages) or (None, None)
    now = clock.now()
    context["is_unscheduled"] = found.state in UNSCHEDULED_STATES
    context["has_missed_start"] = bool(stages) and context["is_unscheduled"] and context["starts_at"] < now
    if stages:
        powers = stage_powers(stages)
        context["power"] = power_of(found, stages, powers, now)
        drawn = expected_powers(stages, powers) if context["is_unscheduled"] else powers
        context["expected_kw"] = figures_of(profile(drawn, Target()), now=now).reserved_kw
        context["charts"] = charts_of(found, stages, drawn, now)
    return context


def expected_powers(stages: list[Any], powers: list[StagePower]) -> list[StagePower]:
    """The stages' powers with what Submit expected, until Schedule has reserved."""
    both = zip(stages, powers, strict=True)
    return [replace(power, reserved_kw=(stage.expected_w or 0) / 1000) for stage, power in both]


def _totals(stages: list[Any]) -> dict[str, Any]:
    """Counts over all stages; one that was canceled before it started has nothing reserved any more."""
    counted = [stage for stage in stages if stage.state != StageState.CANCELED or stage.started_at]
    reserved = sum(stage.reserved for stage in counted)
    return {
        "reserved": reserved,
        "still_reserved": reserved - count_left(counted),
        "called": sum(s.called for s in stages),
        "outcomes": {code: sum(s.outcomes.get(code, 0) for s in stages) for code in sorted(_codes(stages))},
        "closed": sum(sum(s.outcomes.values()) for s in stages),
    }


def _codes(stages: list[Any]) -> set[str]:
    return {code for s in stages for code in s.outcomes}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as problem:
        raise Http404(_("“%(text)s” is not an event's uid.") % {"text": text}) from problem
