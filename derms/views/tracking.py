"""State Tracking: the way of an event, and the buttons this person has at this point of it."""

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from derms.four_eyes import own_event_sentence

from ..choices import OPEN_STATES, Approval, EventState
from ..models import Event, Transition

WAY = (
    EventState.NEW,
    EventState.SUBMITTED,
    EventState.APPROVED,
    EventState.SCHEDULED,
    EventState.IN_PROGRESS,
    EventState.COMPLETED,
)
SIDE_BRANCHES = (EventState.DENIED, EventState.CANCELED)
PLAN, APPROVE, SECOND = "derms.plan_event", "derms.approve_event", "derms.approve_event_as_balance_authority"


class Button(NamedTuple):
    """An action of the event. `refusal` says why this person may not take it, where that is worth telling."""

    label: str | Promise
    icon: str
    url: str
    style: str = ""
    refusal: str = ""


class Step(NamedTuple):
    """One state of the way: reached at a moment by somebody, or still to come."""

    state: str
    css: str
    at: datetime | None
    by: str
    why: str


# state -> (verb, label, icon, style, permission)
ACTIONS: dict[str, list[tuple[str, str | Promise, str, str, str]]] = {
    EventState.NEW: [
        ("event_edit", _("Edit"), "pencil", "", PLAN),
        ("event_submit", _("Submit"), "send", "btn-primary", PLAN),
    ],
    EventState.DENIED: [("event_edit", _("Edit"), "pencil", "btn-primary", PLAN)],
    EventState.SUBMITTED: [
        ("event_approve", _("Approve"), "check", "btn-primary", APPROVE),
        ("event_deny", _("Deny…"), "x", "btn-outline-danger", APPROVE),
        ("event_approve_as_balance_authority", _("Approve as Balance Authority"), "check", "btn-primary", SECOND),
        ("event_deny_as_balance_authority", _("Deny as Balance Authority…"), "x", "btn-outline-danger", SECOND),
        ("event_withdraw", _("Withdraw"), "arrow-back-up", "", PLAN),
    ],
    EventState.APPROVED: [
        ("event_schedule_again", _("Schedule again"), "refresh", "btn-primary", PLAN),
        ("event_schedule_with_shortfall", _("Schedule with shortfall…"), "alert-triangle", "", PLAN),
    ],
}


def buttons(event: Event, person: AbstractUser) -> list[Button]:
    """What this person may do with the event now; an approval they may not give is shown with its reason."""
    found = []
    for verb, label, icon, style, permission in ACTIONS.get(event.state, []):
        # An approved event that waits for its scheduler needs nobody.
        if event.state == EventState.APPROVED and event.schedule_due_at:
            continue
        if person.has_perm(permission) and _is_asked_for(event, permission):
            refusal = own_event_sentence(event, person) if verb.startswith("event_approve") else ""
            found.append(Button(label, icon, reverse(f"derms:{verb}", args=[event.number]), style, refusal))
    if event.state in OPEN_STATES and person.has_perm(PLAN):
        found.append(
            Button(_("Cancel…"), "ban", reverse("derms:event_cancel", args=[event.number]), "btn-outline-danger")
        )
    return found


def _is_asked_for(event: Event, permission: str) -> bool:
    """Each of the two approvals has its buttons only while it is awaited."""
    awaited = {APPROVE: event.approval, SECOND: event.balance_authority_approval}
    return awaited.get(permission, Approval.REQUIRED) == Approval.REQUIRED


def steps(event: Event) -> list[Step]:
    """The states the event went through since its last edit, the one it is in, and those to come."""
    history = [t for t in event.transitions.filter(stage=None).order_by("revision") if t.from_state != t.to_state]
    reached = [*_latest_way(history)]
    done = [_step(t, "bad" if t.to_state in SIDE_BRANCHES else "done") for t in reached]
    done[-1] = done[-1]._replace(css="bad" if event.state in SIDE_BRANCHES else "now")
    if event.state in SIDE_BRANCHES:
        return done
    return done + [Step(state, "todo", None, "", "") for state in WAY[WAY.index(EventState(event.state)) + 1 :]]


def _latest_way(history: list[Transition]) -> list[Transition]:
    """Drop detours: a state that was left backwards (withdrawn, denied and edited) counts from its last visit."""
    way: list[Transition] = []
    for transition in history:
        while any(t.to_state == transition.to_state for t in way):
            way.pop()
        way.append(transition)
    return way


def _step(transition: Transition, css: str) -> Step:
    return Step(transition.to_state, css, transition.at, transition.by, transition.why)
