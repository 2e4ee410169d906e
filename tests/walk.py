"""Moving an event from state to state without waiting for the clock, by calling the operations that lead there."""

from datetime import datetime

from derms import operations as derms
from derms.models import Event, Stage
from integration.console.models import User
from integration.seam.messages import StageExecutionStatus
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import LecStage

PATHS = {
    "New": (),
    "Submitted": ("submit",),
    "Denied": ("submit", "deny"),
    "Approved": ("submit", "approve"),
    "Scheduled": ("submit", "approve", "schedule"),
    "In Progress": ("submit", "approve", "schedule", "begin"),
    "Completed": ("submit", "approve", "schedule", "begin", "end"),
    "Canceled": ("submit", "approve", "schedule", "miss"),
}


def to(state: str, event: Event, *, operator: User, approver: User, now: datetime, accepted_kw: int = 0) -> None:
    """Move a New event to a state, as DERMS sees it: LEC's reports are made here."""
    steps = {
        "submit": lambda: derms.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=accepted_kw),
        "deny": lambda: derms.deny_event(event_id=event.pk, by=approver, now=now, reason="Too soon"),
        "approve": lambda: derms.approve_event(event_id=event.pk, by=approver, now=now),
        "schedule": lambda: derms.schedule_event(event.pk, now=now),
        "begin": lambda: _say(event, "In Progress", now),
        "end": lambda: _say(event, "Completed", now),
        "miss": lambda: _say(event, "Missed", now),
    }
    for step in PATHS[state]:
        steps[step]()


def execution(stage: Stage, state: str, *, revision: int, called: int = 0) -> StageExecutionStatus:
    """LEC's execution status of a stage that keeps to its window."""
    return StageExecutionStatus.model_validate(
        {
            "stage_uid": stage.uid,
            "state": state,
            "at": stage.ends_at if state == "Completed" else stage.starts_at,
            "started_at": None if state == "Missed" else stage.starts_at,
            "called": called,
            "revision": revision,
        }
    )


def run(stage: Stage, *, calls: bool = True) -> None:
    """Let LEC run a scheduled stage for its window, whatever the clock says, and send its outcomes."""
    settle()
    pk = LecStage.objects.get(stage_uid=stage.uid).pk
    lec.start_stage(pk, now=stage.starts_at)
    if calls:
        lec.call_devices(pk, now=stage.starts_at)
    lec.end_stage(pk, now=stage.ends_at)
    lec.hand_over_outcomes(pk, now=stage.ends_at)


def _say(event: Event, state: str, now: datetime) -> None:
    revision = {"In Progress": 1, "Completed": 2, "Missed": 1}[state]
    for stage in event.stages.order_by("number"):
        derms.follow_execution(execution(stage, state, revision=revision), now=now)
