"""Keeping what zones' meters say of their load, minute by minute; an hour's mean follows from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from integration.seam import sql
from integration.seam.sql import statement


class Metered(NamedTuple):
    """A zone's load on average from a moment on, over so many seconds."""

    starts_at: datetime
    length_s: int
    load_kw: int


@transaction.atomic
def keep_metered(*, zone_id: int, loads: Sequence[Metered], now: datetime) -> int:
    """Keep the loads of a zone, the latest said of a moment; hours that are over get their mean. Returns how many."""
    if not loads:
        return 0
    starts, lengths, powers = zip(*sorted(loads), strict=True)
    params = {"zone": zone_id, "starts": list(starts), "lengths": list(lengths), "kw": list(powers)}
    kept = sql.execute(statement("derms", "keep_metered"), params)
    sql.execute(statement("derms", "mean_of_hours"), {**params, "now": now})
    return kept
