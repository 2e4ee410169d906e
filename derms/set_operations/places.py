"""Places, by which a choice sums up its candidates in place of sorting them.

A place is one number: a candidate's rank (device_order.py), and within a rank the part of the zone's device ids it is
in. So of a million candidates only those of one place have to be sorted by id, and they are found by their ids.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from derms.models import ControlZone
from derms.set_operations.approved_cap import UNLIMITED, Cap
from integration.seam import sql
from integration.seam.sql import Sql, compose, statement

PARTS = 16  # at most
_IDS = "SELECT coalesce(min(device_id), 0), coalesce(max(device_id), 0) FROM derms_candidate WHERE zone_id = %s"
# Part of sql/candidates.sql: only the devices in the last place's part of the ids.
OF_LAST_PART = compose(
    "AND c.device_id >= %(first_id)s + ((%(last_place)s %% %(parts)s) << %(part_bits)s)"
    " AND c.device_id < %(first_id)s + ((%(last_place)s %% %(parts)s + 1) << %(part_bits)s)"
)
# The same, to count places: the planner doesn't know the ids' statistics, or it would expect a group for each of them.
APART = compose("OFFSET '0'")


class Place(NamedTuple):
    """Eligible candidates at the same place; or all that are left out for the reason of that number, below 0."""

    place: int
    devices: int
    watts: int

    @property
    def is_left_out(self) -> bool:
        return self.place < 0


def ids_of(zone: ControlZone) -> range:
    """Return the ids between which all candidates of a zone are."""
    first, last = sql.row(_IDS, [zone.pk])
    return range(first, last + 1)


def parts_of(ids: range) -> dict[str, int]:
    """Return the parameters of candidates.sql that divide these ids into parts."""
    bits = max((len(ids) - 1).bit_length() - (PARTS - 1).bit_length(), 0)
    return {"parts": PARTS, "first_id": ids[0], "last_id": ids[-1], "part_bits": bits}


def count_places(candidates: Sql, params: dict[str, Any]) -> list[Place]:
    """Count the candidates at each place, and those that are left out by the number of the reason."""
    return [Place(*row) for row in sql.rows(statement("derms", "count_places", candidates=candidates), params)]


def last_place(places: Sequence[Place], wanted_w: int | None, cap: Cap | None) -> dict[str, int]:
    """Return the place in which a goal or the cap is reached, and what is left of both; nothing if neither is."""
    missing_w = UNLIMITED if wanted_w is None else wanted_w
    most = cap or Cap(UNLIMITED, UNLIMITED)
    for place, devices, watts in sorted(p for p in places if not p.is_left_out):
        if watts >= missing_w or devices > most.devices or watts > most.watts:
            left = {"missing_w": missing_w, "most_devices": most.devices, "most_w": most.watts}
            return {"last_place": place, **left}
        missing_w -= watts
        most = Cap(most.devices - devices, most.watts - watts)
    return {}
