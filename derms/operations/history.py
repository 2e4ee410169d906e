"""Saving a state change together with its history row."""

from datetime import datetime
from typing import Any

from integration.seam.nudges import tell_pages
from integration.seam.refusals import Change

from ..models import Event, Stage, Transition
from .announcing import announce_event, announce_stage
from .settled_alerts import close_settled_of_event, close_settled_of_stage

EVENT_FIELDS = [
    "state",
    "revision",
    "approval",
    "balance_authority_approval",
    "shortfall_accepted_kw",
    "expected_at",
    "target_steps",
    "schedule_due_at",
    "last_editor",
    "submitter",
    "approver",
    "balance_authority_approver",
]
STAGE_FIELDS = ["state", "revision", "reason", "started_at", "ended_at"]


def save_event(event: Event, *, was: str, by: Any, now: datetime, why: str = "") -> None:
    """Save an event's new state with its transition row, announce it, close its settled alerts, notify pages."""
    name = getattr(by, "username", by)
    event.revision += 1
    event.save(update_fields=EVENT_FIELDS)
    Transition.objects.create(
        event=event,
        revision=event.revision,
        from_state=was,
        to_state=event.state,
        at=now,
        by=name,
        why=why,
    )
    announce_event(event, was=was)
    close_settled_of_event(event, by=name)
    tell_pages(event.number)


def save_stage(stage: Stage, *, was: str, by: str, now: datetime, why: str = "") -> None:
    """Save a stage's new state with its transition row, announce it, close its settled alerts, notify pages."""
    stage.save(update_fields=STAGE_FIELDS)
    Transition.objects.create(
        event=stage.event,
        stage=stage,
        revision=stage.revision,
        from_state=was,
        to_state=stage.state,
        at=now,
        by=by,
        why=why,
    )
    announce_stage(stage, was=was)
    close_settled_of_stage(stage, by=by)
    tell_pages(stage.event.number)


def last_change(event: Event, stage: Stage | None = None) -> Change | None:
    """Return the latest transition of the event, or of one of its stages."""
    last = event.transitions.filter(stage=stage).order_by("-revision").first()
    if last is None:
        return None
    what = str(stage) if stage else event.number
    return Change(what, last.by, last.at, event.zone.time_zone, last.from_state, last.to_state, last.why)
