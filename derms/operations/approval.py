"""An event's path from New to Approved: submit, withdraw, approve, deny, and the Balance Authority's approval.

`revision` is the event's as the person saw it: each operation raises EventChanged if there is another one by now.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from derms.figures.profile import Figures
from derms.four_eyes import own_event_sentence
from derms.pages.reserving import refusal_in_words
from derms.planning.closed_programs import closed_program_problems
from derms.planning.control_problems import control_problems
from derms.planning.problems import lead_time_problem, plan_problems
from derms.planning.submitted_plans import keep_plan
from derms.queries.goals import expected_figures, stage_goals
from derms.set_operations.choosing_together import choose_together
from integration.seam import outbox
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

from ..choices import Approval, EventState
from ..models import Event, Stage
from .balance_authority import lock_balance_authority_check, needs_balance_authority
from .figures import expect_figures
from .history import last_change, save_event
from .locks import lock_event, lock_stages

AGAIN = recorded("Schedule again")
ACCEPTED = recorded("Shortfall of up to %(kw)s kW accepted")


class EventNotSubmittable(Refused):
    """Something in the plan is missing, too soon or contradictory."""


class EventWouldNotBeScheduled(Refused):
    """Schedule would refuse the event, and nobody was asked how much of what is missing they accept."""


class EventNotApprovable(Refused):
    """This person may not approve the event, or it no longer waits for this approval."""


class EventNotInState(Refused):
    """The event's state does not allow this action."""


@transaction.atomic
def submit_event(
    *, event_id: int, by: Any, now: datetime, accepted_kw: int | None = None, revision: int | None = None
) -> None:
    """Submit an event for approval.

    `accepted_kw` is the shortfall the operator accepts when it is scheduled; None if the operator was not asked. Then
    an event that Schedule would refuse raises EventWouldNotBeScheduled.
    """
    lock_balance_authority_check()
    event = lock_event(event_id, revision)
    _require_state(event, _("submitted"), EventState.NEW)
    stages = lock_stages(event)
    _check_plan(event, stages, now)
    _copy_groups(stages)
    _expect(event, stages, now)
    was, is_asked = event.state, accepted_kw is not None
    event.submit(by, accepted_kw or 0, needs_balance_authority=needs_balance_authority(event, stages, now))
    if not is_asked and (refusal := _expected_refusal(event, stages)):
        raise EventWouldNotBeScheduled(refusal)
    save_event(event, was=was, by=by, now=now, why=_accepting(event.shortfall_accepted_kw))
    keep_plan(event, stages, now)


@transaction.atomic
def withdraw_event(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> None:
    """Take a submitted event back to New."""
    event = lock_event(event_id, revision)
    _require_state(event, _("withdrawn"), EventState.SUBMITTED)
    was = event.state
    event.withdraw()
    save_event(event, was=was, by=by, now=now)


@transaction.atomic
def deny_event(*, event_id: int, by: Any, now: datetime, reason: str, revision: int | None = None) -> None:
    """Deny the approval, with a reason for the operator."""
    _deny(lock_event(event_id, revision), "approval", by, now, reason)


@transaction.atomic
def deny_event_as_balance_authority(
    *, event_id: int, by: Any, now: datetime, reason: str, revision: int | None = None
) -> None:
    """Deny the Balance Authority's approval, with a reason for the operator."""
    _deny(lock_event(event_id, revision), "balance_authority_approval", by, now, reason)


@transaction.atomic
def approve_event(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> None:
    """Approve another person's event; after its last required approval the scheduler chooses its devices."""
    event, stages = _lock_to_approve(event_id, revision, by, now)
    if event.approval != Approval.REQUIRED:
        raise EventNotApprovable(
            _("%(number)s is approved already; it still needs the Balance Authority's approval.")
            % {"number": event.number},
            last_change(event),
        )
    event.approver, event.approval = by, Approval.GIVEN
    # Together with events submitted since, this one may now pass the threshold.
    if event.balance_authority_approval == Approval.NOT_REQUIRED and needs_balance_authority(event, stages, now):
        event.balance_authority_approval = Approval.REQUIRED
    _approve_if_complete(event, by, now, "Approved; the Balance Authority has to approve it too")


@transaction.atomic
def approve_event_as_balance_authority(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> None:
    """Give the Balance Authority's approval to an event whose power passes the threshold; a third person does it."""
    event, _stages = _lock_to_approve(event_id, revision, by, now)
    if event.balance_authority_approval != Approval.REQUIRED:
        raise EventNotApprovable(
            _("%(number)s doesn't need the Balance Authority's approval.") % {"number": event.number},
            last_change(event),
        )
    event.balance_authority_approver, event.balance_authority_approval = by, Approval.GIVEN
    _approve_if_complete(event, by, now, "Approved by the Balance Authority; an approver has to approve it too")


@transaction.atomic
def schedule_event_again(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> None:
    """Have the scheduler try again to choose and reserve an approved event's devices."""
    event = lock_event(event_id, revision)
    _require_state(event, _("scheduled again"), EventState.APPROVED)
    event.schedule_due_at = now
    save_event(event, was=event.state, by=by, now=now, why=AGAIN())
    outbox.wake(outbox.BY_THE_CLOCK)


@transaction.atomic
def schedule_event_with_shortfall(
    *, event_id: int, accepted_kw: int, by: Any, now: datetime, revision: int | None = None
) -> None:
    """Accept a larger shortfall; the event goes back to its approver."""
    event = lock_event(event_id, revision)
    _require_state(event, _("sent back with a larger shortfall"), EventState.APPROVED)
    stages = lock_stages(event)
    _expect(event, stages, now)
    was = event.state
    event.accept_shortfall(accepted_kw, by)
    save_event(event, was=was, by=by, now=now, why=_accepting(accepted_kw))
    keep_plan(event, stages, now)


def check_still_possible(event: Event, stages: list[Stage], now: datetime, refusal: type[Refused]) -> None:
    """Raise `refusal` with all that Submit checked and that holds no longer: programs, lead time, controls."""
    problems = [
        *closed_program_problems(event, stages),
        lead_time_problem(event, stages, now),
        *control_problems(event, stages),
    ]
    if said := " ".join(filter(None, problems)):
        raise refusal(said)


def _deny(event: Event, field: str, by: Any, now: datetime, reason: str) -> None:
    _require_state(event, _("denied"), EventState.SUBMITTED)
    if getattr(event, field) == Approval.NOT_REQUIRED:
        raise EventNotApprovable(
            _("%(number)s doesn't need the Balance Authority's approval.") % {"number": event.number}
        )
    if not reason.strip():
        raise EventNotApprovable(_("Give a reason for denying the event: its author needs it to correct the plan."))
    was = event.state
    event.deny(field)
    save_event(event, was=was, by=by, now=now, why=reason.strip())


def _lock_to_approve(event_id: int, revision: int | None, by: Any, now: datetime) -> tuple[Event, list[Stage]]:
    lock_balance_authority_check()
    event = lock_event(event_id, revision)
    _require_state(event, _("approved"), EventState.SUBMITTED)
    if sentence := own_event_sentence(event, by):
        raise EventNotApprovable(sentence)
    stages = lock_stages(event)
    check_still_possible(event, stages, now, EventNotApprovable)
    return event, stages


def _approve_if_complete(event: Event, by: Any, now: datetime, waiting: str) -> None:
    was, why = event.state, waiting
    if Approval.REQUIRED not in (event.approval, event.balance_authority_approval):
        event.approve(now)
        why = ""
        outbox.wake(outbox.BY_THE_CLOCK)
    save_event(event, was=was, by=by, now=now, why=why)


def _check_plan(event: Event, stages: list[Stage], now: datetime) -> None:
    if problems := " ".join(plan_problems(event, stages, now)):
        raise EventNotSubmittable(problems)


def _copy_groups(stages: list[Stage]) -> None:
    """Copy the criteria of the stages' DER groups, so that later changes of a group don't affect a submitted plan."""
    prefetch_related_objects(stages, "der_groups")
    for stage in stages:
        stage.submitted_groups = [group.criteria for group in stage.der_groups.all()]
    Stage.objects.bulk_update(stages, ["submitted_groups"])


def _expect(event: Event, stages: list[Stage], now: datetime) -> None:
    """Keep with the stages what they would reserve now: that is what the approver decides on."""
    expected = choose_together(stages, stage_goals(event, stages), now=now)
    for stage, chosen in zip(stages, expected, strict=True):
        stage.expected_devices, stage.expected_w = chosen.devices, chosen.watts
    Stage.objects.bulk_update(stages, ["expected_devices", "expected_w"])
    event.expected_at = now
    expect_figures(event, _expected_figures(event, stages))


def _expected_refusal(event: Event, stages: list[Stage]) -> str:
    """Why Schedule would refuse the event if its stages reserve what they expect; empty if it would not."""
    figures = _expected_figures(event, stages)
    return refusal_in_words(event, figures, sum(stage.expected_devices or 0 for stage in stages))


def _expected_figures(event: Event, stages: list[Stage]) -> Figures:
    return expected_figures(event, stages, [stage.expected_w or 0 for stage in stages])


def _require_state(event: Event, done: str, state: EventState) -> None:
    if event.state != state:
        raise EventNotInState(
            _("%(number)s is %(state)s; only an event that is %(needed)s can be %(done)s.")
            % {"number": event.number, "state": _(event.state), "needed": _(state), "done": done},
            last_change(event),
        )


def _accepting(kw: int) -> str:
    return ACCEPTED(kw=kw) if kw else ""
