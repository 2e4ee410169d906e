"""Canceling an event or one of its stages."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import FINAL_STAGE_STATES, OPEN_STATES, StageState
from ..models import Event, Program, Stage
from ..queries.taking_part import devices_taking_part
from .execution import move_event
from .figures import recount_figures
from .history import last_change, save_event, save_stage
from .locks import lock_event, lock_stages
from .status import send_stage_status

LONGEST_REASON = 200
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


def _cancel(stage: Stage, by: str, now: datetime, reason: str) -> None:
    was = stage.state
    stage.cancel(reason.strip())
    # The outcome time-out starts now, not at the planned end.
    stage.ended_at = now if was == StageState.IN_PROGRESS else None
    save_stage(stage, was=was, by=by, now=now, why=reason.strip())
    if was != StageState.NEW:
        send_stage_status(stage)


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
