"""The confirm pages of derms.actions: GET shows what would happen to one or several events, POST does it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from integration.pages.access import View, allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.pages.moments import show_in
from integration.pages.numbers import count_text
from integration.seam import clock
from integration.seam.refusals import Refused

from .. import operations
from ..actions import ACTIONS, Action, refusal
from ..choices import EventState
from ..filters import events_numbered
from ..forms import CancelForm, ReasonForm
from ..models import Event, Stage
from ..pages.consequences import plan_in_words, without_stage
from ..queries.taking_part import devices_taking_part
from .seen import seen_fields, seen_revision

MOST_EVENTS = 50  # in one action
SENT_STATES = (EventState.SCHEDULED, EventState.IN_PROGRESS)  # open events that the other systems know of


def event_confirm(action: Action) -> View:
    """Return the view of one action on one event."""

    @ACTING
    @allow(action.permission)
    @acts_once
    def confirmed(request: SignedInRequest, number: str) -> HttpResponse:
        return _act_on_one(request, action, get_object_or_404(Event.objects.select_related("zone"), number=number))

    return confirmed


@ACTING
@allow("derms.view_event")
@acts_once
def event_action(request: SignedInRequest, verb: str) -> HttpResponse:
    """The Actions menu: one event leads to its own page; several share a confirm page, and each gets its own answer."""
    action = ACTIONS.get(verb)
    if action is None or not (action.takes_several or action.has_own_page):
        raise Http404(_("There is no action “%(verb)s”.") % {"verb": verb})
    chosen = request.GET.getlist("number")
    most = MOST_EVENTS if action.takes_several else 1
    if not 1 <= len(chosen) <= most:
        several = _("Select 1 to %(most)s events first.") % {"most": most}
        messages.info(request, several if most > 1 else _("Select one event first."))
        return redirect("derms:event_list")
    if len(chosen) == 1:
        return redirect(f"derms:event_{verb}", chosen[0])
    if not request.user.has_perm(action.permission):
        raise PermissionDenied(_("Your roles do not include this. Ask an administrator for the role you need."))
    return _act_on_several(request, action, list(events_numbered(chosen).order_by("pk")))


@ACTING
@allow("derms.plan_event")
@acts_once
def stage_cancel(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    """Cancel one stage of an event."""
    stage = get_object_or_404(Stage.objects.select_related("event__zone"), event__number=number, number=stage_number)
    running = devices_taking_part([stage]).get(stage.pk, 0)
    form = CancelForm(_posted(request), number=number if running else "")
    show_in(stage.event.zone.time_zone)
    revision = seen_revision(request, stage.event)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        operations.cancel_stage(stage_id=stage.pk, by=request.user, now=clock.now(), revision=revision, **typed)
        messages.success(request, _("The stage is canceled; %(number)s goes on with the rest.") % {"number": number})
        return redirect("derms:event", number)
    title = _("Cancel stage %(stage)s of %(number)s?")
    if running:
        title = _("Cancel stage %(stage)s of %(number)s and release %(devices)s running devices?")
    return confirm(
        request,
        title=title % {"stage": stage_number, "number": number, "devices": count_text(running)},
        impossible=operations.not_cancelable(stage) if request.method == "GET" else "",
        about=plan_in_words(stage.event),
        consequences=without_stage(stage),
        form=form,
        hidden=seen_fields(request, [stage.event]),
        act=_("Cancel stage"),
        keep=_("Keep stage running") if running else _("Keep the stage"),
        keep_url=reverse("derms:event", args=[number]),
        dangerous=True,
    )


def _initial(event: Event) -> dict[str, Any]:
    """What a form holds at first: what was accepted in an earlier round, if anything was."""
    return {"accepted_kw": event.shortfall_accepted_kw} if event.shortfall_accepted_kw else {}


def _posted(request: SignedInRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _act_on_one(request: SignedInRequest, action: Action, event: Event) -> HttpResponse:
    show_in(event.zone.time_zone)
    revision = seen_revision(request, event)
    running = operations.calls_to_release(event) if action.words_while_running else 0
    words = action.words_while_running if running and action.words_while_running else action.words
    number = event.number if running or (action.loses and action.loses(event)) else ""
    typed: dict[str, Any] = {"number": number, "is_running": bool(running)} if number else {}
    form = action.form(_posted(request), initial=_initial(event), **typed) if action.form else None
    why = _impossible(action, event, request.user) if request.method == "GET" else ""
    if request.method == "POST" and (form is None or form.is_valid()):
        made = _act(request, action, event, revision, form.cleaned_data if form else {})
        return redirect("derms:event_edit", made.number) if made else redirect(_after(request, event))
    sentence = [str(words.sentence)] if words.sentence else []
    return confirm(
        request,
        title=str(words.title) % {"number": event.number, "devices": count_text(running)},
        about=plan_in_words(event),
        impossible=why,
        consequences=[] if why else action.foresees(event) + sentence,
        form=form,
        hidden=seen_fields(request, [event]),
        act=str(words.act),
        keep=str(words.keep),
        keep_url=_after(request, event),
        dangerous=action.is_dangerous,
    )


def _after(request: SignedInRequest, event: Event) -> str:
    """The event's page; an administrator, who may abort what they don't see, goes to the alerts."""
    sees = request.user.has_perm("derms.view_event")
    return reverse("derms:event", args=[event.number]) if sees else reverse("alert_list")


def _act_on_several(request: SignedInRequest, action: Action, events: list[Event]) -> HttpResponse:
    """The events share a reason if the action asks for one; amounts keep their defaults."""
    form = action.form(_posted(request)) if action.form and issubclass(action.form, ReasonForm) else None
    if request.method == "POST" and (form is None or form.is_valid()):
        for event in events:
            _try_to_act(request, action, event, form.cleaned_data if form else {})
        return redirect("derms:event_list")
    return confirm(
        request,
        title=str(action.words.title) % {"number": _("these events")},
        consequences=[_foreseen(request, action, event) for event in events],
        form=form,
        hidden=seen_fields(request, events),
        act=str(action.words.act_on_several or action.words.act),
        keep=_("Back to the list"),
        keep_url=reverse("derms:event_list"),
        dangerous=action.is_dangerous,
    )


def _act(request: SignedInRequest, action: Action, event: Event, revision: int, asked: dict[str, Any]) -> Event | None:
    """Carry out the action and report success; returns the event it created, if any."""
    made: Event | None = action.operation(
        event_id=event.pk, by=request.user, now=clock.now(), revision=revision, **asked
    )
    done = _done(action, event.state, Event.objects.get(pk=event.pk).state)
    messages.success(request, str(done) % {"number": event.number, "clone": made and made.number})
    return made


def _done(action: Action, was: str, state: str) -> str | Promise:
    """The sentence of success, by the event's state before and after."""
    words = action.words
    if words.still_waits and state == EventState.SUBMITTED:
        return words.still_waits
    if words.done_unsent and was not in SENT_STATES:
        return words.done_unsent
    return words.done


def _try_to_act(request: SignedInRequest, action: Action, event: Event, asked: dict[str, Any]) -> None:
    try:
        revision = seen_revision(request, event)
        if why := _refusal(request, action, event):
            raise Refused(why)
        _act(request, action, event, revision, asked)
    except operations.EventWouldNotBeScheduled as refused:
        alone = _("Submit it on its own page, which asks how much of that you accept.")
        messages.error(request, f"{event.number}: {refused} {alone}")
    except Refused as refused:
        messages.error(request, f"{event.number}: {refused}")


def _foreseen(request: SignedInRequest, action: Action, event: Event) -> str:
    about = f"{event.number} · {plan_in_words(event)}"
    values = {"event": about, "state": event.get_state_display(), "why": _refusal(request, action, event)}
    if values["why"]:
        return _("%(event)s will not be changed. %(why)s") % values
    return _("%(event)s (%(state)s)") % values


def _impossible(action: Action, event: Event, person: Any) -> str:
    return refusal(action, event, person) or " ".join(action.obstacles(event))


def _refusal(request: SignedInRequest, action: Action, event: Event) -> str:
    """Why this event can't be acted on together with others; the operation checks again under its lock."""
    if why := _impossible(action, event, request.user):
        return why
    if action.words_while_running and operations.calls_to_release(event):
        return _("Devices are running; cancel it on its own page.")
    return ""
