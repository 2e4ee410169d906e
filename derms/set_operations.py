"""One statement over many rows each."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from integration.loads import Partition
from integration.messages import ProgramRules
from integration.sql import statement

from .choices import HOLDING_STAGE_STATES, Control, StageState
from .models import Stage
from .rules import broken_rule, lifted, period_bounds

HERE = Path(__file__).parent
COUNT_LIMITS = ("events_per_week", "events_per_month", "events_per_season")
HOUR_LIMITS = ("hours_per_week", "hours_per_month", "hours_per_season")


class DeviceReservedTwice(Exception):
    """A device about to be reserved is reserved for an overlapping stage already; nothing is reserved."""


class Chosen(NamedTuple):
    """What a choice came to: devices, their expected W, and devices left out per reason."""

    devices: int
    watts: int
    left_out: dict[str, int]


def choose_devices(stage: Stage, *, goal_kw: float | None, now: datetime) -> Chosen:
    """What would be reserved for a stage at this moment; changes nothing."""
    return _choose(stage, goal_kw, now, keep="SELECT")


def reserve_devices(stage: Stage, *, goal_kw: float | None, now: datetime) -> Chosen:
    """Choose the devices of a stage and reserve them. The caller holds the control zone's lock."""
    partition = reservation_partition(stage)
    partition.create()
    chosen = _choose(
        stage,
        goal_kw,
        now,
        keep=f"INSERT INTO {partition.table} (stage_id, device_id, expected_w)"
        f" SELECT {int(stage.pk)}, id, expected_w FROM needed",
    )
    attach_reservations(stage)
    return chosen


def reservation_partition(stage: Stage) -> Partition:
    return Partition("derms_reservation", "stage_id", stage.pk)


def outcome_partition(stage: Stage) -> Partition:
    return Partition("derms_outcome", "stage_id", stage.pk)


def attach_reservations(stage: Stage) -> None:
    """Make a stage's reservations count: the only place that attaches any.

    The caller took the control zone's lock in a statement of its own before it looked at anything, so no other
    schedule of the zone is under way. Raises DeviceReservedTwice where a device is in an overlapping stage too: the
    choice has looked already; this guards whatever else may fill the table.
    """
    partition = reservation_partition(stage)
    partition.finish("stage_id, device_id")
    with connection.cursor() as cursor:
        # ATTACH takes this lock too; taken before the look, no other attachment slips in between.
        cursor.execute("LOCK TABLE derms_reservation IN SHARE UPDATE EXCLUSIVE MODE")
        cursor.execute(
            statement(HERE, "count_reserved_twice").format(table=partition.table),
            {"overlapping_stages": overlapping_stage_ids(stage)},
        )
        if twice := cursor.fetchone()[0]:
            raise DeviceReservedTwice(f"{twice} devices of {stage} are reserved for an overlapping stage.")
    partition.attach()


def overlapping_stage_ids(stage: Stage) -> list[int]:
    """Stages of the zone that hold devices in any part of this stage's window."""
    return list(
        Stage.objects.filter(
            event__zone_id=stage.event.zone_id,
            state__in=HOLDING_STAGE_STATES,
            starts_at__lt=stage.ends_at,
            ends_at__gt=stage.starts_at,
        )
        .exclude(pk=stage.pk)
        .values_list("pk", flat=True)
    )


def control_factor(control: str, value: float) -> float:
    """The share of its flexible power a device gives under a control.

    The rule: docs/reference/states.md, How devices are chosen.
    """
    if control == Control.DUTY_CYCLE:
        return value / 100
    if control == Control.SETPOINT_OFFSET:
        return min(1.0, 0.25 * abs(value))
    return 1.0


def load_raw_outcomes(stage: Stage, staged: str) -> int:
    """Rows of one staged part become outcomes of a stage; gives how many."""
    with connection.cursor() as cursor:
        query = statement(HERE, "load_raw_outcomes").format(table=outcome_partition(stage).table, staged=staged)
        cursor.execute(query, {"stage": stage.pk})
        return int(cursor.rowcount)


def complete_outcomes(stage: Stage) -> None:
    """Give every reserved device without an outcome the code D1ND."""
    _run("complete_outcomes", {"stage": stage.pk}, table=outcome_partition(stage).table)


def swap_device_usage(stage: Stage) -> None:
    """Rebuild the devices' last ten calls with this stage's outcomes into a new table, and swap it in."""
    _run("swap_device_usage", {"stage": stage.pk, "called_at": stage.started_at})


def count_outcomes(stage: Stage) -> tuple[dict[str, int], int]:
    """Devices per outcome code, and their reduction together in W."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, count(*), sum(reduction_w) FROM derms_outcome WHERE stage_id = %s GROUP BY code", [stage.pk]
        )
        rows = cursor.fetchall()
    return {code: devices for code, devices, _ in rows}, sum(int(watts) for _, _, watts in rows)


def _run(name: str, params: dict[str, Any], **names: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(HERE, name).format(**names), params)
        return cursor.fetchall() if cursor.description else []


def _choose(stage: Stage, goal_kw: float | None, now: datetime, *, keep: str) -> Chosen:
    # A stage without groups is most stages, and a condition that never holds back a row still misleads the planner.
    within_groups = statement(HERE, "within_groups") if stage.der_groups.exists() else ""
    rows = _run("choose_devices", _choice(stage, goal_kw, now), keep=keep, within_groups=within_groups)
    devices, watts = next((n, w) for reason, n, w in rows if reason is None)
    return Chosen(devices, watts, {reason: n for reason, n, _ in rows if reason is not None and n})


def _choice(stage: Stage, goal_kw: float | None, now: datetime) -> dict[str, Any]:
    event, rules = stage.event, stage.program.rules
    zone = event.zone
    without = lifted(rules, set(event.overridden_rules))
    limits = {name: None if name in without else getattr(rules, name) for name in COUNT_LIMITS + HOUR_LIMITS}
    days = None if "consecutive_days" in without else rules.consecutive_days
    gap = timedelta(minutes=0 if "gap" in without else rules.gap_minutes or 0)
    bounds = period_bounds(rules, stage.starts_at, zone.time_zone)
    counts = any(value is not None for value in limits.values()) or days is not None or gap
    return {
        "stage": stage.pk,
        "event": event.pk,
        "zone": zone.pk,
        "time_zone": zone.time_zone,
        "program": stage.program_id,
        "starts_at": stage.starts_at,
        "ends_at": stage.ends_at,
        "day": _local_day(stage),
        "hours": (stage.ends_at - stage.starts_at).total_seconds() / 3600,
        "control_factor": control_factor(stage.control, stage.control_value),
        "goal_w": None if goal_kw is None else round(goal_kw * 1000),
        "broken_rule": broken_rule(
            rules,
            starts_at=stage.starts_at,
            ends_at=stage.ends_at,
            now=now,
            time_zone=zone.time_zone,
            overridden=set(event.overridden_rules),
        ),
        "critical_care_exempt": rules.critical_care_exempt and "critical_care" not in without,
        "overlapping_stages": overlapping_stage_ids(stage),
        "counted_stages": _counted_stage_ids(stage, rules, gap) if counts else [],
        "consecutive_days": days,
        "gap": gap,
        **limits,
        **bounds._asdict(),
    }


def _counted_stage_ids(stage: Stage, rules: ProgramRules, gap: timedelta) -> list[int]:
    """Stages of the program that the limits may count: its season, the weeks and days at its edges."""
    bounds = period_bounds(rules, stage.starts_at, stage.event.zone.time_zone)
    reach = max(gap, timedelta(days=(rules.consecutive_days or 0) + 1))
    since = min(bounds.season_from, bounds.month_from, bounds.week_from, stage.starts_at - reach)
    until = max(bounds.season_until, bounds.month_until, bounds.week_until, stage.ends_at + reach)
    return list(
        Stage.objects.filter(program_id=stage.program_id, ends_at__gt=since, starts_at__lt=until)
        .exclude(state=StageState.NEW)
        .exclude(state=StageState.CANCELED, started_at=None)
        .exclude(pk=stage.pk)
        .values_list("pk", flat=True)
    )


def _local_day(stage: Stage) -> date:
    return stage.starts_at.astimezone(ZoneInfo(stage.event.zone.time_zone)).date()
