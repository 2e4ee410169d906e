"""Sending the status of a stage to the other systems."""

from integration.seam import outbox
from integration.seam.messages import StageStatus
from integration.seam.systems import System

from ..models import Stage


def send_stage_status(stage: Stage) -> None:
    """Send a stage's current state to CPM and LEC; call it in the transaction that changed the state."""
    event = stage.event
    outbox.send(
        StageStatus.model_validate(
            {
                "event_uid": event.uid,
                "event_number": event.number,
                "event_name": event.name,
                "stage_uid": stage.uid,
                "stage_number": stage.number,
                "program": stage.program.code,
                "category": event.type_id,
                "time_zone": event.zone.time_zone,
                "starts_at": stage.starts_at,
                "ends_at": stage.ends_at,
                "control": stage.control,
                "control_value": stage.control_value,
                "state": stage.state,
                "started_at": stage.started_at,
                "revision": stage.revision,
                "reason": stage.reason,
            }
        ),
        sender=System.DERMS,
    )
