"""Statements over many rows, one function each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from integration.seam import sql
from integration.seam.extracts import Staged
from integration.seam.filling import filling
from integration.seam.loads import Partition, count_rows, keep_refused
from integration.seam.messages import AskedDevices, DeviceStatus
from integration.seam.models import Delivery
from integration.seam.sql import Sql, compose, identifier, statement

from .choices import NotSent
from .models.program_events import ProgramEvent

ENROLLMENT_ROWS = """
SELECT d.head_end, d.nic_id, s.starts_at, d.device_class, d.rated_w, l.zone, l.feeder, l.transformer,
       d.critical_care OR l.life_support
  FROM cpm_subscribeddevice sd
  JOIN cpm_subscription s ON s.id = sd.subscription_id
  JOIN cpm_device d ON d.id = sd.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
 WHERE s.program_id = %(program)s AND s.ends_at IS NULL AND d.ended_at IS NULL AND sd.answer = 'Pending'
 ORDER BY d.nic_id
"""
# Files of one program only; the ids stay in a table, for what follows from the answers.
_ANSWERED = "CREATE TEMPORARY TABLE cpm_answered (subscription_id bigint) ON COMMIT DROP"
_FOR_MANY = "SET LOCAL work_mem = '128MB'"  # a million answers are joined in memory
_ANSWER = """
WITH changed AS (
    UPDATE cpm_subscribeddevice sd
       SET answer = s.answer, error = coalesce(s.error, '')
      FROM {staged} s
      JOIN cpm_device d ON d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.ended_at IS NULL
      JOIN cpm_subscription sub ON sub.program_id = %(program)s AND sub.ends_at IS NULL
     WHERE sd.device_id = d.id AND sd.subscription_id = sub.id
       AND (sd.answer, sd.error) IS DISTINCT FROM (s.answer, coalesce(s.error, ''))
 RETURNING sd.subscription_id)
INSERT INTO cpm_answered SELECT subscription_id FROM changed
"""
# Subscriptions with devices in several parts of the file: the part that comes last sees all answers.
_LOCK_DIVIDED = """
SELECT u.id FROM cpm_subscription u
 WHERE u.id IN (SELECT subscription_id FROM cpm_answered)
   AND EXISTS (SELECT FROM cpm_subscribeddevice sd WHERE sd.subscription_id = u.id AND sd.answer = 'Pending')
 ORDER BY u.id FOR NO KEY UPDATE
"""
_STANDINGS = "CREATE TEMPORARY TABLE cpm_standings ON COMMIT DROP AS {standings}"
_OF_ANSWERED = "SELECT subscription_id FROM cpm_answered"
_OF_THESE = "SELECT unnest(%(subscriptions)s::bigint[])"
_COUNT_PARTICIPATIONS = """
SELECT count(*), count(*) FILTER (WHERE reservation_flag) FROM cpm_participation WHERE program_event_id = %s
"""
_COUNT_OUTCOMES = "SELECT code, count(*), sum(reduction_w) FROM cpm_outcome WHERE program_event_id = %s GROUP BY code"
_UNRESERVED = """
SELECT d.head_end, d.nic_id, 'applied as an exception: the device was not reserved'
  FROM ({unreserved}) unreserved
  JOIN cpm_device d ON d.id = unreserved.device_id
"""
_ADD_UNRESERVED = """
INSERT INTO cpm_participation (program_event_id, device_id, reservation_flag, expected_w, preemptive_opt_out)
SELECT %(program_event)s, device_id, false, 0, false FROM ({unreserved}) unreserved
"""
_DROP_KNOWN = """
DELETE FROM {staged} s USING {table} known JOIN cpm_device d ON d.id = known.device_id
 WHERE known.program_event_id = %(program_event)s AND d.head_end = s.head_end AND d.nic_id = s.nic_id
"""
_NAMED_DEVICES = """
SELECT d.id, d.head_end, d.nic_id FROM cpm_device d
  JOIN unnest(%(head_ends)s::text[], %(nic_ids)s::text[]) named (head_end, nic_id) USING (head_end, nic_id)
 WHERE d.ended_at IS NULL
"""


class Standing(NamedTuple):
    """The state that an enrollment should have after DERMS's answers; `reason` has a sentence per line."""

    state: str
    reason: str


def participation_partition(program_event: ProgramEvent) -> Partition:
    return Partition("cpm_participation", "program_event_id", program_event.pk)


def outcome_partition(program_event: ProgramEvent) -> Partition:
    return Partition("cpm_outcome", "program_event_id", program_event.pk)


def load_participations(program_event: ProgramEvent, staged: Staged, *, into: str = "") -> int:
    """Insert the rows of a staged part as participations with reservation flag Yes; returns how many.

    They go into the program event's unattached table, or into the one that is named.
    """
    table = into or participation_partition(program_event).table
    return _load("load_participations", program_event, staged, table)


def clear_left(program_event: ProgramEvent, *, of: str = "") -> int:
    """Clear the flag of devices that have left the stage or are unavailable; returns how many.

    They are few, so looking for them in each part would cost more. The caller holds the program event's lock.
    """
    table = of or participation_partition(program_event).table
    query = statement("cpm", "clear_left", table=identifier(table))
    return sql.execute(query, {"stage_uid": program_event.stage_uid, **_window(program_event)})


def load_outcome_rows(program_event: ProgramEvent, staged: Staged, *, into: str = "") -> int:
    """Insert the rows of a staged part as outcomes, as `load_participations` does; returns how many."""
    return _load("load_outcomes", program_event, staged, into or outcome_partition(program_event).table)


def drop_participants(program_event: ProgramEvent, staged: Staged) -> None:
    """Delete the staged rows of devices that take part in the program event already."""
    _drop_known("cpm_participation", program_event, staged)


def drop_known_outcomes(program_event: ProgramEvent, staged: Staged) -> None:
    """Delete the staged rows of devices that have an outcome in the program event already."""
    _drop_known("cpm_outcome", program_event, staged)


def refused_rows(program_event: ProgramEvent, staged: str) -> list[tuple[str, str, str]]:
    """The staged rows of unknown devices: head end, NIC id and why they are refused."""
    query = statement("cpm", "unknown_devices", staged=identifier(staged))
    return [(head_end, nic_id, why) for head_end, nic_id, why in sql.rows(query, _window(program_event))]


def refuse_unknown_devices(delivery: Delivery, program_event: ProgramEvent, staged: str) -> int:
    """Store the staged rows of unknown devices as refused; returns how many."""
    query = statement("cpm", "unknown_devices", staged=identifier(staged))
    return keep_refused(delivery, query, _window(program_event))


def add_unreserved(delivery: Delivery, program_event: ProgramEvent) -> int:
    """Add participations with flag No for outcomes without a reservation, and list them; returns how many.

    There are hardly ever any, and comparing two sets of ids is faster than joining them.
    """
    unreserved, params = statement("cpm", "unreserved_outcomes"), {"program_event": program_event.pk}
    if _outcomes_are_of_participants(params) or not count_rows(unreserved, params):
        return 0
    keep_refused(delivery, compose(_UNRESERVED, unreserved=unreserved), params)
    return add_unreserved_devices(program_event)


def add_unreserved_devices(program_event: ProgramEvent) -> int:
    """Add participations with flag No for outcomes without a reservation; returns how many."""
    unreserved, params = statement("cpm", "unreserved_outcomes"), {"program_event": program_event.pk}
    return sql.execute(compose(_ADD_UNRESERVED, unreserved=unreserved), params)


def count_participations(program_event: ProgramEvent) -> dict[str, Any]:
    """The counters on a program event's page."""
    participations, reserved = sql.row(_COUNT_PARTICIPATIONS, [program_event.pk])
    rows = sql.rows(_COUNT_OUTCOMES, [program_event.pk])
    return {
        "participations": participations,
        "reserved": reserved,
        "closed": sum(n for _, n, _ in rows),
        "outcomes": {code: n for code, n, _ in rows},
        "reduction_w": sum(int(watts) for _, _, watts in rows) if rows else None,
    }


def notify_reserved(program_event: ProgramEvent, *, now: datetime) -> int:
    """Notify every customer with a reserved device in the program event that it comes; returns how many."""
    params = {
        "event_uid": program_event.event_uid, "program_event": program_event.pk, "now": now,
        "reasons": [str(reason) for reason in NotSent.values],
    }  # fmt: skip
    return sql.execute(statement("cpm", "notify_customers"), params)


def notify_told(
    program_event: ProgramEvent, kind: str, *, about: str, stages: Sequence[int], due_at: datetime, now: datetime
) -> int:
    """Notify the customers with reserved devices in these stages who have a notification of the event that it comes."""
    params = {
        "event_uid": program_event.event_uid, "program_event": program_event.pk, "kind": kind, "about": about,
        "stages": list(stages), "due_at": due_at, "now": now,
    }  # fmt: skip
    return sql.execute(statement("cpm", "notify_told_customers"), params)


class Moved(NamedTuple):
    """How many enrollments went from one state to another; `was` is empty for records that were added."""

    was: str
    state: str
    enrollments: int


def apply_answers(staged: str, program_id: int, *, now: datetime) -> tuple[int, list[Moved]]:
    """Store DERMS's answer for each staged device, and lead the enrollments on.

    Returns how many answers changed, and where the enrollments went.
    """
    sql.execute(_FOR_MANY)
    sql.execute(_ANSWERED)
    changed = sql.execute(compose(_ANSWER, staged=identifier(staged)), {"program": program_id})
    sql.analyze("cpm_answered")
    sql.rows(_LOCK_DIVIDED)
    standings = statement("cpm", "enrollment_standings", subscriptions=compose(_OF_ANSWERED))
    sql.execute(compose(_STANDINGS, standings=standings))
    sql.analyze("cpm_standings")
    moved = sql.rows(statement("cpm", "move_enrollments"), {"now": now})
    with filling("cpm_enrollment", rows=changed) as unless_there:
        moved += sql.rows(statement("cpm", "add_enrollments", unless_there=unless_there))
    return changed, [Moved(*row) for row in moved]


def standings_of_subscriptions(subscription_ids: Sequence[int]) -> dict[int, Standing]:
    """What DERMS's answers make of subscriptions; one without devices has none."""
    query = statement("cpm", "enrollment_standings", subscriptions=compose(_OF_THESE))
    found = sql.rows(query, {"subscriptions": list(subscription_ids)})
    return {pk: Standing(state, reason) for pk, state, reason in found}


def ask_devices(devices: Sequence[tuple[str, str]], *, check_uid: UUID, by: str, now: datetime) -> list[AskedDevices]:
    """Note who asks about these installed devices, given by head end and NIC id; returns them by head end."""
    named = {"head_ends": [head_end for head_end, _ in devices], "nic_ids": [nic_id for _, nic_id in devices]}
    return _asked(compose(_NAMED_DEVICES), {**named, "check_uid": str(check_uid), "by": by, "now": now})[1]


def ask_unheard_devices(
    *, after: int, most: int, heard_before: datetime, check_uid: UUID, by: str, now: datetime
) -> tuple[int | None, list[AskedDevices]]:
    """Note who asks about the next enrolled devices that no check found online since; returns the last one, and all."""
    params = {"after": after, "most": most, "heard_before": heard_before, "now": now}
    return _asked(statement("cpm", "unheard_devices"), {**params, "check_uid": str(check_uid), "by": by})


def keep_statuses(body: DeviceStatus) -> int:
    """Keep the answer to a status check with its devices; returns how many of them are known."""
    params = {"message": body.model_dump_json(), "at": body.at, "check_uid": str(body.check_uid)}
    return sql.execute(
        statement("cpm", "keep_statuses", devices=statement("integration.seam", "message_devices")), params
    )


def _asked(chosen: Sql, params: dict[str, Any]) -> tuple[int | None, list[AskedDevices]]:
    rows = sql.rows(statement("cpm", "ask_devices", chosen=chosen), params)
    asked = [AskedDevices(head_end=head_end, nic_ids=tuple(nic_ids)) for head_end, nic_ids, _ in rows]
    return max((last for *_of, last in rows), default=None), asked


def _outcomes_are_of_participants(params: dict[str, Any]) -> bool:
    return bool(sql.value(statement("cpm", "outcomes_are_of_participants"), params))


def _load(name: str, program_event: ProgramEvent, staged: Staged, table: str) -> int:
    query = statement("cpm", name, table=identifier(table), staged=identifier(staged.table))
    return sql.execute(query, {"program_event": program_event.pk, **_window(program_event), **staged.range})


def _drop_known(table: str, program_event: ProgramEvent, staged: Staged) -> None:
    query = compose(_DROP_KNOWN, table=identifier(table), staged=identifier(staged.table))
    sql.execute(query, {"program_event": program_event.pk})


def _window(program_event: ProgramEvent) -> dict[str, Any]:
    return {"starts_at": program_event.starts_at, "ends_at": program_event.ends_at}
