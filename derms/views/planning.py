"""Single steps of planning: one stage added, edited, cloned or removed, or all of them shifted."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from derms.queries.lists import events_for_list
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..forms import ShiftForm, StageForm
from ..models import Event, Stage


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
    return confirm(
        request,
        title=_("Shift all stages of %(number)s?") % {"number": number},
        form=form,
        act=_("Shift"),
        keep=_("Leave them"),
        keep_url=f"/events/{number}/edit/",
    )


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
    return confirm(
        request,
        title=_("Remove stage %(stage)s of %(number)s?") % {"stage": stage_number, "number": number},
        consequences=[_("Its window, program and control are forgotten.")],
        act=_("Remove stage"),
        keep=_("Keep it"),
        keep_url=f"/events/{number}/edit/",
        dangerous=True,
    )


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
