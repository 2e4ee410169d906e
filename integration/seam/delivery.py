"""Doing a piece of work exactly once, however often and by whomever it is asked for.

    (a) claim       lock the row where it is open and its attempt is the caller's; count the attempt; commit;
                    small messages about different subjects are claimed in one go, and the rest is done one by one
    (b) do and mark lock it again, call, store the receipt: one transaction with whatever the receiver writes
    (c) on failure  note the error and the next due time

The lock held through (b) is the lease: the scheduler skips locked rows, so a row that is due again and not locked
belongs to a process that died. Ten copies of a task cost one attempt; a message that kills its process still runs out.
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
from .alerts import close_alert, raise_alert
from .messages import NewerMessage, Receipt, check_kind
from .models import BULK, SMALL, Alert, Delivery, DueWork, Message, Work
from .routes import DUE, EVERY, ROUTES, Route
from .sql import compose, identifier

log = logging.getLogger(__name__)
W = TypeVar("W", Delivery, DueWork)

MOST_ATTEMPTS = 12
# What one or two failures cost is over within seconds, before anybody could look.
TRIES_WORTH_TELLING = 3
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
# Every message pays for a question to the server, so the lock of its subject is asked for with that of its row.
_HOLD = """
WITH held AS (SELECT id FROM {table} WHERE id = %(id)s AND attempt = %(attempt)s AND {open} FOR NO KEY UPDATE)
SELECT %(subject)s::text IS NULL OR pg_advisory_xact_lock(hashtextextended(%(subject)s, 0)) IS NULL FROM held
"""
# Receivers' operations: what one raises ends the whole transaction of the delivery, so that it needs no savepoint.
receiving = transaction.atomic(savepoint=False)
_MARK = """
UPDATE integration_delivery SET receipt = %s, delivered_at = clock_timestamp(), error = '', not_yet_since = NULL
 WHERE id = %s
"""
NOT_YET_PAUSE = timedelta(seconds=0.5)
NOT_YET_PATIENCE = timedelta(minutes=15)


class NotYet(Exception):
    """What the message needs is not there yet; it costs no attempt and is tried again shortly."""


def deliver(delivery_id: int, attempt: int) -> None:
    """Hand one message (or part) to its receiver, if nobody else has taken this attempt."""
    deliver_all([(delivery_id, attempt)])


def deliver_all(wanted: Iterable[tuple[int, int]]) -> None:
    """Hand messages to their receivers one after the other, each in a transaction of its own.

    One that fails holds up none of the others; one that kills the process costs the others this attempt.
    """
    for delivery in _claim(Delivery, wanted):
        _perform(delivery, _act_on_delivery, _prepare_delivery)


def run_due(work_id: int, attempt: int) -> None:
    """Do one thing the clock started, if nobody else has taken this attempt."""
    for work in _claim(DueWork, [(work_id, attempt)]):
        _perform(work, _act_on_due_work)


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


def _perform(work: W, act: Callable[[W], None], prepare: Callable[[W], None] | None = None) -> None:
    """Act on claimed work, in one transaction with its mark; what goes wrong is noted on the row."""
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
        _note(work, partial(_give_back, why=str(wait)))
    except Exception as problem:  # noqa: BLE001  (whatever a receiver raises is noted on the row and tried again)
        log.warning("%s %s, attempt %s: %s", type(work).__name__, work.pk, work.attempt, type(problem).__name__)
        _note(work, partial(_try_again, error=f"{type(problem).__name__}: {problem}"))


def _claim(model: type[W], wanted: Iterable[tuple[int, int]]) -> list[W]:
    """Count these attempts, those that nobody has taken, and give their rows, the oldest first.

    A row that has had all its attempts is buried instead. One statement for all, which commits by itself: every
    message pays for it.
    """
    table, keys = model._meta.db_table, tuple(wanted)
    if not keys:
        return []
    claim = compose(_CLAIM, table=identifier(table), open=OPEN[table])
    has_tries: dict[int, bool] = dict(sql.rows(claim, {"keys": keys, "most": MOST_ATTEMPTS}))
    rows: Any = model._default_manager.filter(pk__in=has_tries).order_by("pk")
    found: list[W] = list(rows.select_related("message") if model is Delivery else rows)
    for work in found:
        if not has_tries[work.pk]:
            _note(work, lambda row: _bury(row, clock.now()))
    return [work for work in found if has_tries[work.pk]]


def _is_held(work: Work, *, subject: str | None = None) -> bool:
    """Lock the row, and then the subject; whether it is still open at this attempt, which then nobody else can end.

    Whoever claimed an attempt waits for the lock: one who only came too late to claim it may hold it for a moment.
    """
    table = work._meta.db_table
    hold = compose(_HOLD, table=identifier(table), open=OPEN[table])
    return bool(sql.rows(hold, {"id": work.pk, "attempt": work.attempt, "subject": subject}))


def _note(work: Work, write: Callable[[Work], None]) -> None:
    with transaction.atomic():
        if _is_held(work):
            write(work)


def _prepare_delivery(delivery: Delivery) -> None:
    """Let a bulk receiver make its table, in a transaction of its own: other parts of the extract must see it."""
    route = _route(delivery)
    if route.prepare:
        import_string(route.prepare)(delivery.message)


def _act_on_delivery(delivery: Delivery) -> None:
    route = _route(delivery)
    bind_contextvars(kind=delivery.message.kind, event_number=delivery.message.payload.get("event_number"))
    handler: Callable[..., Receipt] = import_string(route.handler)
    receipt = handler(delivery.message.body) if route.queue == SMALL else handler(delivery)
    _close_alerts(delivery)
    sql.execute(_MARK, [receipt.model_dump_json(), delivery.pk])


def _act_on_due_work(work: DueWork) -> None:
    every = EVERY.get(work.name)
    operation: Callable[..., Any] = import_string((every or DUE[work.name]).operation)
    operation(*([] if every else [work.object_id]), now=clock.now())
    _close_alerts(work)
    work.delete()


def _close_alerts(work: Work) -> None:
    """What was told of work that is done now needs nobody any more."""
    if work.not_yet_since:
        close_alert(_waiting_key(work))
    if work.attempt - work.given_back > TRIES_WORTH_TELLING:
        close_alert(_trying_key(work))


def _one_at_a_time(work: Work) -> str | None:
    """What work is done one by one for: a subject of small messages. Parts of an extract load side by side."""
    if isinstance(work, Delivery) and work.queue == SMALL:
        return f"{work.receiver}|{work.message.subject}"
    return None


def _route(delivery: Delivery) -> Route:
    message = delivery.message
    check_kind(message.kind, message.version)
    return next(r for r in ROUTES[message.kind] if r.receiver == delivery.receiver)


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
    elif tries >= TRIES_WORTH_TELLING:
        text = f"“{work}” failed {tries} of {MOST_ATTEMPTS} times and is tried again by itself: {work.error[:300]}"
        _alert(work, _trying_key(work), Alert.WARNING, text)


def _bury(work: Work, now: datetime) -> None:
    work.dead_at = now
    work.error = work.error or "The process that did this work died each time."
    work.save(update_fields=["dead_at", "error"])
    close_alert(_trying_key(work))
    text = f"“{work}” failed {MOST_ATTEMPTS} times and was set aside: {work.error[:300]} Retry it, or discard it."
    _alert(work, _dead_key(work), Alert.CRITICAL, text)


def _alert(work: Work, key: str, severity: str, text: str) -> None:
    message = work.message if isinstance(work, Delivery) else Message()
    raise_alert(
        key, kind="message", severity=severity, text=text, event_uid=message.event_uid, stage_uid=message.stage_uid
    )


def _dead_key(work: Work) -> str:
    return f"dead:{work._meta.model_name}:{work.pk}"


def _trying_key(work: Work) -> str:
    return f"trying:{work._meta.model_name}:{work.pk}"


def _waiting_key(work: Work) -> str:
    return f"waiting:{work._meta.model_name}:{work.pk}"
