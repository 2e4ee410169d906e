"""The parts of one extract, loaded by one worker and by two, each time into a fresh stage at CPM."""

import uuid
from statistics import median

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.test import override_settings

from cpm.models.program_events import ProgramEvent
from derms.operations.scheduling import RESERVED_DEVICES
from integration.seam import extracts, outbox
from integration.seam.messages import DeviceReservation
from integration.seam.models import Delivery, Extract
from integration.seam.systems import System

from .copies import copy_row
from .crew import BenchFailed, Crew, crew_of
from .limits import timed
from .report import Row
from .steps import EventRun

PARTS, ROUNDS = 8, 3
GOAL = 1.3
FRESH = {
    "stage_uid": "gen_random_uuid()",
    "event_number": "'W' || upper(substr(md5(random()::text), 1, 12))",
    "state": "'Scheduled'",
    "started_at": "NULL",
    "participations": "0",
    "reserved": "0",
    "closed": "0",
    "outcomes": "'{}'",
    "reduction_w": "NULL",
    "reservations_loaded_at": "NULL",
    "outcomes_loaded_at": "NULL",
}


def measure(run: EventRun) -> Row:
    """How many times faster two workers load the parts than one: medians, measured in turn."""
    extract = _extract(run)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with crew_of(1) as one, crew_of(2) as two:
        for _ in range(ROUNDS):
            for crew in (one, two):
                seconds[crew.processes].append(_load(run, extract, crew))
    alone, together = median(seconds[1]), median(seconds[2])
    name = f"CPM: {PARTS} parts loaded by two workers, against one"
    return Row(name, extract.rows, together, alone, None, round(alone / together, 2), GOAL, True, " times")


def _extract(run: EventRun) -> Extract:
    part_rows = min(settings.EXTRACT_PART_ROWS, -(-run.stage.reserved // PARTS))
    with override_settings(EXTRACT_PART_ROWS=part_rows):
        return extracts.write_extract(
            kind=DeviceReservation.kind, query=RESERVED_DEVICES, params={"stage": run.stage.pk}
        )


def _load(run: EventRun, extract: Extract, crew: Crew) -> float:
    like = ProgramEvent.objects.get(stage_uid=run.stage.uid)
    fresh = ProgramEvent.objects.get(pk__in=copy_row(like, 1, FRESH))
    deliveries = _send(fresh.stage_uid, fresh.event_uid, extract)
    seconds = timed(lambda: crew.deliver(deliveries))
    fresh.refresh_from_db()
    if fresh.reserved != extract.rows:
        raise BenchFailed(f"{fresh.reserved} of {extract.rows} reservations were loaded.")
    return seconds


def _send(stage_uid: uuid.UUID, event_uid: uuid.UUID, extract: Extract) -> QuerySet[Delivery]:
    """Send the extract to CPM only."""
    body = DeviceReservation(stage_uid=stage_uid, extract=extract.ref)
    with transaction.atomic():
        message = outbox.send(body, sender=System.DERMS)
        message.deliveries.exclude(receiver=System.CPM).delete()
    return Delivery.objects.filter(message=message)
