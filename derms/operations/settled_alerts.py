"""Alerts close by themselves once their matter is over: each kind is open in some states of its event or stage only."""

from integration.seam.alerts import close_alerts

from ..choices import HOLDING_STAGE_STATES, EventState, StageState
from ..models import Event, Stage

HOLDING_STATES = (EventState.SCHEDULED, EventState.IN_PROGRESS)
OF_EVENTS: dict[str, tuple[EventState, ...]] = {
    "event not scheduled": (EventState.APPROVED,),
    "plan past its start": (EventState.SUBMITTED, EventState.APPROVED),
    "target no longer met": HOLDING_STATES,
    "delivering below target": (EventState.IN_PROGRESS, EventState.COMPLETED),
}
OF_STAGES: dict[str, tuple[StageState, ...]] = {
    "stage without devices": HOLDING_STAGE_STATES,
    "stage not started": (StageState.SCHEDULED,),
    "stage not ended": (StageState.IN_PROGRESS,),
    "answers below expectation": (StageState.IN_PROGRESS,),
    "head end silent": (StageState.IN_PROGRESS,),
}


def close_settled_of_event(event: Event, *, by: str) -> None:
    """Close the event's alerts that its new state leaves without a matter."""
    settled = [kind for kind, states in OF_EVENTS.items() if event.state not in states]
    close_alerts(settled, event_uid=event.uid, by=by)


def close_settled_of_stage(stage: Stage, *, by: str) -> None:
    """Close the stage's alerts that its new state leaves without a matter."""
    settled = [kind for kind, states in OF_STAGES.items() if stage.state not in states]
    close_alerts(settled, stage_uid=stage.uid, by=by)
