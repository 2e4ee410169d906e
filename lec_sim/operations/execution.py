"""Execute stages by the database's clock."""

from datetime import datetime
from typing import Literal

from django.db import transaction

from integration.seam import outbox
from integration.seam.messages import StageExecutionStatus
from integration.seam.systems import System

from ..choices import PENDING, StageState
from ..drivers import drivers_in_use
from ..models import LecStage, Removal
from ..set_operations import make_calls
from .delivered import send_delivered_load
from .head_ends import meet_head_ends
from .late import close_late_alert
from .locks import lock_stage
from .removals import give_up_removals, settle_removals
from .unaware import alert_of_unaware, alert_of_unconfirmed, close_unaware_alert
from .uncalled import alert_of_uncalled


@transaction.atomic
def start_stage(stage_id: int, *, now: datetime) -> None:
    """Start a stage at its time. This only commits the start; calling its devices is separate work."""
    stage = lock_stage(stage_id)
    is_due = stage.starts_at <= now < stage.ends_at and stage.reservations_loaded_at is not None
    if stage.state != StageState.SCHEDULED or not is_due:
        return
    stage.state, stage.started_at = StageState.IN_PROGRESS, now
    _report(stage, "In Progress", now, "started_at")
    alert_of_unconfirmed(stage, give_up_removals(stage, now))


@transaction.atomic
def call_devices(stage_id: int, *, now: datetime) -> None:
    """Call every reserved device of a running stage, through the drivers of their head ends."""
    stage = lock_stage(stage_id)
    if stage.state != StageState.IN_PROGRESS or stage.calls_made_at or now >= stage.ends_at:
        return
    meet_head_ends(stage)
    calls = make_calls(stage, called_at=now)
    stage.called, stage.pending, stage.answers_awaited_s = calls.called, calls.pending, calls.answers_awaited_s
    stage.calls_made_at = now
    _report(stage, "In Progress", now, "calls_made_at", "called", "pending", "answers_awaited_s")
    alert_of_uncalled(stage)
    alert_of_unaware(stage)
    calls.partition.attach()


@transaction.atomic
def end_stage(stage_id: int, *, now: datetime) -> None:
    """End a running stage at its time, with a last report of what its devices delivered at that time."""
    stage = lock_stage(stage_id)
    if stage.state != StageState.IN_PROGRESS or now < stage.ends_at:
        return
    changed = ["ended_at"]
    if stage.calls_made_at:
        send_delivered_load(stage, stage.ends_at)
        changed.append("load_reported_at")
        for driver in drivers_in_use():
            driver.end(stage, now=now)
    else:
        alert_of_uncalled(stage)
    stage.state, stage.ended_at = StageState.COMPLETED, now
    _report(stage, "Completed", now, *changed)
    give_up_removals(stage, now)
    close_unaware_alert(stage)


@transaction.atomic
def miss_stage(stage_id: int, *, now: datetime) -> None:
    """Cancel a stage as Missed if it could not start before its end; no device is called."""
    stage = lock_stage(stage_id)
    if stage.state != StageState.SCHEDULED or now < stage.ends_at:
        return
    stage.state, stage.reason = StageState.CANCELED, "Missed"
    _report(stage, "Missed", now, "reason")
    close_late_alert(stage)
    cancel_at_head_ends(stage, now)


def cancel_at_head_ends(stage: LecStage, now: datetime) -> None:
    """Report to the drivers that a stage they know will not start, or must stop; nobody waits for a removal then."""
    settle_removals(stage, Removal.objects.filter(stage_uid=stage.stage_uid, answer=PENDING).order_by("pk"), now)
    close_unaware_alert(stage)
    if stage.reservations_loaded_at:
        for driver in drivers_in_use():
            driver.cancel(stage, now=now)


def _report(
    stage: LecStage, state: Literal["In Progress", "Completed", "Missed"], now: datetime, *changed: str
) -> None:
    """Save what changed and report it to DERMS."""
    stage.execution_revision += 1
    stage.save(update_fields=["state", "execution_revision", *changed])
    outbox.send(
        StageExecutionStatus(
            stage_uid=stage.stage_uid,
            state=state,
            at=now,
            started_at=stage.started_at,
            called=stage.called,
            revision=stage.execution_revision,
        ),
        sender=System.LEC,
    )
