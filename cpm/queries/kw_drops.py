"""The kW drop file: what each device dropped in each interval, in the layout of the reference system."""

from datetime import datetime
from typing import NamedTuple

from cpm.models.program_events import ProgramEvent
from cpm.models.settlement_runs import SettlementRun
from integration.seam import sql
from integration.seam.sql import statement

HOUR_S = 3600
HEADER = (
    "EventId", "ProgramId", "SPId", "ActualStartTime", "ActualEndTime", "IntervalSize(Seconds)", "MaxKwDrop",
)  # fmt: skip


class Drops(NamedTuple):
    """A device in a program event; without a measurement it has no interval, no maximum and no drops."""

    program_event_id: int
    device_id: int
    service_point: str
    starts_at: datetime
    ends_at: datetime
    interval_s: int | None
    highest_w: int | None
    baseline_wh: list[int] | None
    metered_wh: list[int] | None

    def kw(self) -> list[float]:
        """The mean kW of each interval."""
        if self.interval_s is None:
            return []
        per_wh = HOUR_S / self.interval_s / 1000
        both = zip(self.baseline_wh or [], self.metered_wh or [], strict=True)
        return [round((usual - used) * per_wh, 6) for usual, used in both]


def measurements_of(run: SettlementRun) -> list[int]:
    """The measurements that a run settles by; none if it pays for something else."""
    found = run.parts.values_list("measurement_id", "events")
    of_events = [one["measurement_id"] for _measurement, events in found for one in events]
    return [pk for pk in [*(measurement for measurement, _events in found), *of_events] if pk is not None]


def most_intervals(measurements: list[int]) -> int:
    """How many intervals the longest of the measurements has."""
    query = statement("cpm", "settlement_intervals")
    return max((most for pk in measurements for _s, _at, most in sql.rows(query, [pk])), default=0)


def kw_drops(measurements: list[int], *, after: Drops | None, limit: int) -> list[Drops]:
    """Drops after one, in their order."""
    event, device = (after.program_event_id, after.device_id) if after else (-1, -1)
    params = {"measurements": measurements, "event": event, "device": device, "limit": limit}
    return [Drops(*row) for row in sql.rows(statement("cpm", "kw_drops"), params)]


def events_named(run: SettlementRun) -> dict[int, str]:
    """The ids of a run's program events as the file names them: event and stage."""
    ids = [pk for pk in run.parts.values_list("program_event_id", flat=True) if pk]
    ids += [one["program_event_id"] for events in run.parts.values_list("events", flat=True) for one in events]
    return {event.pk: f"{event.event_number}-{event.stage_number}" for event in ProgramEvent.objects.filter(pk__in=ids)}
