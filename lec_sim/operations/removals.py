"""Devices that leave a stage before its end."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from integration.seam import outbox
from integration.seam.delivery import receiving
from integration.seam.messages import LEFT, DeviceRemoval, Receipt, RemovalAnswer, RemovalWord
from integration.seam.systems import System

from ..choices import PENDING, UNCONFIRMED, StageState
from ..drivers import driver_of
from ..models import LecStage, Removal
from .locks import lock_stage, lock_stage_if_known


@receiving
def remove_device(body: DeviceRemoval, *, now: datetime) -> Receipt:
    """Exclude a device from a stage, release it if it was called, or answer that it is too late.

    Starting a stage and accepting a removal both lock the stage's row first; the first to get the lock wins. A removal
    that arrives before the stage is known is accepted too: nothing can have been called. A device may have to leave for
    several reasons; what was too late for one may be accepted for the next, and an accepted removal stays. If the head
    end has to read first that the device leaves, DERMS is answered when it has: `confirm_removals`.
    """
    stage = lock_stage_if_known(body.stage_uid)
    device: dict[str, Any] = {"stage_uid": body.stage_uid, "head_end": body.head_end, "nic_id": body.nic_id}
    removal = Removal.objects.filter(**device).first()
    answer = _answer(stage, removal, body.reason)
    if removal is None or (not removal.has_left and answer in LEFT):
        # The holder of the row's lock may have called the device later than this moment.
        at = max(now, (stage and stage.calls_made_at) or now)
        fields: dict[str, Any] = {"reason": body.reason, "answer": answer, "at": at}
        if answer in LEFT and not _is_settled(stage, body, now):
            before = removal.awaiting if removal and removal.answer == PENDING else []
            fields |= {"answer": PENDING, "awaiting": [*before, *({body.reason} - set(before))]}
        removal, _ = Removal.objects.update_or_create(**device, defaults=fields)
    if removal.answer != PENDING or answer not in LEFT:
        at = stage.started_at if stage and stage.started_at and answer not in LEFT else removal.at
        _say(removal, body.reason, answer, at)
    return Receipt()


@transaction.atomic
def confirm_removals(removal_ids: Collection[int], *, now: datetime) -> None:
    """Answer pending removals, by their ids: their head ends have read that the devices leave."""
    pending = Removal.objects.filter(pk__in=removal_ids, answer=PENDING)
    uids = set(pending.values_list("stage_uid", flat=True))
    for stage_id in LecStage.objects.filter(stage_uid__in=uids).order_by("pk").values_list("pk", flat=True):
        stage = lock_stage(stage_id)
        settle_removals(stage, pending.filter(stage_uid=stage.stage_uid), now)


def settle_removals(stage: LecStage, pending: Iterable[Removal], now: datetime) -> None:
    """Answer pending removals of a locked stage as having succeeded."""
    for removal in pending:
        answers = {reason: _answer(stage, None, reason) for reason in removal.awaiting}
        removal.answer = next((one for one in answers.values() if one in LEFT), UNCONFIRMED)
        removal.at = now
        for reason, answer in answers.items():
            _say(removal, reason, answer, now if answer in LEFT else stage.started_at or now)
        removal.awaiting = []
        removal.save(update_fields=["answer", "at", "awaiting"])


def give_up_removals(stage: LecStage, now: datetime) -> int:
    """Answer pending removals of a locked stage, whose head ends haven't read them, as unconfirmed; returns how many.

    The devices are called: nobody can know that they aren't.
    """
    pending = list(Removal.objects.filter(stage_uid=stage.stage_uid, answer=PENDING).order_by("pk"))
    for removal in pending:
        for reason in removal.awaiting:
            _say(removal, reason, "too late", stage.started_at or now, is_unconfirmed=True)
        removal.answer, removal.at, removal.awaiting = UNCONFIRMED, now, []
        removal.save(update_fields=["answer", "at", "awaiting"])
    return len(pending)


def _is_settled(stage: LecStage | None, body: DeviceRemoval, now: datetime) -> bool:
    """Whether the device has certainly left when the head end was told."""
    driver = driver_of(body.head_end) if stage and stage.reservations_loaded_at else None
    return not (stage and driver) or driver.withdraw(stage, head_end=body.head_end, nic_ids=[body.nic_id], now=now)


def _answer(stage: LecStage | None, before: Removal | None, reason: str) -> RemovalWord:
    """An opt-out is only accepted before the start; an unavailable customer's device may also leave a running stage."""
    if stage is None or stage.started_at is None or (before and before.answer == "removed"):
        return "removed"
    is_out = stage.state == StageState.IN_PROGRESS or (before and before.answer == "released")
    return "released" if is_out and reason == "customer unavailable" else "too late"


def _say(removal: Removal, reason: str, answer: RemovalWord, at: datetime, *, is_unconfirmed: bool = False) -> None:
    device = {"stage_uid": removal.stage_uid, "head_end": removal.head_end, "nic_id": removal.nic_id}
    said = {**device, "reason": reason, "answer": answer, "at": at, "is_unconfirmed": is_unconfirmed}
    outbox.send(RemovalAnswer.model_validate(said), sender=System.LEC)
