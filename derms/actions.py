"""Everything people do to an event: who may do it, in which states, by which operation, and what the pages say.

State Tracking, the list's Actions menu, the confirm pages, the addresses and the command palette are made from ACTIONS.
It decides what is offered; each operation checks again under its lock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.forms import Form
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integration.seam import clock

from . import operations
from .choices import EDITABLE_STATES, FINAL_STATES, OPEN_STATES, Approval, EventState
from .forms import CancelForm, DenyForm, ShortfallForm, SubmitForm
from .four_eyes import own_event_sentence
from .models import Event
from .pages.action_words import ABORT_WORDS, CANCEL_WORDS, Words
from .pages.consequences import aborted_stages, stopped_stages
from .pages.moments import starts_later
from .planning.before_submit import conflicts_and_expected, not_submittable

PLAN_EVENT = "derms.plan_event"


def _always(event: Event) -> bool:
    return True


def _nothing(event: Event) -> list[str]:
    return []


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing people do to an event."""

    verb: str  # in addresses (schedule-again) and in their names (event_schedule_again)
    label: str | Promise  # of its button; ends in … if its page asks for more
    icon: str
    permission: str = PLAN_EVENT
    states: tuple[str, ...]
    main_in: tuple[str, ...] = ()  # states in which it is the usual next step
    is_main: Callable[[Event], bool] = _always  # whether it is also that for this event
    is_awaited: Callable[[Event], bool] = _always  # whether an event in one of the states still needs it
    refusal: Callable[[Event, Any], str] | None = None  # why this person may not, though their roles allow it
    obstacles: Callable[[Event], list[str]] = _nothing  # what keeps anybody from it; only its confirm page asks
    operation: Callable[..., Any]
    form: type[Form] | None = None  # its cleaned values are arguments of the operation
    foresees: Callable[[Event], list[str]] = _nothing  # sentences that say what it would do to this event
    loses: Callable[[Event], int] | None = None  # outcomes that it gives up; the form asks for the number then too
    words: Words = field(default_factory=Words)
    words_while_running: Words | None = None  # used while devices run; the form then asks for the event's number too
    is_dangerous: bool = False
    has_own_page: bool = False  # instead of the confirm page
    is_step: bool = True  # shown in State Tracking
    decides: bool = False  # for or against an event that waits for approval; on the decision card, too
    takes_several: bool = False  # offered in the list's Actions menu; for several events, only a reason is asked for

    @property
    def address(self) -> str:
        return self.verb.replace("_", "-") + "/"

    @property
    def name(self) -> str:
        """The label as a verb: “cancel” of “Cancel…”."""
        return str(self.label).rstrip("…")


APPROVE = Action(
    verb="approve",
    label=_("Approve"),
    icon="check",
    permission="derms.approve_event",
    states=(EventState.SUBMITTED,),
    main_in=(EventState.SUBMITTED,),
    is_awaited=lambda event: event.approval == Approval.REQUIRED,
    refusal=own_event_sentence,
    operation=operations.approve_event,
    foresees=conflicts_and_expected,
    words=Words(
        title=_("Approve %(number)s?"),
        sentence=_("After the last approval, its devices are chosen and reserved immediately."),
        act=_("Approve"),
        keep=_("Don't approve yet"),
        done=_("%(number)s was approved; its devices are being chosen and reserved."),
        still_waits=_("Your approval of %(number)s is recorded; the event still needs the other one."),
    ),
    decides=True,
    takes_several=True,
)
DENY = Action(
    verb="deny",
    label=_("Deny…"),
    icon="x",
    permission="derms.approve_event",
    states=(EventState.SUBMITTED,),
    is_awaited=lambda event: event.approval == Approval.REQUIRED,
    operation=operations.deny_event,
    form=DenyForm,
    words=Words(
        title=_("Deny %(number)s?"),
        sentence=_("The operator sees your reason and can edit the event and submit it again."),
        act=_("Deny"),
        keep=_("Leave it submitted"),
        done=_("%(number)s was denied; its author can edit it and submit it again."),
    ),
    decides=True,
    is_dangerous=True,
    takes_several=True,
)
AS_BALANCE_AUTHORITY: dict[str, Any] = {
    "permission": "derms.approve_event_as_balance_authority",
    "is_awaited": lambda event: event.balance_authority_approval == Approval.REQUIRED,
    "takes_several": False,
}


def _can_be_aborted(event: Event) -> bool:
    return not operations.not_abortable(event, list(event.stages.all()), clock.now())


def _by_verb(*actions: Action) -> dict[str, Action]:
    return {action.verb: action for action in actions}


ACTIONS = _by_verb(
    Action(
        verb="edit",
        label=_("Edit"),
        icon="pencil",
        states=EDITABLE_STATES,
        main_in=(EventState.DENIED,),
        operation=operations.edit_event,
        has_own_page=True,
    ),
    Action(
        verb="clone",
        label=_("Clone"),
        icon="copy",
        states=tuple(EventState),
        operation=operations.clone_event,
        words=Words(
            title=_("Clone %(number)s?"),
            sentence=_("This creates a New event with the same plan and times of day, on the next possible day."),
            act=_("Clone"),
            keep=_("Back to the event"),
            done=_("%(clone)s is a clone of %(number)s."),
        ),
        is_step=False,
        takes_several=True,
    ),
    Action(
        verb="submit",
        label=_("Submit"),
        icon="send",
        states=(EventState.NEW,),
        main_in=(EventState.NEW,),
        obstacles=not_submittable,
        operation=operations.submit_event,
        form=SubmitForm,
        foresees=conflicts_and_expected,
        words=Words(
            title=_("Submit %(number)s for approval?"),
            sentence=_("It can't be edited while it waits for approval; withdraw it to edit it."),
            act=_("Submit"),
            keep=_("Keep planning"),
            done=_("%(number)s was submitted; an approver has to approve it."),
        ),
        takes_several=True,
    ),
    APPROVE,
    DENY,
    replace(
        APPROVE,
        verb="approve_as_balance_authority",
        label=_("Approve as Balance Authority"),
        operation=operations.approve_event_as_balance_authority,
        **AS_BALANCE_AUTHORITY,
    ),
    replace(
        DENY,
        verb="deny_as_balance_authority",
        label=_("Deny as Balance Authority…"),
        operation=operations.deny_event_as_balance_authority,
        **AS_BALANCE_AUTHORITY,
    ),
    Action(
        verb="withdraw",
        label=_("Withdraw"),
        icon="arrow-back-up",
        states=(EventState.SUBMITTED,),
        operation=operations.withdraw_event,
        words=Words(
            title=_("Withdraw %(number)s?"),
            sentence=_("It goes back to New. Nobody can approve it until it is submitted again."),
            act=_("Withdraw"),
            keep=_("Leave it submitted"),
            done=_("%(number)s was withdrawn and can be edited again."),
        ),
        takes_several=True,
    ),
    Action(
        verb="schedule_again",
        label=_("Schedule again"),
        icon="refresh",
        states=(EventState.APPROVED,),
        main_in=(EventState.APPROVED,),
        is_main=starts_later,
        is_awaited=lambda event: event.schedule_due_at is None,
        operation=operations.schedule_event_again,
        foresees=conflicts_and_expected,
        words=Words(
            title=_("Schedule %(number)s again?"),
            act=_("Schedule again"),
            keep=_("Leave it approved"),
            done=_("%(number)s is being scheduled again."),
        ),
    ),
    Action(
        verb="schedule_with_shortfall",
        label=_("Schedule with shortfall…"),
        icon="alert-triangle",
        states=(EventState.APPROVED,),
        is_awaited=lambda event: event.schedule_due_at is None,
        operation=operations.schedule_event_with_shortfall,
        form=ShortfallForm,
        foresees=conflicts_and_expected,
        words=Words(
            title=_("Schedule %(number)s with a shortfall?"),
            sentence=_("It goes back to its approver first."),
            act=_("Ask for approval"),
            keep=_("Leave it approved"),
            done=_("%(number)s waits for approval with the larger shortfall."),
        ),
    ),
    Action(
        verb="cancel",
        label=_("Cancel…"),
        icon="ban",
        states=OPEN_STATES,
        operation=operations.cancel_event,
        form=CancelForm,
        foresees=stopped_stages,
        words=CANCEL_WORDS,
        words_while_running=replace(
            CANCEL_WORDS,
            title=_("Cancel %(number)s and release %(devices)s running devices?"),
            keep=_("Keep event running"),
        ),
        is_dangerous=True,
        takes_several=True,
    ),
    Action(
        verb="abort",
        label=_("Abort…"),
        icon="alert-triangle",
        permission="derms.abort_event",
        states=tuple(EventState),
        is_awaited=_can_be_aborted,
        operation=operations.abort_event,
        form=CancelForm,
        foresees=aborted_stages,
        loses=operations.outcomes_to_lose,
        words=ABORT_WORDS,
        words_while_running=replace(
            ABORT_WORDS,
            title=_("Abort %(number)s and release %(devices)s running devices?"),
            keep=_("Keep event running"),
        ),
        is_dangerous=True,
    ),
)


def impossible_now(action: Action, event: Event) -> str:
    """Return why nobody can do this to the event in its present state; empty if it is possible."""
    if event.state in action.states and action.is_awaited(event):
        return ""
    values = {"number": event.number, "state": event.get_state_display(), "action": action.name}
    if event.state in FINAL_STATES:
        return gettext("%(number)s is %(state)s: it is over, and “%(action)s” is no longer possible.") % values
    return gettext("%(number)s is %(state)s: “%(action)s” is not possible now.") % values


def refusal(action: Action, event: Event, person: Any) -> str:
    """Return why this person can't do this to the event now; empty if they can."""
    return impossible_now(action, event) or (action.refusal(event, person) if action.refusal else "")


def actions_for_several(person: Any) -> list[Action]:
    """The entries of the Actions menu that this person may use."""
    return [action for action in ACTIONS.values() if action.takes_several and person.has_perm(action.permission)]
