"""State Tracking: the states of an event, and the buttons that this person has in its current state."""

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ..actions import ACTIONS, Action, impossible_now
from ..choices import SIDE_BRANCHES, STATES_AS_PLANNED, EventState
from ..models import Event, Transition
from .seen import SEEN, seen


class Button(NamedTuple):
    """An action on the event. `refusal` says why this person may not take it, if a reason is shown."""

    label: str | Promise
    icon: str
    url: str
    style: str = ""
    refusal: str = ""
    decides: bool = False


class Step(NamedTuple):
    """One state: reached at a moment through somebody, or still to come; `approvals` are those given so far."""

    state: str
    css: str
    at: datetime | None
    by: str
    why: str
    approvals: tuple[str, ...] = ()


def buttons(event: Event, person: AbstractUser) -> list[Button]:
    """What this person may do with the event now; an approval they may not give is shown with the reason."""
    return [
        Button(
            action.label,
            action.icon,
            _url(action, event),
            _style(action, event),
            action.refusal(event, person) if action.refusal else "",
            action.decides,
        )
        for action in ACTIONS.values()
        if action.is_step and person.has_perm(action.permission)
        if not impossible_now(action, event)
    ]


def deciding(offered: list[Button]) -> list[Button]:
    """The buttons of the decision card: none for a person who may not approve this event."""
    found = [button for button in offered if button.decides]
    return [] if any(button.refusal for button in found) else found


def _url(action: Action, event: Event) -> str:
    url = reverse(f"derms:event_{action.verb}", args=[event.number])
    return url if action.has_own_page else f"{url}?{urlencode({SEEN: seen(event)})}"


def _style(action: Action, event: Event) -> str:
    if action.is_dangerous:
        return "btn-outline-danger"
    return "btn-primary" if event.state in action.main_in and action.is_main(event) else ""


def steps(event: Event) -> list[Step]:
    """The states the event went through since its last edit, the one it is in, and those to come."""
    history = [t for t in event.transitions.filter(stage=None).order_by("revision") if t.from_state != t.to_state]
    reached = [*_latest_path(history)]
    done = [_step(t, "bad" if t.to_state in SIDE_BRANCHES else "done") for t in reached]
    done[-1] = done[-1]._replace(css="bad" if event.state in SIDE_BRANCHES else "now")
    done = [step._replace(approvals=_approvals(event)) if step.state == _approved_in(event) else step for step in done]
    if event.state in SIDE_BRANCHES:
        return done
    to_come = STATES_AS_PLANNED[STATES_AS_PLANNED.index(EventState(event.state)) + 1 :]
    return done + [Step(state, "todo", None, "", "") for state in to_come]


def _approved_in(event: Event) -> EventState:
    """The state that shows who approved: Submitted as long as one of two approvals is missing."""
    return EventState.SUBMITTED if event.state == EventState.SUBMITTED else EventState.APPROVED


def _approvals(event: Event) -> tuple[str, ...]:
    given = ((_("Approver: %s"), event.approver), (_("Balance Authority: %s"), event.balance_authority_approver))
    return tuple(text % person.username for text, person in given if person)


def _latest_path(history: list[Transition]) -> list[Transition]:
    """Drop detours: if the event returned to a state (withdrawn, denied and edited), only the last visit counts."""
    path: list[Transition] = []
    for transition in history:
        while any(t.to_state == transition.to_state for t in path):
            path.pop()
        path.append(transition)
    return path


def _step(transition: Transition, css: str) -> Step:
    return Step(transition.to_state, css, transition.at, transition.by, transition.why)
