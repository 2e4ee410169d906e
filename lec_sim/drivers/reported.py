"""What devices did, as a driver reads it from what their head ends reported (operations/reports.py)."""

from datetime import datetime, timedelta

from integration.seam.messages import MOST_W
from integration.seam.sql import compose, statement

from ..models import LecStage
from .driver import Rows

# Reports that were being written when they were last read have an earlier moment than that.
OVERLAP = timedelta(minutes=1)
_LATEST = "(array_agg(reduction_w ORDER BY starts_at DESC))[1]"
_MEAN = "sum(reduction_w * seconds) / sum(seconds)"


def reported_answers(stage: LecStage) -> Rows | None:
    """The answers of devices of which something was reported since they were last collected; after the end, of all."""
    if stage.first_report_at is None:
        return None
    since, collected = None, stage.answers_collected_at
    if collected and (stage.ended_at is None or collected > stage.ended_at):
        since = collected - OVERLAP
    query = statement(
        "lec_sim",
        "reported_answers",
        reductions=statement("lec_sim", "measured_reductions"),
        measured=compose(_MEAN if stage.ended_at else _LATEST),
    )
    params = {
        "stage": stage.pk,
        "since": since or "-infinity",
        "starts_at": stage.starts_at,
        "ends_at": stage.ends_at,
        "until": min(stage.ended_at or stage.ends_at, stage.ends_at),
        "at": stage.ended_at or "-infinity",
        "most_w": MOST_W,
    }
    return Rows(query, params)


def reported_load(stage: LecStage, *, now: datetime) -> Rows | None:
    """What head ends reported of all their devices together."""
    if stage.first_report_at is None:
        return None
    reductions = statement("lec_sim", "measured_reductions")
    return Rows(statement("lec_sim", "reported_load", reductions=reductions), {"stage": stage.pk, "now": now})
