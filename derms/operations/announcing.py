"""What webhooks hear of events and stages: ids, states, counts and times."""

from typing import Any

from integration.seam.webhooks.announcing import announce
from integration.seam.webhooks.kinds import EVENT, OUTCOME, STAGE

from ..models import Event, Stage


def announce_event(event: Event, *, was: str) -> None:
    """Announce an event's new state; not a change that leaves it as it was, such as the first of two approvals."""
    if was == event.state:
        return
    announce(
        EVENT,
        what="event.state",
        subject=f"event {event.uid}",
        data=lambda: {
            **_event(event),
            "revision": event.revision,
            "event_type": event.type_id,
            "zone": event.zone.code,
            "previous_state": was,
            "state": event.state,
        },
    )


def announce_stage(stage: Stage, *, was: str) -> None:
    """Announce a stage's new state; not that one which was canceled turned out to have started."""
    if was == stage.state:
        return
    announce(
        STAGE,
        what="stage.state",
        subject=_subject(stage),
        data=lambda: {
            **_stage(stage),
            "revision": stage.revision,
            "starts_at": stage.starts_at,
            "ends_at": stage.ends_at,
            "started_at": stage.started_at,
            "ended_at": stage.ended_at,
            "reserved": stage.reserved,
            "called": stage.called,
            "previous_state": was,
            "state": stage.state,
        },
    )


def announce_outcomes(stage: Stage) -> None:
    """Announce that a stage is closed, in one notice for all of its devices: how many ended with which outcome."""
    announce(
        OUTCOME,
        what="stage.outcomes",
        subject=_subject(stage),
        data=lambda: {
            **_stage(stage),
            "closed_at": stage.outcomes_sent_at,
            "devices": sum(stage.outcomes.values()),
            "outcomes": stage.outcomes,
            "reduction_kw": round((stage.reduction_w or 0) / 1000, 3),
        },
    )


def _subject(stage: Stage) -> str:
    return f"stage {stage.uid}"


def _event(event: Event) -> dict[str, Any]:
    return {"event_uid": event.uid, "event_number": event.number}


def _stage(stage: Stage) -> dict[str, Any]:
    program = stage.program.code
    return {**_event(stage.event), "stage_uid": stage.uid, "stage_number": stage.number, "program": program}
