"""Doing a piece of work exactly once, however often and by whomever it is asked for.

    (a) claim       lock the row where it is open and its attempt is the caller's; count the attempt; commit
    (b) do and mark lock it again, call, store the receipt: one transaction with whatever the receiver writes
    (c) on failure  note the error and the next due time

The lock held through (b) is the lease: the scheduler skips locked rows, so a row that is due again and not locked
belongs to a process that died. Ten copies of a task cost one attempt; a message that kills its process still runs out.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils.module_loading import import_string

from . import clock
from .alerts import close_alert, raise_alert
from .messages import Receipt
from .models import BULK, SMALL, Alert, Delivery, DueWork, Message, Work
from .routes import DUE, ROUTES, Route

log = logging.getLogger(__name__)
W = TypeVar("W", Delivery, DueWork)

MOST_ATTEMPTS = 12
LEASE = {SMALL: timedelta(seconds=2), BULK: timedelta(seconds=5)}
NOT_YET_PAUSE = timedelta(seconds=0.5)
NOT_YET_PATIENCE = timedelta(minutes=15)


class NotYet(Exception):
    """What the message needs is not there yet; it costs no attempt and is tried again shortly."""


def deliver(delivery_id: int, attempt: int) -> None:
    """Hand one message (or part) to its receiver, if nobody else has taken this attempt."""
    _perform(Delivery, delivery_id, attempt, act=_act_on_delivery, prepare=_prepare_delivery)


def run_due(work_id: int, attempt: int) -> None:
    """Do one thing the clock started, if nobody else has taken this attempt."""
    _perform(DueWork, work_id, attempt, act=_act_on_due_work)


def retry_delivery(*, delivery_id: int) -> None:
    """Give a dead letter all its attempts again. Does nothing where it is not dead any more."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
        if delivery.dead_at and not delivery.discarded_at:
            delivery.given_back, delivery.dead_at, delivery.due_at = delivery.attempt, None, clock.now()
            delivery.save(update_fields=["given_back", "dead_at", "due_at"])
            close_alert(_dead_key(delivery))


def discard_delivery(*, delivery_id: int, by: str, reason: str) -> None:
    """Give a dead letter up for good, with a name and a reason."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
        if delivery.dead_at and not delivery.discarded_at:
            delivery.discarded_at, delivery.discarded_by, delivery.discard_reason = clock.now(), by, reason
            delivery.save(update_fields=["discarded_at", "discarded_by", "discard_reason"])
            close_alert(_dead_key(delivery), by=by)


def retry_due_work(*, work_id: int) -> None:
    """Give work the clock started all its attempts again."""
    with transaction.atomic():
        work = DueWork.objects.select_for_update(no_key=True).filter(pk=work_id, dead_at__isnull=False).first()
        if work:
            work.given_back, work.dead_at, work.due_at = work.attempt, None, clock.now()
            work.save(update_fields=["given_back", "dead_at", "due_at"])
            close_alert(_dead_key(work))


def _perform(
    model: type[W], pk: int, attempt: int, *, act: Callable[[W], None], prepare: Callable[[W], None] | None = None
) -> None:
    claimed = _claim(model, pk, attempt)
    if claimed is None:
        return
    try:
        if prepare and claimed.queue == BULK:
            with transaction.atomic():
                if work := _locked(model, pk, attempt + 1):
                    prepare(work)
        with transaction.atomic():
            if work := _locked(model, pk, attempt + 1):
                act(work)
    except NotYet as wait:
        why = str(wait)
        _note(model, pk, attempt + 1, lambda work: _give_back(work, why))
    except Exception as problem:  # noqa: BLE001  (whatever a receiver raises is noted on the row and tried again)
        log.warning("%s %s, attempt %s: %s", model.__name__, pk, attempt + 1, type(problem).__name__)
        text = f"{type(problem).__name__}: {problem}"
        _note(model, pk, attempt + 1, lambda work: _try_again(work, text))


def _locked(model: type[W], pk: int, attempt: int, *, wait: bool = True) -> W | None:
    """The row where it is still open at this attempt.

    Whoever claimed an attempt waits for the lock: one who only came too late to claim it may hold it for a moment.
    """
    rows = model._default_manager.select_for_update(skip_locked=not wait, no_key=True, of=("self",))
    return rows.filter(model.OPEN, pk=pk, attempt=attempt).first()


def _claim(model: type[W], pk: int, attempt: int) -> W | None:
    with transaction.atomic():
        work = _locked(model, pk, attempt, wait=False)
        if work is None:
            return None
        if work.attempt - work.given_back >= MOST_ATTEMPTS:
            _bury(work, clock.now())
            return None
        work.attempt, work.due_at = attempt + 1, clock.now() + LEASE[work.queue]
        work.save(update_fields=["attempt", "due_at"])
    return work


def _note(model: type[W], pk: int, attempt: int, write: Callable[[W], None]) -> None:
    with transaction.atomic():
        if work := _locked(model, pk, attempt):
            write(work)


def _prepare_delivery(delivery: Delivery) -> None:
    """Let a bulk receiver make its table, in a transaction of its own: other parts of the extract must see it."""
    route = _route(delivery)
    if route.prepare:
        import_string(route.prepare)(delivery.message)


def _act_on_delivery(delivery: Delivery) -> None:
    route = _route(delivery)
    _one_subject_at_a_time(delivery)
    handler: Callable[..., Receipt] = import_string(route.handler)
    receipt = handler(delivery.message.body) if route.queue == SMALL else handler(delivery)
    if delivery.not_yet_since:
        close_alert(_waiting_key(delivery))
    delivery.receipt, delivery.delivered_at = receipt.model_dump(mode="json"), clock.now()
    delivery.error, delivery.not_yet_since = "", None
    delivery.save(update_fields=["receipt", "delivered_at", "error", "not_yet_since"])


def _act_on_due_work(work: DueWork) -> None:
    operation: Callable[..., Any] = import_string(DUE[work.name].operation)
    operation(work.object_id, now=clock.now())
    if work.not_yet_since:
        close_alert(_waiting_key(work))
    work.delete()


def _one_subject_at_a_time(delivery: Delivery) -> None:
    """Parts of one extract may load side by side; small messages about one subject may not."""
    if delivery.queue == SMALL:
        with connection.cursor() as cursor:
            key = f"{delivery.receiver}|{delivery.message.subject}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _route(delivery: Delivery) -> Route:
    return next(r for r in ROUTES[delivery.message.kind] if r.receiver == delivery.receiver)


def _give_back(work: Work, why: str) -> None:
    now = clock.now()
    work.given_back, work.due_at = work.given_back + 1, now + NOT_YET_PAUSE
    work.not_yet_since, work.error = work.not_yet_since or now, f"Not yet: {why}"
    work.save(update_fields=["given_back", "due_at", "not_yet_since", "error"])
    if now - work.not_yet_since > NOT_YET_PATIENCE:
        minutes = int((now - work.not_yet_since).total_seconds() // 60)
        _alert(work, _waiting_key(work), Alert.WARNING, f"“{work}” has waited {minutes} min: {why}")


def _try_again(work: Work, error: str) -> None:
    """Next time after 0.5 s, doubling to 8 s, give or take a quarter; dead after the last attempt."""
    now = clock.now()
    tries = work.attempt - work.given_back
    pause = min(0.5 * 2 ** (tries - 1), 8) * random.uniform(0.75, 1.25)  # noqa: S311  (spreads load, keeps no secret)
    work.error, work.due_at = error[:4000], now + timedelta(seconds=pause)
    work.save(update_fields=["error", "due_at"])
    if tries >= MOST_ATTEMPTS:
        _bury(work, now)


def _bury(work: Work, now: datetime) -> None:
    work.dead_at = now
    work.error = work.error or "The process that did this work died each time."
    work.save(update_fields=["dead_at", "error"])
    text = f"“{work}” failed {MOST_ATTEMPTS} times and was set aside: {work.error[:300]} Retry it, or discard it."
    _alert(work, _dead_key(work), Alert.CRITICAL, text)


def _alert(work: Work, key: str, severity: str, text: str) -> None:
    message = work.message if isinstance(work, Delivery) else Message()
    raise_alert(
        key, kind="message", severity=severity, text=text, event_uid=message.event_uid, stage_uid=message.stage_uid
    )


def _dead_key(work: Work) -> str:
    return f"dead:{work._meta.model_name}:{work.pk}"


def _waiting_key(work: Work) -> str:
    return f"waiting:{work._meta.model_name}:{work.pk}"
