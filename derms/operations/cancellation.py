"""Canceling an event or one of its stages, and aborting an event that is stuck."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from integration.seam.alerts import raise_alert
from integration.seam.delivery import NotYet
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import FINAL_STAGE_STATES, FINAL_STATES, OPEN_STATES, StageState
from ..models import Event, Program, Stage
from ..queries.taking_part import devices_taking_part, outcomes_not_in
from .execution import move_event
from .figures import recount_figures
from .history import last_change, save_event, save_stage
from .locks import lock_event, lock_stages
from .outcomes import close_stage
from .status import send_stage_status

LONGEST_REASON = 200
ABORTED = recorded("Aborted: %(reason)s")
WAS_ABORTED = recorded("%(event)s was aborted by %(by)s: %(reason)s")
PROGRAM_SUSPENDED = recorded("the program was suspended, and its devices were released")


class EventNotCancelable(Refused):
    """The event or stage is over, or the reason is missing or too long."""


@transaction.atomic
def cancel_event(*, event_id: int, by: Any, now: datetime, reason: str, revision: int | None = None) -> None:
    """Cancel an event with every stage that is not over, and send CPM and LEC the status of each stage they know.

    `revision` is the event's as the person saw it. Raises EventChanged if there is another one by now.
    """
    event = lock_event(event_id, revision)
    if event.state not in OPEN_STATES:
        raise EventNotCancelable(
            _("%(number)s is %(state)s; it can't be canceled any more.")
            % {"number": event.number, "state": event.state},
            last_change(event),
        )
    _require_reason(reason)
    for stage in lock_stages(event):
        if stage.state not in FINAL_STAGE_STATES:
            _cancel(stage, by.username, now, reason)
    was = event.state
    event.cancel()
    save_event(event, was=was, by=by, now=now, why=reason.strip())
    recount_figures(event)


@transaction.atomic
def cancel_stage(*, stage_id: int, by: Any, now: datetime, reason: str, revision: int | None = None) -> None:
    """Cancel one scheduled or running stage; the event goes on with the others, or ends if this was the last.

    `revision` is the event's as the person saw it. Raises EventChanged if there is another one by now.
    """
    event = lock_event(Stage.objects.values_list("event_id", flat=True).get(pk=stage_id), revision)
    stage = next(s for s in lock_stages(event) if s.pk == stage_id)
    if why := not_cancelable(stage):
        raise EventNotCancelable(why, last_change(event, stage))
    _require_reason(reason)
    _cancel(stage, by.username, now, reason)
    move_event(event, now)
    recount_figures(event)


@transaction.atomic
def abort_event(*, event_id: int, by: Any, now: datetime, reason: str, revision: int | None = None) -> None:
    """End an event in whatever state it is stuck, and release everything that it holds.

    Stages that are not over are canceled, as by `cancel_event`. Of a stage that is over and still holds something, the
    other systems are told again, and its outcomes are no longer waited for. Raises EventChanged and
    EventNotCancelable, the latter also while outcomes of it are being loaded.
    """
    event = lock_event(event_id, revision)
    stages = lock_stages(event)
    if not_abortable(event, stages, now):
        raise EventNotCancelable(not_abortable(event, stages, now), last_change(event))
    _require_reason(reason)
    for stage in stages:
        if stage.state not in FINAL_STAGE_STATES:
            _cancel(stage, by.username, now, reason)
        elif _holds_something(stage, now):
            _release(stage, by.username, now, reason)
    was = event.state
    if was not in FINAL_STATES:
        event.cancel()
    save_event(event, was=was, by=by, now=now, why=ABORTED(reason=reason.strip()))
    recount_figures(event)
    raise_alert(
        f"aborted:{event.uid}:{event.revision}",
        kind="event aborted",
        priority=Priority.HIGH,
        text=WAS_ABORTED(event=event.number, by=by.username, reason=reason.strip()),
        event_uid=event.uid,
    )


def not_abortable(event: Event, stages: list[Stage], now: datetime) -> str:
    """Return why there is nothing to abort; empty if the event is open or one of its stages still holds something."""
    if event.state not in FINAL_STATES or any(_holds_something(stage, now) for stage in stages):
        return ""
    sentence = _("%(number)s is %(state)s, and its stages hold nothing any more: there is nothing to abort.")
    return sentence % {"number": event.number, "state": event.get_state_display()}


def cancel_stages_of(program: Program, *, now: datetime) -> int:
    """Cancel every stage of a program that is scheduled and does not run yet; returns how many."""
    scheduled = Stage.objects.filter(program=program, state=StageState.SCHEDULED)
    canceled = 0
    for event_id in list(scheduled.order_by("event_id").values_list("event_id", flat=True).distinct()):
        event = lock_event(event_id)
        found = [s for s in lock_stages(event) if (s.program_id, s.state) == (program.pk, StageState.SCHEDULED)]
        for stage in found:
            _cancel(stage, System.CPM.full_name, now, PROGRAM_SUSPENDED())
        move_event(event, now)
        recount_figures(event)
        canceled += len(found)
    return canceled


def not_cancelable(stage: Stage) -> str:
    """Return why a stage can't be canceled alone in its present state; empty if it can."""
    if stage.state in (StageState.SCHEDULED, StageState.IN_PROGRESS):
        return ""
    sentence = _("%(stage)s is %(state)s; only scheduled and running stages can be canceled.")
    return sentence % {"stage": stage, "state": stage.get_state_display()}


def calls_to_release(event: Event) -> int:
    """Return how many devices, which take part in running stages, a cancellation would release."""
    return sum(devices_taking_part(list(event.stages.all())).values())


def outcomes_to_lose(event: Event) -> int:
    """Return of how many devices an abort would no longer wait for the outcomes."""
    return sum(outcomes_not_in(list(event.stages.all())).values())


def _cancel(stage: Stage, by: str, now: datetime, reason: str) -> None:
    was = stage.state
    stage.cancel(reason.strip())
    # The outcome time-out starts now, not at the planned end.
    stage.ended_at = now if was == StageState.IN_PROGRESS else None
    save_stage(stage, was=was, by=by, now=now, why=reason.strip())
    if was != StageState.NEW:
        send_stage_status(stage)


def _holds_something(stage: Stage, now: datetime) -> bool:
    """Whether its outcomes are still waited for, or another system that wasn't told may call its devices."""
    may_be_called = stage.state == StageState.CANCELED and stage.reserved and stage.ends_at > now
    return not stage.is_closed or bool(may_be_called)


def _release(stage: Stage, by: str, now: datetime, reason: str) -> None:
    """Tell the other systems of a stage that is over once more, and close it without further outcomes."""
    stage.revision += 1
    save_stage(stage, was=stage.state, by=by, now=now, why=ABORTED(reason=reason.strip()))
    send_stage_status(stage)
    if stage.is_closed:
        return
    try:
        close_stage(stage.pk, now=now)
    except NotYet as busy:
        sentence = _("Outcomes of %(stage)s are being loaded. Try again in a minute.")
        raise EventNotCancelable(sentence % {"stage": stage}) from busy


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise EventNotCancelable(
            _("Give a reason for canceling: program managers see it, and the audit trail keeps it.")
        )
    if len(reason.strip()) > LONGEST_REASON:
        raise EventNotCancelable(
            _("Keep the reason to %(longest)s characters: it is sent to the other systems.")
            % {"longest": LONGEST_REASON}
        )
