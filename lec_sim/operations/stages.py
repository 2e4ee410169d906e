"""Follow DERMS's status messages about stages."""

from datetime import datetime

from integration.seam.delivery import receiving
from integration.seam.messages import Receipt, StageStatus
from integration.seam.recorded import NOT_NEWER

from ..choices import FINAL_STATES, StageState
from ..models import LecProgram, LecStage
from .execution import cancel_at_head_ends
from .late import close_late_alert
from .locks import lock_stage_if_known

LEARNED = {
    "stage_uid",
    "event_uid",
    "event_number",
    "stage_number",
    "program",
    "category",
    "time_zone",
    "starts_at",
    "ends_at",
    "control",
    "control_value",
    "reason",
}


@receiving
def follow_stage(status: StageStatus, *, now: datetime) -> Receipt:
    """Create a stage, or cancel it. States that LEC itself reported come back here and change nothing."""
    stage = lock_stage_if_known(status.stage_uid)
    if stage is None:
        _learn(status, now)
        return Receipt()
    if status.revision <= stage.status_revision:
        return Receipt(applied=0, note=NOT_NEWER(new=status.revision, known=stage.status_revision))
    stage.status_revision = status.revision
    if status.state == "Canceled" and stage.state not in FINAL_STATES:
        stage.state, stage.reason = StageState.CANCELED, status.reason
        # The holder of the row's lock may have read the clock later than this message.
        stage.ended_at = max(now, stage.calls_made_at or stage.started_at) if stage.started_at else None
        close_late_alert(stage)
        cancel_at_head_ends(stage, now)
    stage.save(update_fields=["status_revision", "state", "reason", "ended_at"])
    return Receipt()


def _learn(status: StageStatus, now: datetime) -> None:
    LecProgram.objects.get_or_create(code=status.program, defaults={"created_at": now})
    LecStage.objects.create(
        state=status.state if status.state in FINAL_STATES else StageState.SCHEDULED,
        status_revision=status.revision,
        **status.model_dump(include=LEARNED),
    )
