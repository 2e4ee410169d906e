"""Report to DERMS, minute by minute, what the called devices of a running stage deliver."""

from datetime import datetime

from django.db import transaction

from integration.seam import outbox, sql
from integration.seam.messages import DeliveredLoad, HeadEndLoad
from integration.seam.sql import identifier, statement
from integration.seam.systems import System

from ..choices import StageState
from ..models import LecStage
from ..queries.due import minute_of
from ..set_operations import loads_together
from .locks import lock_stage

FIGURES = ("head_end", "called", "answered", "rejected", "overridden", "reduction_w")  # as in delivered_load.sql


@transaction.atomic
def report_delivered_load(stage_id: int, *, now: datetime) -> None:
    """Sum up what the devices of a running stage do at this moment, and send it."""
    stage = lock_stage(stage_id)
    if stage.state != StageState.IN_PROGRESS or now >= stage.ends_at or stage.calls_made_at is None:
        return
    if stage.load_reported_at and stage.load_reported_at >= minute_of(now):
        return
    send_delivered_load(stage, now)
    stage.save(update_fields=["load_reported_at"])


def send_delivered_load(stage: LecStage, now: datetime) -> None:
    """Send what the devices of a locked stage do at this moment, and note that; the caller saves the stage."""
    loads = _loads(stage, now)
    outbox.send(
        DeliveredLoad(
            stage_uid=stage.stage_uid,
            at=now,
            reduction_w=sum(load.reduction_w for load in loads),
            called=stage.called,
            answered=sum(load.answered for load in loads),
            rejected=sum(load.rejected for load in loads),
            overridden=sum(load.overridden for load in loads),
            head_ends=loads,
        ),
        sender=System.LEC,
    )
    stage.load_reported_at = now


def _loads(stage: LecStage, now: datetime) -> tuple[HeadEndLoad, ...]:
    """What the called devices do at this moment, by head end."""
    params = {"stage": stage.pk, "stage_uid": stage.stage_uid, "now": now}
    found = sql.rows(statement("lec_sim", "delivered_load", calls=identifier(stage.calls)), params)
    together = loads_together(stage, now)
    loads = (HeadEndLoad(**dict(zip(FIGURES, row, strict=True))) for row in found)
    return tuple(
        load.model_copy(update={"reduction_w": together.get(load.head_end, load.reduction_w)}) for load in loads
    )
