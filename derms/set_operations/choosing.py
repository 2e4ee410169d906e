"""Choosing and reserving the devices of a stage, in SQL over all candidates (sql/candidates.sql)."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from derms.choices import HOLDING_STAGE_STATES, DeviceClass
from derms.models import ABOVE_APPROVED, PRIMARY_KEY, Event, Stage
from derms.rules import broken_rule
from derms.set_operations.approved_cap import Cap, approved_cap
from derms.set_operations.controls import control_shares
from derms.set_operations.counted_stages import event_around, rules_of
from derms.set_operations.device_order import DeviceOrder, device_order
from derms.set_operations.limits import Busy, DeviceRules, device_rules, rules_in_force
from derms.set_operations.places import APART, OF_LAST_PART, Place, count_places, ids_of, last_place, parts_of
from derms.set_operations.uses import keep_uses, unpacked
from integration.seam import sql
from integration.seam.loads import Partition
from integration.seam.outcomes import CALLS
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose, identifier, integer, statement

NOT_NEEDED = recorded("not needed")()
# The reasons 2 to 6 in sql/candidates.sql; 1 is a rule about the stage itself, and limits.py has the others.
LEFT_OUT = (
    recorded("not enrolled for the whole window"),
    recorded("not for this control"),
    recorded("no forecast for its class"),
    recorded("nothing to give now"),
    recorded("never answers"),
)
NEGLIGIBLE = 1e-10  # this share of the highest possible rated power, 2 GW, is less than half a W
_RESERVATIONS = "SELECT {stage}::bigint AS stage_id, needed.* FROM ({needed}) needed"
_COUNT_NEEDED = "SELECT count(*), coalesce(sum(expected_w), 0)::bigint FROM {needed}"
# What would be chosen for stages of one event that overlap, in a temporary table: choosing_together.py.
KEPT = identifier("derms_chosen")
_KEEP = compose(
    "INSERT INTO {kept} SELECT {{stage}}::bigint, device_id, expected_w FROM ({{needed}}) needed", kept=KEPT
)
_KEPT_FOR = compose("(SELECT device_id, expected_w FROM {kept} WHERE stage_id = {{stage}}) needed", kept=KEPT)
_BY_CLASS = """
SELECT d.device_class::text, count(*), sum(needed.expected_w)::bigint
  FROM {needed} JOIN derms_device d ON d.id = needed.device_id GROUP BY d.device_class
"""
_IDS_KEPT = compose(
    "SELECT string_agg(int8send(device_id), ''::bytea) FROM {kept} WHERE stage_id = ANY(%(stages)s::bigint[])",
    kept=KEPT,
)
ALL = compose("")
_EVERY_ELIGIBLE = "SELECT device_id, expected_w, nominal_w FROM ({candidates}) candidate WHERE reason IS NULL"


class DeviceReservedTwice(Exception):
    """A device is already reserved for an overlapping stage; nothing is reserved."""


class Chosen(NamedTuple):
    """The result of a choice: devices and their expected W, then those that are left out, by reason."""

    devices: int
    watts: int
    left_out: dict[str, int]
    left_out_w: dict[str, int]


def choose_devices(stage: Stage, *, goal_kw: float | None, now: datetime) -> Chosen:
    """Return what would be reserved for a stage now; changes nothing."""
    choice = _choice_of(stage, goal_kw, now)
    return _chosen(choice, compose("({needed}) needed", needed=choice.needed_devices))


def choose_and_keep(stage: Stage, *, goal_kw: float | None, now: datetime, taken_by: Sequence[int]) -> Chosen:
    """Choose the same way, but no device kept for the stages `taken_by`; keep the chosen ones in KEPT, too.

    The caller has created KEPT: choosing_together.py.
    """
    choice = _choice_of(stage, goal_kw, now, taken_by=taken_by)
    sql.execute(compose(_KEEP, stage=integer(stage.pk), needed=choice.needed_devices), choice.params)
    return _chosen(choice, compose(_KEPT_FOR, stage=integer(stage.pk)))


def callable_by_class(
    stage: Stage, *, now: datetime, taken_by: Sequence[int], keeps: bool
) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """Return every device that a stage may call now, as devices and W by class, and how many it may not, by reason.

    `keeps` them in KEPT, for `taken_by` of stages that overlap: choosing_together.py.
    """
    choice = _choice_of(stage, None, now, taken_by=taken_by)
    needed = compose("({needed}) needed", needed=choice.needed_devices)
    if keeps:
        sql.execute(compose(_KEEP, stage=integer(stage.pk), needed=choice.needed_devices), choice.params)
        needed = compose(_KEPT_FOR, stage=integer(stage.pk))
    found = sql.rows(compose(_BY_CLASS, needed=needed), choice.params)
    left_out = {reason: devices for reason, devices in choice.left_out.items() if reason != NOT_NEEDED}
    return {kind: (devices, watts) for kind, devices, watts in found}, left_out


def reserve_devices(stage: Stage, *, goal_kw: float | None, now: datetime) -> Chosen:
    """Choose the devices of a stage, no more than were approved, and reserve them.

    The caller holds the control zone's lock.
    """
    choice = _choice_of(stage, goal_kw, now, cap=approved_cap(stage))
    partition = reservation_partition(stage)
    query = compose(_RESERVATIONS, stage=integer(stage.pk), needed=choice.needed_devices)
    partition.create_from(query, choice.params)
    attach_reservations(stage)
    return _chosen(choice, identifier(partition.table))


def reservation_partition(stage: Stage) -> Partition:
    return Partition("derms_reservation", "stage_id", stage.pk)


def attach_reservations(stage: Stage) -> None:
    """Make a stage's reservations effective; nothing else attaches any.

    The caller took the control zone's lock in a statement of its own before it read anything, so no other schedule of
    the zone is running. Raises DeviceReservedTwice if a device is in an overlapping stage too: device selection already
    avoids that, and this check guards against anything else that fills the table.
    """
    partition = reservation_partition(stage)
    partition.finish(PRIMARY_KEY)
    # ATTACH takes this lock too; taken before the check, it keeps other attachments from slipping in between.
    sql.execute("LOCK TABLE derms_reservation IN SHARE UPDATE EXCLUSIVE MODE")
    query = statement("derms", "count_reserved_twice", table=identifier(partition.table))
    if twice := sql.value(query, {"overlapping_stages": overlapping_stage_ids(stage)}):
        raise DeviceReservedTwice(f"{twice} devices of {stage} are reserved for an overlapping stage.")
    partition.attach()
    keep_uses(stage.pk)


def overlapping_stage_ids(stage: Stage) -> list[int]:
    """Return the zone's other stages that hold devices in any part of this stage's window."""
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


def wanted_w(event: Event, goal_kw: float) -> int:
    """Return the W to choose for a goal: the goal and the reserve margin of the event's type.

    What is missing is always measured against the goal itself: devices that leave use up the margin first.
    """
    return round(goal_kw * (1000 + 10 * event.type.reserve_margin_pct))


def reserved_sums(stage: Stage) -> tuple[dict[str, int], dict[str, int]]:
    """Return the number of reserved devices by feeder code, and the W expected of them by class."""
    found = sql.rows(statement("derms", "reserved_sums"), {"stage": stage.pk})
    feeders = {code: devices for code, _kind, devices, _watts in found if code is not None}
    return feeders, {kind: watts for _code, kind, _devices, watts in found if kind is not None}


class _Choice(NamedTuple):
    """A query for the devices a stage needs, and the others by reason, “not needed” included: how many, and their W.

    `wanted_w` is the goal with its margin, None if there is no goal.
    """

    needed_devices: Sql
    params: dict[str, Any]
    left_out: dict[str, int]
    left_out_w: dict[str, int]
    wanted_w: int | None = None


def _choice_of(
    stage: Stage, goal_kw: float | None, now: datetime, cap: Cap | None = None, taken_by: Sequence[int] = ()
) -> _Choice:
    """Choose every eligible candidate, or those of the best ranks until the goal and its reserve margin are met.

    `cap` ends the choice before that. Devices kept for the stages `taken_by` of the same event are taken.
    There are few places, so summing up over them replaces sorting the devices.
    """
    ids = ids_of(stage.event.zone)
    in_force = rules_in_force(rules_of(stage), set(stage.event.overridden_rules))
    reasons = [broken := _broken_rule(stage, now), *(reason() for reason in LEFT_OUT)]
    rules = device_rules(stage, in_force, _busy(stage, taken_by), ids, first=len(reasons) + 1)
    params = _looked_at(stage) | parts_of(ids) | {"breaks_rule": broken is not None} | rules.params
    wanted = None if goal_kw is None else wanted_w(stage.event, goal_kw)
    # Ranks cost more than one sum, and without a goal they only matter if more is eligible than was approved.
    for is_ranked in (True,) if wanted is not None else (False, True):
        order = device_order(stage, ids, is_ranked=is_ranked)
        params |= order.params
        places = count_places(_candidates(stage, rules, order, APART), params)
        last = last_place(places, wanted, cap)
        if not last:
            break
    candidates = _candidates(stage, rules, order)
    if last:
        of_part = _candidates(stage, rules, order, OF_LAST_PART)
        needed = statement("derms", "needed_devices", candidates=candidates, of_part=of_part)
    else:
        needed = compose(_EVERY_ELIGIBLE, candidates=candidates)
    return _Choice(needed, params | last, *_left_out(places, [*reasons, *rules.reasons]), wanted)


def _busy(stage: Stage, taken_by: Sequence[int]) -> Busy:
    """What devices do in the stage's window; `taken_by` are stages of its event that some are kept for."""
    own, overlapping = {one.pk for one in stage.of_event}, overlapping_stage_ids(stage)
    window = {"starts_at": stage.starts_at, "ends_at": stage.ends_at}
    kept = sql.value(_IDS_KEPT, {"stages": list(taken_by)}) if taken_by else None
    return Busy(
        unavailable=unpacked(sql.value(statement("derms", "unavailable_devices"), window)),
        elsewhere=[pk for pk in overlapping if pk not in own],
        of_event=[pk for pk in overlapping if pk in own],
        kept=unpacked(kept),
    )


def _candidates(stage: Stage, rules: DeviceRules, order: DeviceOrder, further: Sql = ALL) -> Sql:
    """The query for a stage's candidates; `further` goes behind the conditions."""
    # Most stages have no groups, and a condition that is always true would still mislead the planner.
    groups = statement("derms", "within_groups") if stage.group_criteria else ALL
    of_device = {"exemptions": rules.exemptions, "known": rules.known, "rank": order.rank, "expected": order.expected}
    return statement(
        "derms", "candidates", within=compose("{groups} {further}", groups=groups, further=further), **of_device
    )


def _left_out(places: list[Place], reasons: list[str | None]) -> tuple[dict[str, int], dict[str, int]]:
    """Devices by reason, and the W expected of them."""
    devices: Counter[str] = Counter()
    watts: Counter[str] = Counter()
    for place in places:
        reason = (place.is_left_out and reasons[-place.place - 1]) or NOT_NEEDED
        devices[reason] += place.devices
        watts[reason] += place.watts
    return devices, watts


def _chosen(choice: _Choice, needed: Sql) -> Chosen:
    """Count the needed devices of a query or table; the other eligible ones were not needed, or above the cap."""
    devices, watts = sql.row(compose(_COUNT_NEEDED, needed=needed), choice.params)
    left_out, left_out_w = dict(choice.left_out), dict(choice.left_out_w)
    others, others_w = left_out.pop(NOT_NEEDED, devices) - devices, left_out_w.pop(NOT_NEEDED, watts) - watts
    if others:
        is_met = choice.wanted_w is not None and watts >= choice.wanted_w
        reason = NOT_NEEDED if is_met else ABOVE_APPROVED
        left_out[reason], left_out_w[reason] = others, others_w
    return Chosen(devices, watts, left_out, left_out_w)


def _looked_at(stage: Stage) -> dict[str, Any]:
    """The parameters of candidates.sql that describe the stage."""
    zone, factors, controls = stage.event.zone, _factors(stage), control_shares(stage)
    return {
        "groups": json.dumps(stage.group_criteria),
        "zone": zone.pk,
        "program": stage.program_id,
        "starts_at": stage.starts_at,
        "ends_at": stage.ends_at,
        "day": zone.local_day(stage.starts_at),
        "season": zone.season(stage.starts_at),
        "calls": CALLS,
        **{kind: _share(factors.get(kind), controls.get(kind)) for kind in DeviceClass.values},
        "not_for_control": [kind for kind in DeviceClass.values if kind not in controls],
        "without_forecast": [kind for kind in DeviceClass.values if kind not in factors],
    }


def _broken_rule(stage: Stage, now: datetime) -> str | None:
    """The reason why no device of the program may be called in the stage's window, if there is one."""
    around = event_around(stage)
    return broken_rule(
        rules_of(stage),
        starts_at=stage.starts_at,
        ends_at=stage.ends_at,
        length=around.ends_at - around.starts_at,
        now=now,
        time_zone=stage.event.zone.time_zone,
        overridden=set(stage.event.overridden_rules),
    )


def _factors(stage: Stage) -> dict[str, float]:
    """The share of its rated power that each class with a forecast can reduce by in the stage's window."""
    window = {"zone": stage.event.zone_id, "starts_at": stage.starts_at, "ends_at": stage.ends_at}
    return {kind: float(factor) for kind, factor in sql.rows(statement("derms", "mean_factors"), window)}


def _share(factor: float | None, control: float | None) -> float:
    """The share of its rated power that a class reduces by; 0 if it has no forecast or the control isn't for it.

    A share that means 0 W for every device becomes 0: PostgreSQL raises an error for a product too small for a float.
    """
    share = (factor or 0.0) * (control or 0.0)
    return share if share > NEGLIGIBLE else 0.0
