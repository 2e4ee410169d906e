"""Writes: executing stages by the database's clock."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction

from integration.seam import extracts, outbox
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.delivery import NotYet, receiving
from integration.seam.loads import Partition, begin_load, count_part
from integration.seam.messages import (
    DeviceRemoval,
    DeviceReservation,
    RawOutcome,
    Receipt,
    RemovalAnswer,
    RemovalWord,
    StageExecutionStatus,
    StageStatus,
)
from integration.seam.models import Alert, Delivery, Message
from integration.seam.nudges import tell_pages
from integration.seam.outcomes import Outcome
from integration.seam.sql import statement

from .choices import StageState
from .models import PRIMARY_KEY, LecStage, Removal

HERE = Path(__file__).parent
FINAL = (StageState.COMPLETED, StageState.CANCELED)


@receiving
def follow_stage(status: StageStatus, *, now: datetime) -> Receipt:
    """Learn of a stage, or that it is canceled. What LEC reported itself comes back and changes nothing."""
    stage = _lock_if_known(status.stage_uid)
    if stage is None:
        _learn(status)
        return Receipt()
    if status.revision <= stage.status_revision:
        return Receipt(applied=0, note=f"revision {status.revision} is not newer than {stage.status_revision}")
    stage.status_revision = status.revision
    if status.state == "Canceled" and stage.state not in FINAL:
        stage.state, stage.reason = StageState.CANCELED, status.reason
        # Whoever held the row meanwhile may have read the clock later.
        stage.ended_at = max(now, stage.calls_made_at or stage.started_at) if stage.started_at else None
        close_alert(_late_key(stage))
    stage.save(update_fields=["status_revision", "state", "reason", "ended_at"])
    return Receipt()


def prepare_reservations(message: Message) -> None:
    """Make the table a stage's reservations go into; "not yet" where the stage is not known."""
    stage = _lock_for(message)
    if stage.state not in FINAL and stage.reservations_loaded_at is None:
        partition = _reservations(stage)
        partition.create()
        begin_load(message, receiver="lec", table=partition.table)


@transaction.atomic
def load_reservations(delivery: Delivery, body: DeviceReservation, *, now: datetime) -> Receipt:
    """Take in one part; with the last one the stage may start."""
    stage = LecStage.objects.get(stage_uid=body.stage_uid)
    if stage.state in FINAL:
        return Receipt(applied=0, note=f"the stage is {stage.state}; nothing is loaded")
    if stage.reservations_loaded_at:
        return Receipt(applied=0, note="the reservations are loaded already")
    partition = _reservations(stage)
    applied = extracts.copy_part(body.extract, kind=body.kind, part=delivery.part or 1, into=partition.table)
    load = count_part(delivery, applied=applied, refused=0)
    tell_pages(stage.event_number)
    if load.finished_at:
        partition.finish(PRIMARY_KEY)
        partition.attach()
        stage = _lock_for(delivery.message)
        stage.reserved, stage.reservations_loaded_at = load.applied, now
        stage.save(update_fields=["reserved", "reservations_loaded_at"])
        close_alert(_late_key(stage))
    return Receipt(applied=applied)


@transaction.atomic
def start_stage(stage_id: int, *, now: datetime) -> None:
    """Start a stage at its time. Only commits the start: calling its devices is other work."""
    stage = _lock(stage_id)
    is_due = stage.starts_at <= now < stage.ends_at and stage.reservations_loaded_at is not None
    if stage.state != StageState.SCHEDULED or not is_due:
        return
    stage.state, stage.started_at = StageState.IN_PROGRESS, now
    _report(stage, "In Progress", now, "started_at")


@transaction.atomic
def call_devices(stage_id: int, *, now: datetime) -> None:
    """Call every reserved device of a running stage, and settle what each does."""
    stage = _lock(stage_id)
    if stage.state != StageState.IN_PROGRESS or stage.calls_made_at or now >= stage.ends_at:
        return
    partition = Partition("lec_call", "stage_id", stage.pk)
    stage.called = partition.create_from(
        statement(HERE, "call_devices"),
        {
            "stage": stage.pk,
            "stage_uid": str(stage.stage_uid),
            "called_at": now,
            "window": (stage.ends_at - now).total_seconds(),
        },
    )
    partition.finish(PRIMARY_KEY)
    stage.calls_made_at = now
    _report(stage, "In Progress", now, "calls_made_at", "called")
    partition.attach()


@transaction.atomic
def end_stage(stage_id: int, *, now: datetime) -> None:
    """End a running stage at its time."""
    stage = _lock(stage_id)
    if stage.state != StageState.IN_PROGRESS or now < stage.ends_at:
        return
    stage.state, stage.ended_at = StageState.COMPLETED, now
    _report(stage, "Completed", now, "ended_at")


@transaction.atomic
def miss_stage(stage_id: int, *, now: datetime) -> None:
    """Give up a stage that could not start before its end; no device is called."""
    stage = _lock(stage_id)
    if stage.state != StageState.SCHEDULED or now < stage.ends_at:
        return
    stage.state, stage.reason = StageState.CANCELED, "Missed"
    _report(stage, "Missed", now, "reason")
    close_alert(_late_key(stage))


@transaction.atomic
def report_late_stage(stage_id: int, *, now: datetime) -> None:
    """Alert: it is time to start and the reservations are not in; the stage starts as soon as they are."""
    stage = _lock(stage_id)
    if stage.state != StageState.SCHEDULED or stage.reservations_loaded_at or stage.late_reported_at:
        return
    stage.late_reported_at = now
    stage.save(update_fields=["late_reported_at"])
    raise_alert(
        _late_key(stage),
        kind="stage late",
        severity=Alert.WARNING,
        text=f"{stage} is late: its reservations have not reached Live Energy Connect.",
        event_uid=stage.event_uid,
        stage_uid=stage.stage_uid,
    )


@transaction.atomic
def hand_over_outcomes(stage_id: int, *, now: datetime) -> None:
    """Write what each reserved device of a stage that is over did, and send DERMS the file's name."""
    stage = _lock(stage_id)
    if stage.handed_over_at or not stage.ended_at:
        return
    extract = extracts.write_extract(
        kind="raw_outcome",
        query=statement(HERE, "raw_outcomes"),
        params={
            "stage": stage.pk,
            "stage_uid": stage.stage_uid,
            "calls_made_at": stage.calls_made_at,
            "ended_at": min(stage.ended_at, stage.ends_at),
            "ends_at": stage.ends_at,
            "reason": f"canceled: {stage.reason}" if stage.reason else "canceled",
            **{code.name.lower(): code.value for code in Outcome},
        },
    )
    outbox.send(RawOutcome(stage_uid=stage.stage_uid, extract=extract.ref), sender="lec")
    stage.handed_over_at = now
    stage.save(update_fields=["handed_over_at"])


@receiving
def remove_device(body: DeviceRemoval, *, now: datetime) -> Receipt:
    """Not call a device in a stage, let go of it where it was called, or say that it is too late.

    Starting a stage and accepting a removal lock the stage's row first; whoever comes first holds. A removal that
    comes before the stage is known holds as well: nothing can have been called. One device may have to leave for
    several reasons; what was too late for one of them can still hold for the next, and what holds stays.
    """
    stage = _lock_if_known(body.stage_uid)
    device: dict[str, Any] = {"stage_uid": body.stage_uid, "head_end": body.head_end, "nic_id": body.nic_id}
    removal = Removal.objects.filter(**device).first()
    word = _removal_word(stage, removal, body)
    if removal is None or (removal.answer == "too late" and word != "too late"):
        # Whoever held the row meanwhile may have called the device later than this moment.
        at = max(now, (stage and stage.calls_made_at) or now)
        removal, _ = Removal.objects.update_or_create(
            **device, defaults={"reason": body.reason, "answer": word, "at": at}
        )
    at = stage.started_at if stage and stage.started_at and word == "too late" else removal.at
    outbox.send(RemovalAnswer.model_validate({**body.model_dump(), "answer": word, "at": at}), sender="lec")
    return Receipt()


def _removal_word(stage: LecStage | None, before: Removal | None, body: DeviceRemoval) -> RemovalWord:
    """An opt-out holds only before the start; a customer who is unavailable is let go of while the stage runs, too."""
    if stage is None or stage.started_at is None or (before and before.answer == "removed"):
        return "removed"
    is_out = stage.state == StageState.IN_PROGRESS or (before and before.answer == "released")
    return "released" if is_out and body.reason == "customer unavailable" else "too late"


def _learn(status: StageStatus) -> None:
    LecStage.objects.create(
        state=status.state if status.state in FINAL else StageState.SCHEDULED,
        status_revision=status.revision,
        **status.model_dump(
            include={
                "stage_uid",
                "event_uid",
                "event_number",
                "stage_number",
                "time_zone",
                "starts_at",
                "ends_at",
                "control",
                "control_value",
                "reason",
            }
        ),
    )


def _report(
    stage: LecStage, state: Literal["In Progress", "Completed", "Missed"], now: datetime, *changed: str
) -> None:
    """Save what changed and tell DERMS."""
    stage.execution_revision += 1
    stage.save(update_fields=["state", "execution_revision", *changed])
    outbox.send(
        StageExecutionStatus(
            stage_uid=stage.stage_uid,
            state=state,
            at=now,
            started_at=stage.started_at,
            called=stage.called,
            revision=stage.execution_revision,
        ),
        sender="lec",
    )


def _reservations(stage: LecStage) -> Partition:
    return Partition("lec_reservation", "stage_id", stage.pk)


def _lock(stage_id: int) -> LecStage:
    return LecStage.objects.select_for_update(no_key=True).get(pk=stage_id)


def _lock_if_known(stage_uid: UUID) -> LecStage | None:
    """A stage that is not known has no row to lock: whoever learns of it, or acts for it, locks its uid."""
    stages = LecStage.objects.select_for_update(no_key=True).filter(stage_uid=stage_uid)
    if (stage := stages.first()) is None:
        _execute("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"lec stage {stage_uid}"})
        stage = stages.first()
    return stage


def _lock_for(message: Message) -> LecStage:
    stage = LecStage.objects.select_for_update(no_key=True).filter(stage_uid=message.stage).first()
    if stage is None:
        raise NotYet("the stage is not known yet")
    return stage


def _execute(query: str, params: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return int(cursor.rowcount)


def _late_key(stage: LecStage) -> str:
    return f"late:{stage.stage_uid}"
