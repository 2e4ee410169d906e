"""Buttons of State Tracking: GET shows what would happen, POST does it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from derms.queries.goals import missing_kw, stage_goals
from derms.queries.lists import stages_of
from derms.set_operations.choosing import choose_devices
from integration.pages.access import allow
from integration.pages.acting import acts_once
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..choices import EventState, StageState
from ..forms import CancelForm, DenyForm, ShortfallForm, SubmitForm
from ..models import Event, Stage

ACTING = require_http_methods(["GET", "HEAD", "POST"])


@ACTING
@allow("derms.plan_event")
@acts_once
def event_submit(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    form = SubmitForm(request.POST or None, initial={"accepted_kw": 0})
    if request.method == "POST" and form.is_valid():
        operations.submit_event(
            event_id=event.pk, by=request.user, now=clock.now(), accepted_kw=form.cleaned_data["accepted_kw"]
        )
        return _done(request, event, _("%(number)s was submitted; an approver has to approve it."))
    return _confirm(
        request,
        event,
        title=_("Submit %(number)s for approval?"),
        consequences=[*_expectations(event), _("It can't be edited while it waits; Withdraw takes it back.")],
        form=form,
        act=_("Submit"),
        keep=_("Keep planning"),
    )


@ACTING
@allow("derms.plan_event")
@acts_once
def event_withdraw(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    if request.method == "POST":
        operations.withdraw_event(event_id=event.pk, by=request.user, now=clock.now())
        return _done(request, event, _("%(number)s was withdrawn and can be edited again."))
    return _confirm(
        request,
        event,
        title=_("Withdraw %(number)s?"),
        consequences=[_("It goes back to New. Nobody can approve it until it is submitted again.")],
        act=_("Withdraw"),
        keep=_("Leave it submitted"),
    )


@ACTING
@allow("derms.plan_event")
@acts_once
def event_clone(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    if request.method == "POST":
        clone = operations.clone_event(event_id=event.pk, by=request.user, now=clock.now())
        messages.success(request, _("%(clone)s is a clone of %(number)s.") % {"clone": clone.number, "number": number})
        return redirect("derms:event_edit", clone.number)
    return _confirm(
        request,
        event,
        title=_("Clone %(number)s?"),
        consequences=[_("A New event gets the same plan at the same times of day, on the next day they lie ahead.")],
        act=_("Clone"),
        keep=_("Back to the event"),
    )


@ACTING
@allow("derms.approve_event")
@acts_once
def event_approve(request: SignedInRequest, number: str) -> HttpResponse:
    return _approve_page(request, number, operations.approve_event)


@ACTING
@allow("derms.approve_event_as_balance_authority")
@acts_once
def event_approve_as_balance_authority(request: SignedInRequest, number: str) -> HttpResponse:
    return _approve_page(request, number, operations.approve_event_as_balance_authority)


@ACTING
@allow("derms.approve_event")
@acts_once
def event_deny(request: SignedInRequest, number: str) -> HttpResponse:
    return _deny_page(request, number, operations.deny_event)


@ACTING
@allow("derms.approve_event_as_balance_authority")
@acts_once
def event_deny_as_balance_authority(request: SignedInRequest, number: str) -> HttpResponse:
    return _deny_page(request, number, operations.deny_event_as_balance_authority)


@ACTING
@allow("derms.plan_event")
@acts_once
def event_schedule_again(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    if request.method == "POST":
        operations.schedule_event_again(event_id=event.pk, by=request.user, now=clock.now())
        return _done(request, event, _("%(number)s is being scheduled again."))
    return _confirm(
        request,
        event,
        title=_("Schedule %(number)s again?"),
        consequences=_expectations(event),
        act=_("Schedule again"),
        keep=_("Leave it approved"),
    )


@ACTING
@allow("derms.plan_event")
@acts_once
def event_schedule_with_shortfall(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    form = ShortfallForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        operations.schedule_event_with_shortfall(
            event_id=event.pk, accepted_kw=form.cleaned_data["accepted_kw"], by=request.user, now=clock.now()
        )
        return _done(request, event, _("%(number)s waits for approval with the larger shortfall."))
    return _confirm(
        request,
        event,
        title=_("Schedule %(number)s with a shortfall?"),
        consequences=[*_expectations(event), _("It goes back to its approver first.")],
        form=form,
        act=_("Ask for approval"),
        keep=_("Leave it approved"),
    )


@ACTING
@allow("derms.plan_event")
@acts_once
def event_cancel(request: SignedInRequest, number: str) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    running = operations.calls_to_release(event)
    form = CancelForm(request.POST or None, number=number, is_running=running > 0)
    if request.method == "POST" and form.is_valid():
        operations.cancel_event(event_id=event.pk, by=request.user, now=clock.now(), reason=form.cleaned_data["reason"])
        return _done(request, event, _("%(number)s is canceled; the other systems are being told."))
    release = _(" and release %(devices)s running devices") % {"devices": f"{running:,}"} if running else ""
    return _confirm(
        request,
        event,
        title=_("Cancel %(number)s") + release + "?",
        consequences=[*_ends(event), _("It can't be taken back. To run it again, clone the event.")],
        form=form,
        act=_("Cancel event"),
        keep=_("Keep event running") if running else _("Keep the event"),
        dangerous=True,
    )


def _ends(event: Event) -> list[str]:
    """What Cancel does to each stage that is not over."""
    stages = event.stages.select_related("program").exclude(state__in=(StageState.COMPLETED, StageState.CANCELED))
    stops = _("Stage %(number)s %(program)s stops now; %(devices)s devices are let go.")
    will_not = _("Stage %(number)s %(program)s does not start.")
    return [
        (stops if stage.state == StageState.IN_PROGRESS else will_not)
        % {"number": stage.number, "program": stage.program, "devices": f"{stage.called:,}"}
        for stage in stages.order_by("number")
    ]


@ACTING
@allow("derms.plan_event")
@acts_once
def stage_cancel(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    stage = get_object_or_404(Stage.objects.select_related("event"), event__number=number, number=stage_number)
    running = stage.called if stage.state == "In Progress" else 0
    form = CancelForm(request.POST or None, number=number, is_running=running > 0)
    if request.method == "POST" and form.is_valid():
        operations.cancel_stage(stage_id=stage.pk, by=request.user, now=clock.now(), reason=form.cleaned_data["reason"])
        return _done(request, stage.event, _("The stage is canceled; %(number)s goes on with the rest."))
    return _confirm(
        request,
        stage.event,
        title=_stage_cancel_title(stage, running),
        consequences=[_("The event goes on with its other stages."), _("It can't be taken back.")],
        form=form,
        act=_("Cancel stage"),
        keep=_("Keep stage running") if running else _("Keep the stage"),
        dangerous=True,
    )


def _stage_cancel_title(stage: Stage, running: int) -> str:
    words = {"stage": stage.number, "number": stage.event.number, "devices": f"{running:,}"}
    if running:
        return _("Cancel stage %(stage)s of %(number)s and release %(devices)s running devices?") % words
    return _("Cancel stage %(stage)s of %(number)s?") % words


def _approve_page(request: SignedInRequest, number: str, operation: Callable[..., None]) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    if request.method == "POST":
        operation(event_id=event.pk, by=request.user, now=clock.now())
        if Event.objects.get(pk=event.pk).state == EventState.APPROVED:
            return _done(request, event, _("%(number)s was approved; its devices are being chosen and reserved."))
        return _done(request, event, _("Your approval of %(number)s is kept; it waits for the other one."))
    return _confirm(
        request,
        event,
        title=_("Approve %(number)s?"),
        consequences=[*_expectations(event), _("With the last approval its devices are chosen and reserved at once.")],
        act=_("Approve"),
        keep=_("Don't approve yet"),
    )


def _deny_page(request: SignedInRequest, number: str, operation: Callable[..., None]) -> HttpResponse:
    event = get_object_or_404(Event, number=number)
    form = DenyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        operation(event_id=event.pk, by=request.user, now=clock.now(), reason=form.cleaned_data["reason"])
        return _done(request, event, _("%(number)s was denied; its author can edit it and submit it again."))
    return _confirm(
        request,
        event,
        title=_("Deny %(number)s?"),
        consequences=[_("The operator reads your reason, edits the event and submits it again.")],
        form=form,
        act=_("Deny"),
        keep=_("Leave it submitted"),
        dangerous=True,
    )


def _expectations(event: Event) -> list[str]:
    """What could be reserved at this moment, stage by stage, and what would be missing."""
    stages, now = stages_of(event), clock.now()
    goals = stage_goals(event, stages)
    return [
        _expectation(stage, goals[stage.pk], choose_devices(stage, goal_kw=goals[stage.pk], now=now))
        for stage in stages
    ]


def _expectation(stage: Any, goal_kw: float | None, chosen: Any) -> str:
    words = {"stage": stage.number, "devices": f"{chosen.devices:,}", "kw": f"{chosen.watts / 1000:,.0f}"}
    if goal_kw is None:
        return _("Stage %(stage)s: about %(devices)s devices, %(kw)s kW.") % words
    words |= {"goal": f"{goal_kw:,.0f}", "missing": f"{missing_kw(goal_kw, chosen.watts):,}"}
    if missing_kw(goal_kw, chosen.watts):
        return _("Stage %(stage)s: about %(kw)s kW of %(goal)s kW; %(missing)s kW are missing.") % words
    return _("Stage %(stage)s: about %(devices)s devices, %(kw)s kW of %(goal)s kW.") % words


def _done(request: SignedInRequest, event: Event, sentence: str) -> HttpResponse:
    messages.success(request, sentence % {"number": event.number})
    return redirect("derms:event", event.number)


def _confirm(
    request: SignedInRequest,
    event: Event,
    *,
    title: str,
    form: Form | None = None,
    **context: Any,
) -> HttpResponse:
    status = 422 if form is not None and form.is_bound and form.errors else 200
    words = {"title": title.replace("%(number)s", event.number), "form": form, "keep_url": f"/events/{event.number}/"}
    return render(request, "confirm.html", {**words, **context}, status=status)
