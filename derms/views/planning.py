"""Planning an event: strategy, details, stages."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from integration import clock
from integration.access import allow
from integration.acting import acts_once
from integration.http import SignedInRequest
from integration.refusals import Refused

from .. import operations
from ..choices import EDITABLE_STATES
from ..forms import EventForm, NewEventForm, ShiftForm, StageForm
from ..models import Event, Stage, Strategy
from ..queries import events_for_list, stages_of
from .tracking import buttons, steps

ACTING = require_http_methods(["GET", "HEAD", "POST"])


@ACTING
@allow("derms.plan_event")
@acts_once
def event_new(request: SignedInRequest) -> HttpResponse:
    """+ New Event: choose a strategy, enter the details; Save opens the stages, Submit asks for approval at once."""
    form = NewEventForm(request.POST or None, initial=_first_guess(request))
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        now = clock.now()
        event = operations.create_event(
            strategy_id=fields.pop("strategy").pk, by=request.user, now=now, **_known(fields)
        )
        return _submit(request, event) if "submit" in request.POST else redirect("derms:event_edit", event.number)
    status = 422 if form.errors else 200
    return render(request, "derms/event_new.html", {"form": form}, status=status)


@ACTING
@allow("derms.view_event")
@acts_once
def event_edit(request: SignedInRequest, number: str) -> HttpResponse:
    """Edit opens in every state; fields are locked outside New and Denied, State Tracking is always there."""
    event = get_object_or_404(events_for_list(), number=number)
    is_open = event.state in EDITABLE_STATES and request.user.has_perm("derms.plan_event")
    form = EventForm(request.POST or None, instance=event)
    if request.method == "POST" and form.is_valid():
        operations.edit_event(event_id=event.pk, fields=form.cleaned_data, by=request.user, now=clock.now())
        messages.success(request, _("The details of %(number)s are saved.") % {"number": number})
        return redirect("derms:event_edit", number)
    if not is_open:
        for field in form.fields.values():
            field.disabled = True
    context = {
        "event": Event.objects.select_related("zone", "strategy", "type").get(pk=event.pk),
        "form": form,
        "is_open": is_open,
        "stages": stages_of(event),
        "shift_form": ShiftForm(),
        "steps": steps(event),
        "buttons": [b for b in buttons(event, request.user) if not b.url.endswith("/edit/")],
    }
    return render(request, "derms/event_edit.html", context, status=422 if form.errors else 200)


@ACTING
@allow("derms.plan_event")
@acts_once
def event_shift(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    form = ShiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        minutes = form.cleaned_data["by_minutes"]
        operations.shift_stages(event_id=event.pk, by_minutes=minutes, by=request.user, now=clock.now())
        return redirect("derms:event_edit", number)
    context = {
        "title": _("Shift all stages of %(number)s?") % {"number": number},
        "form": form,
        "act": _("Shift"),
        "keep": _("Leave them"),
        "keep_url": f"/events/{number}/edit/",
    }
    return render(request, "confirm.html", context, status=422 if form.errors else 200)


@ACTING
@allow("derms.plan_event")
@acts_once
def stage_add(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(events_for_list(), number=number)
    form = StageForm(request.POST or None, time_zone=event.zone.time_zone, initial=_next_window(event))
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        groups = fields.pop("der_groups")
        operations.add_stage(
            event_id=event.pk, fields=_columns(fields), der_groups=groups, by=request.user, now=clock.now()
        )
        return redirect("derms:event_edit", number)
    return _stage_page(request, event, form, _("Add Stage"))


@ACTING
@allow("derms.plan_event")
@acts_once
def stage_edit(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    event = get_object_or_404(events_for_list(), number=number)
    stage = get_object_or_404(Stage, event=event, number=stage_number)
    form = StageForm(request.POST or None, time_zone=event.zone.time_zone, instance=stage)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        groups = fields.pop("der_groups")
        operations.edit_stage(
            stage_id=stage.pk, fields=_columns(fields), der_groups=groups, by=request.user, now=clock.now()
        )
        return redirect("derms:event_edit", number)
    return _stage_page(request, event, form, _("Stage %(number)s") % {"number": stage_number})


@require_POST
@allow("derms.plan_event")
@acts_once
def stage_clone(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    stage = get_object_or_404(Stage, event__number=number, number=stage_number)
    clone = operations.clone_stage(stage_id=stage.pk, by=request.user, now=clock.now())
    messages.success(request, _("Stage %(stage)s follows the one it was cloned from.") % {"stage": clone.number})
    return redirect("derms:event_edit", number)


@ACTING
@allow("derms.plan_event")
@acts_once
def stage_remove(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    stage = get_object_or_404(Stage, event__number=number, number=stage_number)
    if request.method == "POST":
        operations.remove_stage(stage_id=stage.pk, by=request.user, now=clock.now())
        return redirect("derms:event_edit", number)
    context = {
        "title": _("Remove stage %(stage)s of %(number)s?") % {"stage": stage_number, "number": number},
        "consequences": [_("Its window, program and control are forgotten.")],
        "act": _("Remove stage"),
        "keep": _("Keep it"),
        "keep_url": f"/events/{number}/edit/",
        "dangerous": True,
    }
    return render(request, "confirm.html", context)


def _submit(request: SignedInRequest, event: Event) -> HttpResponse:
    """Submit what was just created; where that is refused the event is kept as New and the page says why."""
    try:
        operations.submit_event(event_id=event.pk, by=request.user, now=clock.now())
    except Refused as reason:
        messages.error(request, str(reason))
        return redirect("derms:event_edit", event.number)
    messages.success(request, _("%(number)s was submitted; an approver has to approve it.") % {"number": event.number})
    return redirect("derms:event", event.number)


def _first_guess(request: SignedInRequest) -> dict[str, Any]:
    """The strategy of the address or the first one, and a start at the next quarter of an hour that is an hour away."""
    active = Strategy.objects.filter(state="Active").select_related("zone", "type").order_by("name")
    strategy = active.filter(uid=request.GET["strategy"]).first() if "strategy" in request.GET else active.first()
    if strategy is None:
        return {}
    start = clock.now() + timedelta(minutes=60)
    start += timedelta(minutes=-start.minute % 15, seconds=-start.second, microseconds=-start.microsecond)
    local = start.astimezone(ZoneInfo(strategy.zone.time_zone)).replace(tzinfo=None)
    return {"strategy": strategy.uid, "name": strategy.name, "starts_at": local}


def _next_window(event: Event) -> dict[str, Any]:
    """A new stage follows the last one for as long."""
    last = event.stages.order_by("-number").first()
    if last is None:
        return {}
    return {"starts_at": last.ends_at, "ends_at": last.ends_at + (last.ends_at - last.starts_at)}


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not name.endswith("_offset")}


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    columns = _known(fields)
    columns["program_id"] = columns.pop("program").pk
    return columns


def _stage_page(request: SignedInRequest, event: Event, form: StageForm, title: str) -> HttpResponse:
    context = {"event": event, "form": form, "title": title}
    return render(request, "derms/stage_form.html", context, status=422 if form.errors else 200)
