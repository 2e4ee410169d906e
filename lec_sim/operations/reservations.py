"""Load the devices that a stage may call."""

from datetime import datetime

from django.db import transaction

from integration.seam import extracts
from integration.seam.loads import Partition, begin_load, count_part
from integration.seam.messages import DeviceReservation, Receipt
from integration.seam.models import Delivery, Message
from integration.seam.nudges import tell_pages
from integration.seam.recorded import ALREADY_LOADED, recorded
from integration.seam.systems import System

from ..choices import FINAL_STATES
from ..drivers import drivers_in_use
from ..models import PRIMARY_KEY, LecStage
from .late import close_late_alert
from .locks import lock_stage_of

NOTHING_LOADED = recorded("the stage is %(state)s; nothing is loaded")


def prepare_reservations(message: Message) -> None:
    """Create the table for a stage's reservations. Raises NotYet while the stage is not known."""
    stage = lock_stage_of(message)
    if stage.state not in FINAL_STATES and stage.reservations_loaded_at is None:
        partition = _partition(stage)
        partition.create()
        begin_load(message, receiver=System.LEC, table=partition.table)


@transaction.atomic
def load_reservations(delivery: Delivery, body: DeviceReservation, *, now: datetime) -> Receipt:
    """Load one part; after the last one the stage may start."""
    stage = LecStage.objects.get(stage_uid=body.stage_uid)
    if stage.state in FINAL_STATES:
        return Receipt(applied=0, note=NOTHING_LOADED(state=stage.state))
    if stage.reservations_loaded_at:
        return Receipt(applied=0, note=ALREADY_LOADED())
    partition = _partition(stage)
    applied = extracts.copy_part(body.extract, kind=body.kind, part=delivery.part or 1, into=partition.table)
    load = count_part(delivery, applied=applied, refused=0)
    tell_pages(stage.event_number)
    if load.finished_at:
        partition.finish(PRIMARY_KEY)
        partition.attach()
        stage = lock_stage_of(delivery.message)
        stage.reserved, stage.reservations_loaded_at = load.applied, now
        stage.save(update_fields=["reserved", "reservations_loaded_at"])
        close_late_alert(stage)
        for driver in drivers_in_use():
            driver.publish(stage, now=now)
    return Receipt(applied=applied)


def _partition(stage: LecStage) -> Partition:
    return Partition("lec_reservation", "stage_id", stage.pk)
