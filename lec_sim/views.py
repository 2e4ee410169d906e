"""Live Energy Connect: the stages it executes, and how the simulated devices behave."""

from uuid import UUID

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from integration.pages.access import allow
from integration.pages.acting import acts_once
from integration.pages.editing import Editing
from integration.pages.exports import PAGE as EXPORT_PAGE
from integration.pages.exports import export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import AFTER, SIZE, join_key, keyset_page, page_of, split_key
from integration.pages.moments import show_in
from integration.seam import clock

from .columns import CALLBACKS, DUE, HEAD_ENDS, PAST, REPORTS, RUNNING, SILENT, TOLD
from .forms import FaultForm, ReachForm, SilentForm
from .models import HeadEndProfile, LecStage, Ven
from .operations import set_fault, set_reach
from .queries.faults import fault_changes
from .queries.openadr import reports_of, told_of
from .queries.silent import START, SilentDevice, silent_device_count, silent_devices
from .queries.stages import active_stages, answers_over_time, due_stages, past_stages
from .queries.subscriptions import callbacks_to

DUE_SHOWN = 20
REACH = ("driver", "client", "start_spread_min")
LATEST_FIRST = ("-starts_at", "-id")


@require_safe
@allow("lec_sim.view_lecstage")
@vary_on_headers("HX-Request")
def stage_list(request: SignedInRequest) -> HttpResponse:
    """Running stages, their answers over time and stages due, as live parts; past stages; the head ends."""
    now = clock.now()
    if request.htmx and "answers" in request.GET:
        return render(request, "lec_sim/stage_list.html#answers", {"answers": answers_over_time(now)})
    context = {
        "active": active_stages(now),
        "active_columns": RUNNING,
        "due": due_stages()[:DUE_SHOWN],
        "due_columns": DUE,
    }
    if request.htmx:
        return render(request, "lec_sim/stage_list.html#execution", context)
    context["answers"] = answers_over_time(now)
    context |= {"page": keyset_page(past_stages(now), LATEST_FIRST, request.GET), "past_columns": PAST}
    context |= {"profiles": HeadEndProfile.objects.order_by("head_end"), "profile_columns": HEAD_ENDS}
    return render(request, "lec_sim/stage_list.html", context)


@require_safe
@allow("lec_sim.view_lecstage")
def silent(request: SignedInRequest, stage_uid: UUID) -> HttpResponse:
    """The devices of a stage that were called and have not answered."""
    stage, form = get_object_or_404(LecStage, stage_uid=stage_uid), known(SilentForm(request.GET))
    show_in(stage.time_zone)
    chosen, now = form.cleaned_data["system"], clock.now()
    found = silent_devices(stage, chosen, now, after=_after(request), limit=SIZE + 1)
    last = found[:SIZE][-1] if found else None
    context = {
        "stage": stage,
        "form": form,
        "columns": SILENT,
        "page": page_of(found, request.GET, join_key(last[:2]) if last else ""),
        "devices": silent_device_count(stage, chosen, now, most=stage.called),
        "is_narrowed": bool(chosen),
    }
    return render(request, "lec_sim/silent.html", context)


@require_safe
@allow("lec_sim.view_lecstage")
def silent_export(request: SignedInRequest, stage_uid: UUID) -> HttpResponseBase:
    """Export them."""
    stage, form = get_object_or_404(LecStage, stage_uid=stage_uid), known(SilentForm(request.GET))
    chosen, now = form.cleaned_data["system"], clock.now()

    def next_page(last: SilentDevice | None) -> list[SilentDevice]:
        return silent_devices(stage, chosen, now, after=last[:2] if last else START, limit=EXPORT_PAGE)

    def count(most: int) -> int:
        return silent_device_count(stage, chosen, now, most=most)

    name = f"{stage.event_number}-{stage.stage_number}-not-answered"
    return export(request, listing(name, SILENT.in_file(request.user), next_page, count))


def _after(request: SignedInRequest) -> tuple[str, str]:
    key = request.GET.get(AFTER, "")
    head_end, nic_id = split_key(key, 2) if key else START
    return head_end, nic_id


@require_http_methods(["GET", "HEAD", "POST"])
@allow("lec_sim.change_headendprofile")
@acts_once
def fault(request: SignedInRequest, head_end: str) -> HttpResponse:
    """Set or clear the fault of a head end; shows earlier changes."""
    profile = get_object_or_404(HeadEndProfile, head_end=head_end)

    def save(version: int | None) -> None:
        set_fault(
            head_end=head_end,
            fault=editing.forms[0].cleaned_data["fault"],
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, profile, lambda typed, row: [FaultForm(typed, initial={"fault": row and row.fault})])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("The fault of %(head_end)s is saved.") % {"head_end": head_end})
        return redirect("lec_sim:stage_list")
    context = {"profile": profile, "form": editing.forms[0], "changes": fault_changes(profile), "editing": editing}
    return render(request, "lec_sim/fault.html", context, status=editing.status)


@require_http_methods(["GET", "HEAD", "POST"])
@allow("lec_sim.change_headendprofile")
@acts_once
def reach(request: SignedInRequest, head_end: str) -> HttpResponse:
    """Set how a head end is reached, and see what its client has read."""
    profile = get_object_or_404(HeadEndProfile, head_end=head_end)

    def save(version: int | None) -> None:
        given, by = editing.forms[0].cleaned_data, request.user.username
        set_reach(head_end=head_end, **given, by=by, now=clock.now(), version=version)

    def make(typed: QueryDict | None, row: HeadEndProfile | None) -> list[ReachForm]:
        return [ReachForm(typed, initial=model_to_dict(row, REACH) if row else {})]

    editing = Editing(request, profile, make)
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("How %(head_end)s is reached is saved.") % {"head_end": head_end})
        return redirect("lec_sim:reach", head_end)
    context = {
        "profile": profile,
        "form": editing.forms[0],
        "ven": Ven.objects.filter(profile=profile).first(),
        "columns": TOLD,
        "told": told_of(profile),
        "callback_columns": CALLBACKS,
        "callbacks": callbacks_to(profile.client) if profile.client else [],
        "report_columns": REPORTS,
        "reports": reports_of(profile),
        "editing": editing,
    }
    return render(request, "lec_sim/head_end.html", context, status=editing.status)
