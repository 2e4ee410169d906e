"""How far a program's limits are used."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from integration.seam import sql
from integration.seam.program_limits import Limit, LimitUse, limits_of
from integration.seam.sql import compose, statement

from .wanted import CALLED_OFF

_USES = """,
           count(DISTINCT event_uid) FILTER (WHERE {within}) AS events_{n},
           coalesce(sum(hours) FILTER (WHERE {within}), 0) AS hours_{n}"""
_WITHIN = "ran_from >= %(from_{n})s AND ran_from < %(until_{n})s"
_MOST = """coalesce(max(events_{n}), 0), coalesce(max(hours_{n}), 0)::float8,
       count(*) FILTER (WHERE events_{n} >= %(events_{n})s::integer OR hours_{n} >= %(hours_{n})s::integer)"""


def uses_of_limits(program: Program, now: datetime) -> tuple[str, list[LimitUse]]:
    """The most that any device of the program has used up, in the zone of its newest event; and that zone."""
    events = ProgramEvent.objects.filter(program=program)
    zone = events.order_by("-pk").values_list("time_zone", flat=True).first() or "UTC"
    limits = limits_of(program.rules_on(now.astimezone(ZoneInfo(zone)).date()), now, zone)
    earliest, latest = min(limit.starts_at for limit in limits), max(limit.ends_at for limit in limits)
    counted = events.filter(ends_at__gt=earliest, starts_at__lt=latest).exclude(CALLED_OFF)
    row = _most_used(limits, list(counted.values_list("pk", flat=True)))
    return zone, [LimitUse(limit, *row[3 * n : 3 * n + 3]) for n, limit in enumerate(limits)]


def _most_used(limits: list[Limit], events: list[int]) -> tuple[Any, ...]:
    """For each limit: the most events and hours of any device, and the number of devices that have none left."""
    numbers = [compose(str(n)) for n in range(len(limits))]
    uses = [compose(_USES, within=compose(_WITHIN, n=n), n=n) for n in numbers]
    most = [compose(_MOST, n=n) for n in numbers]
    params: dict[str, Any] = {"events": events}
    for n, limit in enumerate(limits):
        params |= {f"from_{n}": limit.starts_at, f"until_{n}": limit.ends_at}
        params |= {f"events_{n}": limit.most_events, f"hours_{n}": limit.most_hours}
    query = statement("cpm", "limit_uses", uses=compose("".join(uses)), most=compose(", ".join(most)))
    return sql.row(query, params)
