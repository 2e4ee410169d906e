"""Rebuilding a zone's candidates into a new table that is swapped in when a stage closes."""

from datetime import datetime
from typing import Any, NamedTuple

from derms.models import Availability, Candidate, ControlZone, LowestCount, RateRenewal, ResponsePrior, Stage
from derms.models.responses import fading
from derms.queries.silence import SILENT as SILENT_RUN
from integration.seam import sql
from integration.seam.loads import Renewed
from integration.seam.outcomes import CALLS, SILENT
from integration.seam.sql import Sql, compose, identifier, integer, listed, statement

MANY_CALLED = 20  # fewer devices don't show that their head end system is out
# NOT VALID skips checking the rows just computed by the same statement; later rows are checked.
_CHECK_FIGURES = """
ALTER TABLE {table} ADD CONSTRAINT derms_candidate_figures
 CHECK (rate_pm BETWEEN 0 AND 1500 AND season_events >= 0 AND season_quarters >= 0 AND silent_run >= 0) NOT VALID
"""
# For the list of devices that never answer.
_INDEX_SILENT = "CREATE INDEX ON {table} (device_id) WHERE silent_run >= {silent}"
_NO_CALLS = """
SELECT NULL::bigint AS device_id, false AS is_silent, 0::float8 AS weight, 0::float8 AS response WHERE false
"""
_LOWEST = """
SELECT program_id, min(CASE WHEN season = %(season)s THEN season_events ELSE 0 END)
  FROM {table} WHERE enrolled_until IS NULL GROUP BY program_id
"""


def candidate_table(zone_id: int) -> str:
    """The partition with a zone's candidates."""
    return f"{Candidate._meta.db_table}_{zone_id}"


def lock_candidates() -> None:
    """Block all changes to candidates by others until the transaction ends; reading stays possible."""
    sql.execute("LOCK TABLE ONLY derms_candidate IN SHARE ROW EXCLUSIVE MODE")


def count_stage(stage: Stage, *, now: datetime) -> Renewed:
    """Build a new partition of the stage's zone, with what its calls taught about each device.

    The caller has locked the candidates and attaches the result.
    """
    zone, calls = stage.event.zone, statement("derms", "stage_calls")
    ended_at = stage.ended_at or stage.ends_at
    params: dict[str, Any] = {
        "stage": stage.pk,
        "window_s": (stage.ends_at - stage.starts_at).total_seconds(),
        "ran_s": max(1.0, (ended_at - (stage.started_at or stage.starts_at)).total_seconds()),
        "calls": CALLS,
        "silent": SILENT,
        "day": zone.local_day(stage.started_at or stage.starts_at),
        "season": zone.season(stage.started_at or stage.starts_at),
    }
    params["outages"] = _learn_by_head_end(stage, calls, params, now)
    counted = stage.event.stages.exclude(pk=stage.pk).exclude(calls_counted_at=None).values_list("pk", flat=True)
    return _renewed(zone, calls, called_before(list(counted), "every.device_id"), params, now)


def fade_rates(zone: ControlZone, *, now: datetime) -> Renewed:
    """Build a new partition of a zone without new calls: its devices' responses fade. Else as count_stage."""
    params = {"window_s": 0, "day": zone.local_day(now), "season": zone.season(now), "outages": []}
    return _renewed(zone, compose(_NO_CALLS), compose("false"), params, now)


def called_before(stages: list[int], device: str) -> Sql:
    """Return the condition that one of these counted stages has called a device; needs the parameter “calls”."""
    if not stages:
        return compose("false")
    array = compose("ARRAY[{ids}]", ids=listed(map(integer, stages)))
    return statement("derms", "called_before", stages=array, device=compose(device))


def inherit_counts(*, former: int, device: int) -> None:
    """Give a device that was never called the events and the last call of the one that it replaces; not its rate."""
    sql.execute(statement("derms", "inherited_counts"), {"former": former, "device": device})


def _renewed(zone: ControlZone, calls: Sql, counted_before: Sql, params: dict[str, Any], now: datetime) -> Renewed:
    renewal, _ = RateRenewal.objects.get_or_create(zone=zone, defaults={"at": now})
    renewed = Renewed(Candidate._meta.db_table, "zone_id", zone.pk)
    query = statement("derms", "renewed_candidates", calls=calls, counted_before=counted_before)
    renewed.create_from(query, {**params, "zone": zone.pk, "fading": fading(renewal.at, now)})
    RateRenewal.objects.filter(pk=renewal.pk).update(at=max(renewal.at, now))
    renewed.execute(_CHECK_FIGURES)
    renewed.finish(("device_id", "enrollment_id"))
    renewed.execute(_INDEX_SILENT, silent=integer(SILENT_RUN))
    season = zone.season(now)  # a stage of last season may be counted late
    for program, events in sql.rows(compose(_LOWEST, table=identifier(renewed.table)), {"season": season}):
        lowest = {"season": season, "events": events}
        LowestCount.objects.update_or_create(zone=zone, program_id=program, defaults=lowest)
    return renewed


class _HeadEndCalls(NamedTuple):
    """What a stage's calls behind one head end system came to: devices, the weight of their calls, the sum given."""

    head_end: int
    called: int
    silent: int
    weight: float
    silent_weight: float
    given: float

    @property
    def is_outage(self) -> bool:
        return self.called >= MANY_CALLED and 2 * self.silent > self.called


def _learn_by_head_end(stage: Stage, calls: Sql, params: dict[str, Any], now: datetime) -> list[int]:
    """Add a stage's calls to its program's priors and its head ends' availability; returns the head ends in outage."""
    found = [_HeadEndCalls(*row) for row in sql.rows(statement("derms", "head_end_calls", calls=calls), params)]
    for one in found:
        begun: dict[str, Any] = {"defaults": {"faded_at": now}, "head_end_id": one.head_end}
        prior, _ = ResponsePrior.objects.get_or_create(program_id=stage.program_id, **begun)
        prior.add(one.weight - (one.silent_weight if one.is_outage else 0), one.given, now=now)
        prior.save()
        if one.called >= MANY_CALLED:
            availability, _ = Availability.objects.get_or_create(**begun)
            availability.add(1, 1 - one.silent / one.called if one.is_outage else 1, now=now)
            availability.save()
    return [one.head_end for one in found if one.is_outage]
