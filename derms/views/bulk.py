"""The Actions menu of the list: one event's own page for a verb, or several events in one go."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from derms.four_eyes import own_event_sentence
from derms.queries.lists import events_for_list
from integration.pages.access import allow
from integration.pages.acting import acts_once
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.refusals import Refused

from .. import operations
from ..choices import OPEN_STATES, EventState
from ..forms import DenyForm
from ..models import Event

PLAN, APPROVE = "derms.plan_event", "derms.approve_event"
MOST = 50


class Verb(NamedTuple):
    """What may be done to several events at once, by whom, and from which states."""

    title: str | Promise
    act: str | Promise
    done: str | Promise
    permission: str
    states: tuple[str, ...]
    operation: Callable[..., Any]
    asks_reason: bool = False


VERBS = {
    "submit": Verb(
        gettext_lazy("Submit these events for approval?"),
        gettext_lazy("Submit"),
        gettext_lazy("%(number)s was submitted."),
        PLAN,
        (EventState.NEW,),
        operations.submit_event,
    ),
    "withdraw": Verb(
        gettext_lazy("Withdraw these events?"),
        gettext_lazy("Withdraw"),
        gettext_lazy("%(number)s was withdrawn."),
        PLAN,
        (EventState.SUBMITTED,),
        operations.withdraw_event,
    ),
    "clone": Verb(
        gettext_lazy("Clone these events?"),
        gettext_lazy("Clone"),
        gettext_lazy("%(number)s was cloned."),
        PLAN,
        tuple(EventState.values),
        operations.clone_event,
    ),
    "approve": Verb(
        gettext_lazy("Approve these events?"),
        gettext_lazy("Approve"),
        gettext_lazy("%(number)s was approved."),
        APPROVE,
        (EventState.SUBMITTED,),
        operations.approve_event,
    ),
    "deny": Verb(
        gettext_lazy("Deny these events?"),
        gettext_lazy("Deny"),
        gettext_lazy("%(number)s was denied."),
        APPROVE,
        (EventState.SUBMITTED,),
        operations.deny_event,
        asks_reason=True,
    ),
    "cancel": Verb(
        gettext_lazy("Cancel these events?"),
        gettext_lazy("Cancel events"),
        gettext_lazy("%(number)s is canceled."),
        PLAN,
        tuple(OPEN_STATES),
        operations.cancel_event,
        asks_reason=True,
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow("derms.view_event")
@acts_once
def event_action(request: SignedInRequest, verb: str) -> HttpResponse:
    """One event leads to its own page; several are confirmed on one page, and each is answered for itself."""
    chosen = request.GET.getlist("number")[: MOST + 1]
    if verb not in VERBS and verb != "edit":
        raise Http404(_("There is no action “%(verb)s”.") % {"verb": verb})
    if not chosen or len(chosen) > MOST or (verb == "edit" and len(chosen) > 1):
        messages.info(request, _("Choose one to %(most)s events first.") % {"most": 1 if verb == "edit" else MOST})
        return redirect("derms:event_list")
    if len(chosen) == 1:
        return redirect(f"derms:event_{verb}", chosen[0])
    if not request.user.has_perm(VERBS[verb].permission):
        raise PermissionDenied(_("Your roles do not include this. Ask an administrator for the role you need."))
    return _act_on_several(request, VERBS[verb], chosen)


def _act_on_several(request: SignedInRequest, verb: Verb, chosen: list[str]) -> HttpResponse:
    events = list(events_for_list().filter(number__in=chosen).order_by("pk"))
    form = DenyForm(request.POST if request.method == "POST" else None) if verb.asks_reason else None
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        for event in events:
            _act(request, verb, event, reason)
        return redirect("derms:event_list")
    context = {
        "title": verb.title,
        "consequences": [_sentence(request, verb, event) for event in events],
        "form": form,
        "act": verb.act,
        "keep": _("Back to the list"),
        "keep_url": "/events/",
        "dangerous": verb.operation is operations.cancel_event,
    }
    return render(request, "confirm.html", context, status=422 if form and form.errors else 200)


def _act(request: SignedInRequest, verb: Verb, event: Event, reason: dict[str, str]) -> None:
    act = partial(verb.operation, event_id=event.pk, by=request.user, now=clock.now(), **reason)
    try:
        if refusal := _refusal(request, verb, event):
            raise Refused(refusal)
        act()
        messages.success(request, verb.done % {"number": event.number})
    except Refused as refused:
        messages.error(request, f"{event.number}: {refused}")


def _sentence(request: SignedInRequest, verb: Verb, event: Event) -> str:
    words = {"event": event, "state": event.get_state_display(), "why": _refusal(request, verb, event)}
    if words["why"]:
        return _("%(event)s: will be left as it is. %(why)s") % words
    return _("%(event)s (%(state)s)") % words


def _refusal(request: SignedInRequest, verb: Verb, event: Event) -> str:
    """Why this event can't be acted on together with others; the operation looks again under its lock."""
    if event.state not in verb.states:
        return _("It is %(state)s.") % {"state": event.get_state_display()}
    if verb.permission == APPROVE and verb.operation is operations.approve_event:
        return own_event_sentence(event, request.user)
    if verb.operation is operations.cancel_event and operations.calls_to_release(event):
        return _("Devices are running; cancel it on its own page.")
    return ""
