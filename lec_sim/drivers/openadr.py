"""The driver of head ends that are reached by OpenADR: publishing is the call, since a ven reads ahead.

It only writes what vens may read, and counts its revisions; they read it at the addresses of lec_sim/openadr/.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from integration.seam import sql
from integration.seam.sql import statement

from ..choices import OPENADR
from ..models import Announcement, LecStage
from .driver import Driver, Rows, Unaware
from .reported import reported_answers, reported_load


class OpenADR(Driver):
    name = OPENADR

    @property
    def answers_within(self) -> timedelta:
        return timedelta(seconds=settings.OPENADR_ANSWERS_WITHIN_S)

    def publish(self, stage: LecStage, *, now: datetime) -> None:
        sql.execute(statement("lec_sim", "openadr_publish"), {"stage": stage.pk, "driver": self.name, "now": now})

    def withdraw(self, stage: LecStage, *, head_end: str, nic_ids: Sequence[str], now: datetime) -> bool:
        """Settled if the head end has read nothing of the stage: then it never learns of the devices."""
        return not any(self._revise(stage, now, head_end))

    def cancel(self, stage: LecStage, *, now: datetime) -> None:
        self._revise(stage, now)

    def end(self, stage: LecStage, *, now: datetime) -> None:
        self._revise(stage, now)

    def unaware(self, stage: LecStage) -> Unaware | None:
        unread = Announcement.objects.filter(stage=stage, first_read_at=None, devices__gt=0)
        found = list(unread.order_by("ven__profile__head_end").values_list("ven__profile__head_end", "devices"))
        return Unaware([head_end for head_end, _ in found], sum(devices for _, devices in found)) if found else None

    def answers(self, stage: LecStage) -> Rows | None:
        return reported_answers(stage)

    def delivered(self, stage: LecStage, *, now: datetime) -> Rows | None:
        return reported_load(stage, now=now)

    def _revise(self, stage: LecStage, now: datetime, head_end: str | None = None) -> list[bool]:
        """Count a revision of what head ends may read of a stage, all or one; returns who has read any of it."""
        params = {"stage": stage.pk, "head_end": head_end, "now": now}
        return sql.column(statement("lec_sim", "openadr_revise"), params)
