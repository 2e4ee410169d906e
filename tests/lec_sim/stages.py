"""Stages that LEC knows, with reservations, as if the messages about them had been applied."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection

from integration.seam.loads import Partition
from integration.seam.messages import StageStatus
from lec_sim.models import PRIMARY_KEY, LecStage
from lec_sim.operations import follow_stage
from tests.messages.conftest import STATUS

RESERVE = """
INSERT INTO {table} (stage_id, head_end, nic_id, expected_w, nominal_w)
SELECT %(stage)s, %(head_end)s, 'N' || lpad(n::text, 7, '0'), 100 + n %% 5000, 120 + n %% 5000
  FROM generate_series(1, %(devices)s) n
"""


def status(starts_at: datetime, **fields: Any) -> StageStatus:
    """A status message from DERMS about a new one-hour stage."""
    window = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1), "stage_uid": uuid4()}
    return StageStatus.model_validate({**STATUS.model_dump(), **window, **fields})


def known(starts_at: datetime, now: datetime, **fields: Any) -> LecStage:
    """A stage whose reservations have not arrived."""
    received = status(starts_at, **fields)
    follow_stage(received, now=now)
    return LecStage.objects.get(stage_uid=received.stage_uid)


def reserved(
    starts_at: datetime, now: datetime, *, head_ends: tuple[str, ...] = ("HE1",), devices: int = 20
) -> LecStage:
    """A stage that may call so many devices behind each head end."""
    stage = known(starts_at, now)
    partition = Partition("lec_reservation", "stage_id", stage.pk)
    partition.create()
    with connection.cursor() as cursor:
        for head_end in head_ends:
            params = {"stage": stage.pk, "head_end": head_end, "devices": devices}
            cursor.execute(RESERVE.format(table=partition.table), params)
    partition.finish(PRIMARY_KEY)
    partition.attach()
    stage.reserved, stage.reservations_loaded_at = devices * len(head_ends), now
    stage.save()
    return stage
