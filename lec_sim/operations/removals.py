"""Devices that leave a stage before its end."""

from datetime import datetime
from typing import Any

from integration.seam import outbox
from integration.seam.delivery import receiving
from integration.seam.messages import LEFT, DeviceRemoval, Receipt, RemovalAnswer, RemovalWord
from integration.seam.systems import System

from ..choices import StageState
from ..drivers import driver_of
from ..models import LecStage, Removal
from .locks import lock_stage_if_known


@receiving
def remove_device(body: DeviceRemoval, *, now: datetime) -> Receipt:
    """Exclude a device from a stage, release it if it was called, or answer that it is too late.

    Starting a stage and accepting a removal both lock the stage's row first; the first to get the lock wins. A removal
    that arrives before the stage is known is accepted too: nothing can have been called. A device may have to leave for
    several reasons; what was too late for one may be accepted for the next, and an accepted removal stays.
    """
    stage = lock_stage_if_known(body.stage_uid)
    device: dict[str, Any] = {"stage_uid": body.stage_uid, "head_end": body.head_end, "nic_id": body.nic_id}
    removal = Removal.objects.filter(**device).first()
    answer = _answer(stage, removal, body)
    if removal is None or (not removal.has_left and answer in LEFT):
        # The holder of the row's lock may have called the device later than this moment.
        at = max(now, (stage and stage.calls_made_at) or now)
        removal, _ = Removal.objects.update_or_create(
            **device, defaults={"reason": body.reason, "answer": answer, "at": at}
        )
        if answer in LEFT and stage and stage.reservations_loaded_at and (driver := driver_of(body.head_end)):
            driver.withdraw(stage, head_end=body.head_end, nic_id=body.nic_id, now=now)
    at = stage.started_at if stage and stage.started_at and answer not in LEFT else removal.at
    outbox.send(RemovalAnswer.model_validate({**body.model_dump(), "answer": answer, "at": at}), sender=System.LEC)
    return Receipt()


def _answer(stage: LecStage | None, before: Removal | None, body: DeviceRemoval) -> RemovalWord:
    """An opt-out is only accepted before the start; an unavailable customer's device may also leave a running stage."""
    if stage is None or stage.started_at is None or (before and before.answer == "removed"):
        return "removed"
    is_out = stage.state == StageState.IN_PROGRESS or (before and before.answer == "released")
    return "released" if is_out and body.reason == "customer unavailable" else "too late"
