"""Bulk loads of a program event: the reserved devices, and what each did."""

from datetime import datetime
from typing import Any

from django.db import transaction

from cpm.models import PRIMARY_KEY
from cpm.models.program_events import ProgramEvent
from integration.seam import clock, extracts
from integration.seam.delivery import NotYet
from integration.seam.loads import Partition, begin_load, count_part
from integration.seam.messages import DeviceOutcome, DeviceReservation, Receipt
from integration.seam.models import Delivery, Message
from integration.seam.nudges import tell_pages
from integration.seam.recorded import ALREADY_LOADED, UNRESERVED, recorded
from integration.seam.systems import System

from ..choices import ProgramEventState
from ..set_operations import (
    add_unreserved,
    clear_left,
    count_participations,
    load_outcome_rows,
    load_participations,
    outcome_partition,
    participation_partition,
    refuse_unknown_devices,
)

STAGE_CANCELED = recorded("the stage was canceled; nothing is loaded")
OUTCOMES_LOADED = recorded("the outcomes are already loaded")

COUNTERS = ["participations", "reserved", "closed", "outcomes", "reduction_w"]


def prepare_reservations(message: Message) -> None:
    """Create the table for a program event's participations. Raises NotYet while the program event is not known."""
    program_event = _lock(message)
    if not _was_called_off(program_event) and program_event.reservations_loaded_at is None:
        _prepare(message, participation_partition(program_event))


def prepare_outcomes(message: Message) -> None:
    """Create the table for a program event's outcomes. Raises NotYet while its participations are not loaded."""
    program_event = _lock(message)
    if program_event.reservations_loaded_at is None:
        if not _reservations_were_declined(program_event):
            raise NotYet("the reservations are not loaded yet")
        take_in_nothing(program_event, clock.now())
    if program_event.outcomes_loaded_at is None:
        _prepare(message, outcome_partition(program_event))


@transaction.atomic
def load_reservations(delivery: Delivery, body: DeviceReservation, *, now: datetime) -> Receipt:
    """Load one part; after the last one every reserved device has its participation."""
    program_event = ProgramEvent.objects.get(stage_uid=body.stage_uid)
    if _was_called_off(program_event):
        return Receipt(applied=0, note=STAGE_CANCELED())
    if program_event.reservations_loaded_at:
        return Receipt(applied=0, note=ALREADY_LOADED())
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1)
    applied = load_participations(program_event, staged)
    refused = _refuse_unknown(delivery, program_event, staged, applied)
    load = count_part(delivery, applied=applied, refused=refused)
    tell_pages(program_event.event_number)
    if load.finished_at:
        program_event = _lock(delivery.message)
        partition = participation_partition(program_event)
        partition.finish(PRIMARY_KEY)
        program_event.participations = load.applied
        program_event.reserved = load.applied - clear_left(program_event)
        program_event.reservations_loaded_at = now
        program_event.save(update_fields=["participations", "reserved", "reservations_loaded_at"])
        partition.attach()
    return Receipt(status="ERROR" if refused else "SUCCESS", applied=applied, refused=refused)


@transaction.atomic
def load_outcomes(delivery: Delivery, body: DeviceOutcome, *, now: datetime) -> Receipt:
    """Load one part; after the last one every participation is Closed."""
    program_event = ProgramEvent.objects.get(stage_uid=body.stage_uid)
    if program_event.outcomes_loaded_at:
        return Receipt(applied=0, note=OUTCOMES_LOADED())
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1)
    applied = load_outcome_rows(program_event, staged)
    refused = _refuse_unknown(delivery, program_event, staged, applied)
    unreserved = 0
    tell_pages(program_event.event_number)
    if count_part(delivery, applied=applied, refused=refused).finished_at:
        _attach(outcome_partition(program_event))
        unreserved = add_unreserved(delivery, program_event)
        save_counts(_lock(delivery.message), outcomes_loaded_at=now)
    note = UNRESERVED(count=unreserved) if unreserved else ""
    return Receipt(status="ERROR" if refused else "SUCCESS", applied=applied, refused=refused, note=note)


def _refuse_unknown(delivery: Delivery, program_event: ProgramEvent, staged: extracts.Staged, applied: int) -> int:
    """Each row has at most one device, so there are no unknown devices if all rows were applied."""
    return 0 if applied == staged.rows else refuse_unknown_devices(delivery, program_event, staged.table)


def _prepare(message: Message, partition: Partition) -> None:
    partition.create()
    begin_load(message, receiver=System.CPM, table=partition.table)


def _reservations_were_declined(program_event: ProgramEvent) -> bool:
    """Whether it was canceled when its reservations arrived: they were not loaded, and will not come again."""
    awaited = Delivery.objects.filter(
        message__stage_uid=program_event.stage_uid,
        message__kind=DeviceReservation.kind,
        receiver=System.CPM,
        delivered_at=None,
        discarded_at=None,
    )
    return program_event.state == ProgramEventState.CANCELED and not awaited.exists()


def take_in_nothing(program_event: ProgramEvent, now: datetime) -> None:
    """Attach an empty table: the reservations were declined, or each call of a DERMS from outside adds some.

    The caller holds the program event's lock, and so for the others below.
    """
    _attach_empty(participation_partition(program_event))
    program_event.reservations_loaded_at = now
    program_event.save(update_fields=["reservations_loaded_at"])


def attach_empty_outcomes(program_event: ProgramEvent, now: datetime) -> None:
    """Attach an empty table of outcomes: each call of a DERMS from outside adds some."""
    _attach_empty(outcome_partition(program_event))
    program_event.outcomes_loaded_at = now
    program_event.save(update_fields=["outcomes_loaded_at"])


def save_counts(program_event: ProgramEvent, **more: Any) -> None:
    """Count participations and outcomes again, and save the counters with further fields."""
    for name, value in {**count_participations(program_event), **more}.items():
        setattr(program_event, name, value)
    program_event.save(update_fields=[*COUNTERS, *more])


def _attach_empty(partition: Partition) -> None:
    partition.create()
    _attach(partition)


def _attach(partition: Partition) -> None:
    partition.finish(PRIMARY_KEY)
    partition.attach()


def _was_called_off(program_event: ProgramEvent) -> bool:
    """Whether it was canceled before it started: then no device takes part."""
    return program_event.state == ProgramEventState.CANCELED and program_event.started_at is None


def _lock(message: Message) -> ProgramEvent:
    found = ProgramEvent.objects.select_for_update(no_key=True).filter(stage_uid=message.stage).first()
    if found is None:
        raise NotYet("the stage is not known yet")
    return found
