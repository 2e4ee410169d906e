"""The alert about a stage that is due to start and has no reservations yet."""

from datetime import datetime

from django.db import transaction

from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.stakes import stakes_of

from ..choices import StageState
from ..models import LecStage
from .locks import lock_stage

LATE = recorded("%(stage)s is late: its reservations have not reached Live Energy Connect. %(stakes)s")


@transaction.atomic
def report_late_stage(stage_id: int, *, now: datetime) -> None:
    """Raise an alert: the start has come without reservations. The stage starts as soon as they are loaded."""
    stage = lock_stage(stage_id)
    if stage.state != StageState.SCHEDULED or stage.reservations_loaded_at or stage.late_reported_at:
        return
    stage.late_reported_at = now
    stage.save(update_fields=["late_reported_at"])
    raise_alert(
        _key(stage),
        kind="stage late",
        priority=Priority.MEDIUM,
        text=LATE(stage=stage, stakes=stakes_of(stage.stage_uid)),
        event_uid=stage.event_uid,
        stage_uid=stage.stage_uid,
    )


def close_late_alert(stage: LecStage) -> None:
    """Close the alert: the reservations are loaded, or the stage is over."""
    close_alert(_key(stage))


def _key(stage: LecStage) -> str:
    return f"late:{stage.stage_uid}"
