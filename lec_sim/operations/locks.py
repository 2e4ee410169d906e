"""Locks: every write of a stage locks its row first."""

from uuid import UUID

from integration.seam.delivery import NotYet
from integration.seam.models import Message
from integration.seam.sql import execute

from ..models import LecStage


def lock_stage(stage_id: int) -> LecStage:
    return LecStage.objects.select_for_update(no_key=True).get(pk=stage_id)


def lock_stage_if_known(stage_uid: UUID) -> LecStage | None:
    """Lock a stage. If it is not known yet, it has no row, so lock its uid against other removals and statuses."""
    stages = LecStage.objects.select_for_update(no_key=True).filter(stage_uid=stage_uid)
    if (stage := stages.first()) is None:
        execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lec stage {stage_uid}"])
        stage = stages.first()
    return stage


def lock_stage_of(message: Message) -> LecStage:
    """Lock the stage a message is about. Raises NotYet while it is not known."""
    stage = LecStage.objects.select_for_update(no_key=True).filter(stage_uid=message.stage).first()
    if stage is None:
        raise NotYet("the stage is not known yet")
    return stage
