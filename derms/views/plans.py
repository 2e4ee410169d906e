"""New Event and Edit: details and a grid of stages on one page, checked while they are typed."""

import re
from datetime import timedelta
from typing import Any, Protocol

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from derms.planning.check import check_plan
from derms.queries.lists import events_for_list, stages_of
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest
from integration.pages.moments import show_in
from integration.seam import clock
from integration.seam.refusals import Refused

from .. import operations
from ..actions import ACTIONS
from ..choices import EDITABLE_STATES, StrategyState
from ..columns import STAGES
from ..forms import Plan, after_button, edited_plan, new_plan, saved_plan, wall, with_generated, with_strategy
from ..models import Event, EventDraft, Strategy
from ..operations import EventDetails
from .seen import SEEN, seen, seen_fields, seen_revision
from .tracking import buttons, steps

BUTTON = re.compile(r"add|check|strategy|generate-(fair|fewest|shortest)|(clone|remove)-\d{1,2}|shift--?\d{1,4}")
GENERATE = "generate-"  # and the name of a variant
NOT_THE_FORMS = ("csrfmiddlewaretoken", "request_key", "button")


class MakePlan(Protocol):
    """Makes the plan of a page from what was typed."""

    def __call__(self, typed: QueryDict, *, bound: bool) -> Plan: ...


@ACTING
@allow("derms.plan_event")
@acts_once
def event_new(request: SignedInRequest) -> HttpResponse:
    """New Event: strategy, details and stages. Save leaves the event New, Save and submit asks for approval at once."""
    is_typed = request.method == "POST"
    draft = None if is_typed else EventDraft.objects.filter(person_id=request.user.pk).first()
    typed, time_zone = _with_rows(request.POST if is_typed else _first_typed(request, draft))
    show_in(time_zone)
    if button := _button(request):

        def make(typed: QueryDict, *, bound: bool) -> Plan:
            return new_plan(typed, time_zone, bound=bound)

        return _after(request, button, typed, make, ("derms/event_new.html", {"time_zone": time_zone}))
    plan = new_plan(typed, time_zone, bound=is_typed)
    if is_typed and plan.is_valid() and plan.starts_after(clock.now()):
        return _create(request, plan)
    context = {"plan": plan, "time_zone": time_zone, "draft": draft}
    return render(request, "derms/event_new.html", context, status=422 if is_typed else 200)


@ACTING
@allow("derms.view_event")
@acts_once
def event_edit(request: SignedInRequest, number: str) -> HttpResponse:
    """Edit opens in every state, with State Tracking; outside New and Denied the fields are locked."""
    event = get_object_or_404(events_for_list(), number=number)
    context = _edit_context(request, event)
    if request.method != "POST":
        plan = saved_plan(event, context["stages"]) if context["is_open"] else None
        return render(request, "derms/event_edit.html", context | {"plan": plan})
    _require_planner(request, event)
    if button := _button(request):

        def make(typed: QueryDict, *, bound: bool) -> Plan:
            return edited_plan(event, typed, bound=bound)

        return _after(request, button, request.POST, make, ("derms/event_edit.html", context))
    plan = edited_plan(event, request.POST, bound=True)
    if plan.is_valid() and plan.starts_after(clock.now()):
        return _save(request, event, plan)
    return render(request, "derms/event_edit.html", context | {"plan": plan}, status=422)


@require_POST
@allow("derms.plan_event")
def new_event_check(request: SignedInRequest) -> HttpResponse:
    """Check the event typed on New Event; changes nothing."""
    return _checked(request, new_plan(*_with_rows(request.POST), bound=True))


@require_POST
@allow("derms.plan_event")
def event_check(request: SignedInRequest, number: str) -> HttpResponse:
    """Check the event as typed on Edit; changes nothing."""
    event = get_object_or_404(Event.objects.select_related("zone", "type"), number=number)
    return _checked(request, edited_plan(event, request.POST, bound=True))


@require_POST
@allow("derms.plan_event")
def draft_keep(request: SignedInRequest) -> HttpResponse:
    """Keep what is typed on New Event, so that it is there when the person comes back."""
    typed = request.POST.copy()
    for name in NOT_THE_FORMS:
        typed.pop(name, None)
    draft = operations.keep_draft(person=request.user, typed=typed.urlencode(), now=clock.now())
    return render(request, "derms/plan_kept.html", {"draft": draft})


@require_POST
@allow("derms.plan_event")
def draft_discard(request: SignedInRequest) -> HttpResponse:
    """Discard the draft and start over."""
    operations.discard_draft(person=request.user)
    return redirect("derms:event_new")


def _create(request: SignedInRequest, plan: Plan) -> HttpResponse:
    fields = dict(plan.form.cleaned_data)
    event = operations.create_event(
        strategy_id=fields.pop("strategy").pk,
        starts_at=plan.grid.starts_at,
        stages=plan.grid.planned(),
        by=request.user,
        now=clock.now(),
        details=EventDetails(**fields),
    )
    operations.discard_draft(person=request.user)
    if "submit" in request.POST:
        return _submit(request, event)
    messages.success(request, _("%(number)s is saved as New.") % {"number": event.number})
    return redirect("derms:event_edit", event.number)


def _save(request: SignedInRequest, event: Event, plan: Plan) -> HttpResponse:
    revision = seen_revision(request, event)
    try:
        operations.edit_event(
            event_id=event.pk,
            fields=plan.form.cleaned_data,
            stages=plan.grid.planned(),
            revision=revision,
            by=request.user,
            now=clock.now(),
        )
    except operations.EventChanged as late:
        return _keep_typed(request, event.number, late)
    if "submit" in request.POST:
        return _submit(request, event)
    messages.success(request, _("The plan of %(number)s is saved.") % {"number": event.number})
    return redirect("derms:event_edit", event.number)


def _keep_typed(request: SignedInRequest, number: str, late: operations.EventChanged) -> HttpResponse:
    """Say who changed the plan meanwhile; what was typed is kept, and would replace the plan as it is now."""
    event = get_object_or_404(events_for_list(), number=number)
    context = _edit_context(request, event) | {"hidden": [(SEEN, seen(event))], "late": late}
    plan = edited_plan(event, request.POST, bound=True)
    return render(request, "derms/event_edit.html", context | {"plan": plan}, status=409)


def _submit(request: SignedInRequest, event: Event) -> HttpResponse:
    """Submit what was just saved; if that is refused, the event stays New and the page says why.

    If Schedule would refuse the event, Submit's own page asks how much of what is missing the person accepts.
    """
    try:
        operations.submit_event(event_id=event.pk, by=request.user, now=clock.now())
    except operations.EventWouldNotBeScheduled:
        messages.info(request, _("%(number)s is saved as New, not yet submitted.") % {"number": event.number})
        return redirect("derms:event_submit", event.number)
    except Refused as reason:
        messages.error(request, str(reason))
        return redirect("derms:event_edit", event.number)
    messages.success(request, str(ACTIONS["submit"].words.done) % {"number": event.number})
    return redirect("derms:event", event.number)


def _button(request: SignedInRequest) -> str:
    """The grid button that was pressed, if any; such a request changes the form's contents and saves nothing."""
    button = request.POST.get("button", "")
    if button and not BUTTON.fullmatch(button):
        raise BadRequest(_("This page has no such button."))
    return button


def _after(
    request: SignedInRequest, button: str, typed: QueryDict, make: MakePlan, page: tuple[str, dict[str, Any]]
) -> HttpResponse:
    """What a button of the grid leaves in the form; `page` is its template and context."""
    template, context = page
    if not button.startswith(GENERATE):
        typed = after_button(typed, button, context["time_zone"])
        return _pressed(request, template, make(typed, bound=button == "check"), context)
    plan = make(typed, bound=True)
    now = clock.now()
    if not plan.can_generate(now):
        return _pressed(request, template, plan, context | {"cannot_generate": True})
    found, starts_at = plan.generated(now), plan.grid.starts_at
    shown = next((one for one in found.variants or () if one.name == button.removeprefix(GENERATE)), None)
    if shown:
        plan = make(with_generated(typed, shown.stages, starts_at), bound=False)
    return _pressed(request, template, plan, context | {"generated": found, "variant": shown})


def _pressed(request: SignedInRequest, template: str, plan: Plan, context: dict[str, Any]) -> HttpResponse:
    """Only the grid if htmx asks for it; else the page, with the check that a script would have requested."""
    if request.htmx:
        return render(request, "derms/plan_stages.html", context | {"plan": plan})
    return render(request, template, context | {"plan": plan} | _check_context(plan))


def _checked(request: SignedInRequest, plan: Plan) -> HttpResponse:
    show_in(plan.grid.time_zone)
    return render(request, "derms/plan_check.html", _check_context(plan) | {"plan": plan, "with_preview": True})


def _check_context(plan: Plan) -> dict[str, Any]:
    """What the check panel and the preview show; nothing as long as the plan is incomplete."""
    if not plan.form.is_bound or not plan.is_valid() or not plan.starts_after(clock.now()):
        return {}
    event, stages = plan.event(), plan.stages()
    check = check_plan(event, stages, clock.now())
    plan.grid.keep_found(check.stages)
    return {"check": check, "charts": check.charts, "event": event, "drawn": stages}


def _edit_context(request: SignedInRequest, event: Event) -> dict[str, Any]:
    show_in(event.zone.time_zone)
    return {
        "event": event,
        "time_zone": event.zone.time_zone,
        "is_open": event.state in EDITABLE_STATES and request.user.has_perm("derms.plan_event"),
        "hidden": seen_fields(request, [event]),
        "stage_columns": STAGES,
        "stages": stages_of(event),
        "steps": steps(event),
        "buttons": [b for b in buttons(event, request.user) if not b.url.endswith("/edit/")],
    }


def _require_planner(request: SignedInRequest, event: Event) -> None:
    if not request.user.has_perm("derms.plan_event"):
        raise PermissionDenied(
            _("Your roles do not include planning events. Ask an administrator for the role you need.")
        )
    operations.require_editable(event)


def _with_rows(typed: QueryDict) -> tuple[QueryDict, str]:
    """Return what was typed, with the chosen strategy's rows, and the time zone its times are in."""
    strategy = _active_strategy(typed.get("strategy", ""))
    return (with_strategy(typed, strategy), strategy.zone.time_zone) if strategy else (typed, "UTC")


def _first_typed(request: SignedInRequest, draft: EventDraft | None) -> QueryDict:
    """The person's draft; else the strategy named in the address, or the first one, starting in an hour."""
    if draft and "strategy" not in request.GET:
        return QueryDict(draft.typed)
    named = request.GET.get("strategy")
    strategy = _active().first() if named is None else _active_strategy(named)
    typed = QueryDict(mutable=True)
    if strategy:
        start = clock.now() + timedelta(minutes=60)
        start += timedelta(minutes=-start.minute % 15, seconds=-start.second, microseconds=-start.microsecond)
        typed.update({"strategy": str(strategy.uid), "starts_at": wall(start, strategy.zone.time_zone)})
    return typed


def _active() -> QuerySet[Strategy]:
    return Strategy.objects.filter(state=StrategyState.ACTIVE).select_related("zone").order_by("name")


def _active_strategy(uid: str) -> Strategy | None:
    """The active strategy with this uid; None also if the text is no uid."""
    try:
        return _active().filter(uid=uid).first()
    except ValidationError:
        return None
