"""A stage that CPM knows, and an extract of its reservations on the way to CPM."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from cpm.operations import follow_stage
from integration.seam import extracts, outbox
from integration.seam.delivery import deliver
from integration.seam.messages import DeviceReservation, StageStatus
from integration.seam.models import Delivery, Extract, Message
from integration.seam.systems import System
from tests.messages.conftest import STATUS

ROWS = "SELECT 'HE1', 'N' || lpad(n::text, 7, '0'), 800 + n, 900 + n FROM generate_series(1, %(devices)s) n"


def known_stage(now: datetime, **fields: Any) -> UUID:
    """A stage in two hours that CPM knows; returns its uid."""
    window = {"starts_at": now + timedelta(hours=2), "ends_at": now + timedelta(hours=3)}
    values = {**STATUS.model_dump(), **window, "stage_uid": uuid4(), **fields}
    status = StageStatus.model_validate(values)
    follow_stage(status, now=now)
    return status.stage_uid


def written(devices: int, *, kind: str = "device_reservation", query: str = ROWS) -> Extract:
    return extracts.write_extract(kind=kind, query=query, params={"devices": devices})


def send(stage_uid: UUID, extract: Extract, **changed: Any) -> Message:
    """Send a message that names an extract of reservations, with some fields changed."""
    ref = extract.ref.model_copy(update=changed)
    with transaction.atomic():
        return outbox.send(DeviceReservation(stage_uid=stage_uid, extract=ref), sender=System.DERMS)


def load(message: Message, *, receiver: str = System.CPM) -> list[Delivery]:
    """Deliver each part of a message once; returns the deliveries afterwards."""
    parts = message.deliveries.filter(receiver=receiver).order_by("part")
    for delivery in parts:
        deliver(delivery.pk, delivery.attempt)
    return list(parts.all())


def loaded(stage_uid: UUID) -> int:
    """How many participations of a stage can be read; its counters must agree."""
    event = ProgramEvent.objects.get(stage_uid=stage_uid)
    rows = Participation.objects.filter(program_event_id=event.pk).count()
    assert rows == event.participations
    return rows


def part_file(root: Path, extract: Extract, part: int) -> Path:
    return next((root / str(extract.uid)).glob(f"part-{part:05}.csv*"))
