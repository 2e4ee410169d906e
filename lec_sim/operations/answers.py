"""Answers of head ends that come later than the call."""

from datetime import datetime

from django.db import transaction

from integration.seam.nudges import tell_pages

from ..set_operations import keep_answers
from .locks import lock_stage


@transaction.atomic
def collect_answers(stage_id: int, *, now: datetime) -> None:
    """Store what head ends have answered to a stage's pending calls, until its outcomes are handed over."""
    stage = lock_stage(stage_id)
    if not stage.pending or stage.handed_over_at:
        return
    if keep_answers(stage):
        tell_pages(stage.event_number)
    stage.answers_collected_at = now
    stage.save(update_fields=["answers_collected_at"])
