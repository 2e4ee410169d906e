"""Apply each message, and do each piece of due work, exactly once, however often it is attempted.

    (a) claim       lock the row if it is open and still at the caller's attempt; count the attempt; commit.
                    Small messages are claimed together and then applied one by one
    (b) act, mark   lock the row again, call the receiver, store the receipt: one transaction with the receiver's writes
    (c) on failure  store the error and the time of the next attempt

The lock held through (b) is the lease: schedulers skip locked rows, so a row that is due again and not locked belongs
to a process that died. Ten copies of a task use up one attempt; a message that crashes its process still runs out of
attempts.
"""

import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.utils.module_loading import import_string
from structlog.contextvars import bind_contextvars, clear_contextvars

from . import clock, sql
from .alerts import close_alert
from .logs import bind_event
from .messages import MessageRefused, NewerMessage, Receipt, check_kind
from .models import BULK, SMALL, Delivery, DueWork, Work
from .routes import DUE, EVERY, FROM_EXTERNAL_DERMS, ROUTES, SENDERS, TO_EXTERNAL_CPM, Route
from .sql import compose, identifier
from .systems import Outside, label_of
from .work_alerts import (
    alert_of_dead,
    alert_of_failure,
    alert_of_refused,
    alert_of_waiting,
    close_alerts_of_done,
    dead_key,
)

log = logging.getLogger(__name__)
W = TypeVar("W", Delivery, DueWork)

ATTEMPTS = 12
OPEN = {
    Delivery._meta.db_table: compose("delivered_at IS NULL AND dead_at IS NULL AND discarded_at IS NULL"),
    DueWork._meta.db_table: compose("dead_at IS NULL"),
}
_CLAIM = """
WITH taken AS (
    SELECT id, attempt - given_back < %(most)s AS has_tries
      FROM {table} WHERE (id, attempt) IN %(keys)s AND {open} FOR NO KEY UPDATE SKIP LOCKED)
UPDATE {table} work
   SET attempt = attempt + has_tries::int,
       due_at = clock_timestamp() + CASE queue WHEN 'small' THEN interval '2 s' ELSE interval '5 s' END
  FROM taken WHERE work.id = taken.id
RETURNING work.id, has_tries
"""
# Every message pays for each round trip, so one query locks both its row and its subject.
_HOLD = """
WITH held AS (SELECT id FROM {table} WHERE id = %(id)s AND attempt = %(attempt)s AND {open} FOR NO KEY UPDATE)
SELECT %(subject)s::text IS NULL OR pg_advisory_xact_lock(hashtextextended(%(subject)s, 0)) IS NULL FROM held
"""
# For receivers' operations. They need no savepoint: an exception rolls back the whole delivery.
receiving = transaction.atomic(savepoint=False)
_MARK = """
UPDATE integration_delivery SET receipt = %s, delivered_at = clock_timestamp(), error = '', not_yet_since = NULL
 WHERE id = %s
"""
NOT_YET_PAUSE = timedelta(seconds=0.5)
NOT_YET_PATIENCE = timedelta(minutes=15)


class NotYet(Exception):
    """What the message needs is not there yet; no attempt is used up, and it is retried after a pause."""

    def __init__(self, why: str, *, pause: timedelta = NOT_YET_PAUSE) -> None:
        super().__init__(why)
        self.pause = pause


def deliver(delivery_id: int, attempt: int) -> None:
    """Apply one message (or part) at its receiver, unless this attempt is already claimed."""
    deliver_all([(delivery_id, attempt)])


def deliver_all(wanted: Iterable[tuple[int, int]]) -> None:
    """Apply messages at their receivers one after the other, each in its own transaction.

    One that fails does not hold up the others; one that crashes the process costs the others this attempt.
    """
    for delivery in _claim(Delivery, wanted):
        _perform(delivery, _act_on_delivery, _prepare_delivery)


def run_due(work_id: int, attempt: int) -> None:
    """Do one piece of due work, unless this attempt is already claimed."""
    for work in _claim(DueWork, [(work_id, attempt)]):
        _perform(work, _act_on_due_work)


def retry_delivery(*, delivery_id: int) -> None:
    """Make a dead letter due again, with all its attempts. Does nothing if it is no longer dead."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
        if delivery.dead_at and not delivery.discarded_at:
            _revive(delivery)


def discard_delivery(*, delivery_id: int, by: str, reason: str) -> None:
    """Discard a dead letter for good, with a name and a reason."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
        if delivery.dead_at and not delivery.discarded_at:
            delivery.discarded_at, delivery.discarded_by, delivery.discard_reason = clock.now(), by, reason
            delivery.save(update_fields=["discarded_at", "discarded_by", "discard_reason"])
            close_alert(dead_key(delivery), by=by)


def retry_due_work(*, work_id: int) -> None:
    """Make due work that failed for good due again, with all its attempts."""
    with transaction.atomic():
        work = DueWork.objects.select_for_update(no_key=True).filter(pk=work_id, dead_at__isnull=False).first()
        if work:
            _revive(work)


def forget_due_work(*, name: str, object_id: int) -> None:
    """Remove due work that failed for good, with its alert: its object needs it no more."""
    with transaction.atomic():
        of_object = DueWork.objects.filter(name=name, object_id=object_id, dead_at__isnull=False)
        for work in of_object.select_for_update(no_key=True):
            close_alert(dead_key(work))
            work.delete()


def _perform(work: W, act: Callable[[W], None], prepare: Callable[[W], None] | None = None) -> None:
    """Act on claimed work and mark it in one transaction; store a failure on the row."""
    clear_contextvars()
    bind_contextvars(work=f"{type(work).__name__} {work.pk}")
    try:
        if prepare and work.queue == BULK:
            with transaction.atomic():
                if _is_held(work):
                    prepare(work)
        with transaction.atomic():
            if _is_held(work, subject=_one_at_a_time(work)):
                act(work)
    except (NotYet, NewerMessage) as wait:
        _note(work, partial(_give_back, why=str(wait), pause=getattr(wait, "pause", NOT_YET_PAUSE)))
    except Exception as problem:  # noqa: BLE001  (any failure is stored on the row and retried)
        log.warning("%s %s, attempt %s: %s", type(work).__name__, work.pk, work.attempt, type(problem).__name__)
        _note(work, partial(_try_again, error=f"{type(problem).__name__}: {problem}"))


def _claim(model: type[W], wanted: Iterable[tuple[int, int]]) -> list[W]:
    """Count those of these attempts that are not claimed yet, and return their rows, the oldest first.

    A row that has used up its attempts becomes a dead letter instead. All are claimed by one statement that commits by
    itself, because every message pays for it.
    """
    table, keys = model._meta.db_table, tuple(wanted)
    if not keys:
        return []
    claim = compose(_CLAIM, table=identifier(table), open=OPEN[table])
    has_tries: dict[int, bool] = dict(sql.rows(claim, {"keys": keys, "most": ATTEMPTS}))
    rows: Any = model._default_manager.filter(pk__in=has_tries).order_by("pk")
    found: list[W] = list(rows.select_related("message") if model is Delivery else rows)
    for work in found:
        if not has_tries[work.pk]:
            _note(work, lambda row: _bury(row, clock.now()))
    return [work for work in found if has_tries[work.pk]]


def _is_held(work: Work, *, subject: str | None = None) -> bool:
    """Lock the row, then the subject. Whether the row is still open at this attempt; if so, nobody else can end it.

    This waits for the lock: a process that was too late to claim the attempt may hold it for a moment.
    """
    table = work._meta.db_table
    hold = compose(_HOLD, table=identifier(table), open=OPEN[table])
    return bool(sql.rows(hold, {"id": work.pk, "attempt": work.attempt, "subject": subject}))


def _note(work: Work, write: Callable[[Work], None]) -> None:
    with transaction.atomic():
        if _is_held(work):
            write(work)


def _prepare_delivery(delivery: Delivery) -> None:
    """Let a bulk receiver create its table, in a separate transaction so that other parts of the extract see it."""
    route = _route(delivery)
    if route.prepare:
        import_string(route.prepare)(delivery.message)


def _act_on_delivery(delivery: Delivery) -> None:
    route = _route(delivery)
    bind_contextvars(kind=delivery.message.kind)
    bind_event(delivery.message.payload.get("event_number"))
    handler: Callable[..., Receipt] = import_string(route.handler)
    receipt = handler(delivery.message.body) if route.queue == SMALL else handler(delivery)
    close_alerts_of_done(delivery)
    if receipt.refused:
        alert_of_refused(delivery, receipt)
    sql.execute(_MARK, [receipt.model_dump_json(), delivery.pk])


def _act_on_due_work(work: DueWork) -> None:
    every = EVERY.get(work.name)
    operation: Callable[..., Any] = import_string((every or DUE[work.name]).operation)
    operation(*([] if every else [work.object_id]), now=clock.now())
    close_alerts_of_done(work)
    work.delete()


def _one_at_a_time(work: Work) -> str | None:
    """The key of work that is done one at a time: a small message's subject. Parts of an extract load in parallel."""
    if isinstance(work, Delivery) and work.queue == SMALL:
        return f"{work.receiver}|{work.message.subject}"
    return None


def _route(delivery: Delivery) -> Route:
    """Raises MessageRefused, also if the sender may not send this kind, and NewerMessage."""
    message = delivery.message
    check_kind(message.kind, message.version)
    is_dropped = message.sender == Outside.DERMS and message.kind in FROM_EXTERNAL_DERMS
    if message.sender != (sender := SENDERS[message.kind]) and not is_dropped:
        raise MessageRefused(f"“{message.kind}” came from {label_of(message.sender)}; only {sender.label} may send it.")
    external = TO_EXTERNAL_CPM.get(message.kind)
    routes = (*ROUTES[message.kind], external) if external else ROUTES[message.kind]
    return next(r for r in routes if r.receiver == delivery.receiver)


def _give_back(work: Work, why: str, pause: timedelta) -> None:
    now = clock.now()
    work.given_back, work.due_at = work.given_back + 1, now + pause
    work.not_yet_since, work.error = work.not_yet_since or now, f"Not yet: {why}"
    work.save(update_fields=["given_back", "due_at", "not_yet_since", "error"])
    if now - work.not_yet_since > NOT_YET_PATIENCE:
        alert_of_waiting(work, since=work.not_yet_since, now=now, why=why)


def _try_again(work: Work, error: str) -> None:
    """Retry after 0.5 s, doubling to 8 s, ± 25 %; a dead letter after the last attempt."""
    now = clock.now()
    tries = work.attempt - work.given_back
    pause = min(0.5 * 2 ** (tries - 1), 8) * random.uniform(0.75, 1.25)  # noqa: S311  (spreads load, is no secret)
    work.error, work.due_at = error[:4000], now + timedelta(seconds=pause)
    work.save(update_fields=["error", "due_at"])
    if tries >= ATTEMPTS:
        _bury(work, now)
    else:
        alert_of_failure(work, tries=tries, most=ATTEMPTS)


def _revive(work: Work) -> None:
    work.given_back, work.dead_at, work.due_at = work.attempt, None, clock.now()
    work.save(update_fields=["given_back", "dead_at", "due_at"])
    close_alert(dead_key(work))


def _bury(work: Work, now: datetime) -> None:
    work.dead_at = now
    work.error = work.error or "The process that did this work died each time."
    work.save(update_fields=["dead_at", "error"])
    alert_of_dead(work, most=ATTEMPTS)
