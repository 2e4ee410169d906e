"""How many participations match: from the counters of their program events if those can tell, else counted."""

from typing import NamedTuple

from django.db.models import BigIntegerField, Count, F, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from integration.seam import sql
from integration.seam.sql import statement

from ..choices import ParticipationStatus
from .participations import stretches
from .wanted import Wanted, candidates, matching, parameters

# Counting further would read a million rows to say what nobody needs to know exactly.
COUNTED_UP_TO = 10_000


class Total(NamedTuple):
    """How many rows match, or that more than so many do."""

    rows: int
    is_more: bool = False


class _Counter(NamedTuple):
    """What of a program event's counters is the number of its rows, and for which program events that is so."""

    rows: F | Combinable
    is_exact: Q = Q(closed__gte=0)


def participation_total(wanted: Wanted, *, of_one_event: bool) -> Total | None:
    """Return how many rows match; None if only reading the rows of many program events would tell."""
    by_counters = _by_counters(wanted)
    if by_counters is not None:
        return Total(by_counters)
    if not of_one_event and wanted.device_ids is None:
        return None
    found = _counted(wanted, COUNTED_UP_TO + 1)
    return Total(COUNTED_UP_TO, is_more=True) if found > COUNTED_UP_TO else Total(found)


def participation_count(wanted: Wanted, *, most: int) -> int:
    """How many rows match, counting at most so many if only reading the rows tells."""
    by_counters = _by_counters(wanted)
    return _counted(wanted, most) if by_counters is None else by_counters


def _counted(wanted: Wanted, most: int) -> int:
    query = statement("cpm", "count_participations", matching=matching())
    found = 0
    for ids, after in stretches(wanted):
        found += sql.value(query, {**parameters(wanted, ids, after), "most": most - found})
        if found == most:
            break
    return found


def _by_counters(wanted: Wanted) -> int | None:
    counter = _counter(wanted)
    if counter is None:
        return None
    not_exact = Count("pk", filter=~counter.is_exact)
    found = candidates(wanted).aggregate(rows=Sum(counter.rows, default=0), not_exact=not_exact)
    return None if found["not_exact"] else int(found["rows"])


def _counter(wanted: Wanted) -> _Counter | None:
    """The counter that says how many rows match; None if none does."""
    if not wanted.of_rows:
        return _Counter(F("participations"))
    if wanted.outcome and wanted.of_rows <= {"outcome", "status"}:
        return _Counter(Coalesce(Cast(KT(f"outcomes__{wanted.outcome}"), BigIntegerField()), 0))
    if wanted.status and wanted.of_rows == {"status"}:
        return _BY_STATUS.get(ParticipationStatus(wanted.status))
    if wanted.of_rows == {"flag"}:
        return _Counter(F("reserved") if wanted.flag else F("participations") - F("reserved"))
    return None


_BY_STATUS = {
    ParticipationStatus.CLOSED: _Counter(F("closed")),
    # The program events that can have such rows were canceled before their start.
    ParticipationStatus.CANCELED: _Counter(F("participations") - F("closed")),
    # Reserved devices with an outcome are Closed, and the counter does not say which of them those are.
    ParticipationStatus.RESERVED: _Counter(F("reserved"), Q(closed=0)),
}
