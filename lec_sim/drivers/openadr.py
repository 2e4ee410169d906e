"""The driver of head ends that are reached by OpenADR: publishing is the call, since a ven reads ahead.

It only writes what vens may read, and counts its revisions; they read it at the addresses of lec_sim/openadr/.
"""

from datetime import datetime, timedelta

from integration.seam import sql
from integration.seam.sql import statement

from ..choices import OPENADR
from ..models import LecStage
from .driver import Driver


class OpenADR(Driver):
    name = OPENADR
    answers_within = timedelta(seconds=45)  # the demo's event types wait 60 s for outcomes

    def publish(self, stage: LecStage, *, now: datetime) -> None:
        sql.execute(statement("lec_sim", "openadr_publish"), {"stage": stage.pk, "driver": self.name, "now": now})

    def withdraw(self, stage: LecStage, *, head_end: str, nic_id: str, now: datetime) -> None:
        self._revise(stage, now, head_end)

    def cancel(self, stage: LecStage, *, now: datetime) -> None:
        self._revise(stage, now)

    def _revise(self, stage: LecStage, now: datetime, head_end: str | None = None) -> None:
        """Count a revision of what the head ends of a stage may read, or one of them."""
        sql.execute(statement("lec_sim", "openadr_revise"), {"stage": stage.pk, "head_end": head_end, "now": now})
