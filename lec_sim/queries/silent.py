"""Which called devices of a stage have not answered."""

from datetime import datetime
from typing import NamedTuple

from integration.seam import sql
from integration.seam.sql import Sql, identifier, statement

from ..models import HeadEndProfile, LecStage

START = ("", "")


class SilentDevice(NamedTuple):
    """A device that was called and has not answered."""

    head_end: str
    nic_id: str
    called_at: datetime


def silent_devices(
    stage: LecStage, head_end: str, now: datetime, *, after: tuple[str, str], limit: int
) -> list[SilentDevice]:
    """One page of them by head end and NIC id; after the stage's end, those that had not answered by then."""
    return [SilentDevice(*row) for row in sql.rows(*_page(stage, head_end, now, after, limit))]


def silent_device_count(stage: LecStage, head_end: str, now: datetime, *, most: int) -> int:
    """How many there are, counting at most so many."""
    return sql.count(*_page(stage, head_end, now, START, most))


def head_ends() -> list[str]:
    """The head ends that devices may have."""
    return list(HeadEndProfile.objects.order_by("head_end").values_list("head_end", flat=True))


def _page(
    stage: LecStage, head_end: str, now: datetime, after: tuple[str, str], limit: int
) -> tuple[Sql, dict[str, object]]:
    until = min(now, stage.ended_at or stage.ends_at)
    params = {"stage": stage.pk, "until": until, "head_end": head_end, "limit": limit}
    params |= {"after_head_end": after[0], "after_nic_id": after[1]}
    return statement("lec_sim", "silent_devices", calls=identifier(stage.calls)), params
