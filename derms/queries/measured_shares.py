"""How much of what devices report their meters confirm."""

from datetime import datetime
from typing import NamedTuple

from integration.seam import sql
from integration.seam.sql import statement


class MeasuredShare(NamedTuple):
    """Of a class behind a head end system: measured of what was reported, as a share, and of how many events."""

    share: float
    events: int


def measured_shares(at: datetime) -> dict[tuple[int, str], MeasuredShare]:
    """The shares that are known at a moment, by head end system (id) and class."""
    found = sql.rows(statement("derms", "measured_shares"), {"now": at})
    return {(head_end, kind): MeasuredShare(share, events) for head_end, kind, share, events in found}
