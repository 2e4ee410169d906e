"""The calls of a stage and their answers, in one statement for all devices of a driver."""

from datetime import datetime
from typing import Any, NamedTuple

from integration.seam import sql
from integration.seam.loads import Partition
from integration.seam.messages import DeviceStatusCheck, FoundDevices
from integration.seam.sql import compose, identifier, statement, union_all

from .drivers import drivers_in_use
from .models import PRIMARY_KEY, LecStage

_NOTHING_KNOWN = "SELECT '' AS head_end, '' AS nic_id, '' AS status WHERE false"


class Calls(NamedTuple):
    """The calls of a stage, in a table that is not attached yet.

    `pending` of them are not answered yet; after the stage's end, LEC waits `answers_awaited_s` seconds for answers.
    """

    partition: Partition
    called: int
    pending: int
    answers_awaited_s: int


def make_calls(stage: LecStage, *, called_at: datetime) -> Calls:
    """Call every reserved device that has not left the stage, through the driver of its head end."""
    window = (stage.ends_at - called_at).total_seconds()
    params: dict[str, Any] = {"stage": stage.pk, "stage_uid": str(stage.stage_uid), "called_at": called_at}
    params["window"] = window
    queries, later = [], []
    for driver in drivers_in_use():
        if rows := driver.calls(stage, called_at=called_at):
            queries.append(rows.query)
            params |= rows.params
        else:
            later.append(driver)
    if later or not queries:
        queries.append(statement("lec_sim", "pending_calls"))
        params["later"] = [driver.name for driver in later]
    partition = Partition("lec_call", "stage_id", stage.pk)
    called = partition.create_from(union_all(queries), params)
    partition.finish(PRIMARY_KEY)
    pending = _pending(partition) if later else 0
    awaited_s = max((driver.answers_within.total_seconds() for driver in later), default=0)
    return Calls(partition, called, pending, int(awaited_s) if pending else 0)


def keep_answers(stage: LecStage) -> int:
    """Store the answers that drivers have to a stage's pending calls; returns how many devices have a new answer."""
    kept = 0
    for driver in drivers_in_use():
        if rows := driver.answers(stage):
            query = statement("lec_sim", "keep_answers", answers=rows.query)
            kept += sql.execute(query, {**rows.params, "stage": stage.pk})
    return kept


def loads_together(stage: LecStage, now: datetime) -> dict[str, int]:
    """By how many W the devices of a stage reduce now, of head ends that report the sum of theirs."""
    found = [rows for driver in drivers_in_use() if (rows := driver.delivered(stage, now=now))] if stage.pending else []
    return {head_end: watts for rows in found for head_end, watts in sql.rows(*rows)}


def statuses_of(check: DeviceStatusCheck) -> list[FoundDevices]:
    """What is known of each device of a check, by head end and status; one statement however many they are."""
    params: dict[str, Any] = {"message": check.model_dump_json(), "check_uid": str(check.check_uid)}
    queries = [compose(_NOTHING_KNOWN)]
    for driver in drivers_in_use():
        if rows := driver.statuses():
            queries.append(rows.query)
            params |= rows.params
    devices = statement("integration.seam", "message_devices")
    query = statement("lec_sim", "device_statuses", devices=devices, known=union_all(queries))
    return [
        FoundDevices(head_end=head_end, status=status, nic_ids=tuple(nic_ids))
        for head_end, status, nic_ids in sql.rows(query, params)
    ]


def _pending(partition: Partition) -> int:
    query = compose("SELECT count(*) FROM {calls} WHERE answer = 'pending'", calls=identifier(partition.table))
    return int(sql.value(query))
