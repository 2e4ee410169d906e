"""The loop that moves work: looks for due work every second, and at once when a message is sent.

Any number of schedulers run in parallel and none is special: rows are claimed with SKIP LOCKED. The loop itself only
claims; publishing and working happen in threads, so a broker that hangs holds up nothing.
"""

import logging
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils.module_loading import import_string

from . import clock, delivery, sql, tasks
from .models import SMALL, Delivery
from .outbox import BY_THE_CLOCK, CHANNEL
from .periodic import note_periodic_work
from .routes import DUE
from .sql import compose, identifier

log = logging.getLogger(__name__)

DELIVERIES = Delivery._meta.db_table
RUNNING_KEY = 815001  # the advisory lock that schedulers share; `up` and `journey` use it to see that one runs
LOOK_EVERY_S = 1.0
DATABASE_REST_S = 0.2  # short: a stage that comes due during an outage starts as soon as the database is back
BROKER_REST_S = 5.0
GATHER_S = 0.02  # messages sent within so short a time are claimed together
PUBLISHING_TAKES_S = 0.5
ROWS_AT_ONCE = 200
DELIVERIES_PER_TASK = 25

_CLAIM = """
WITH due AS (
    SELECT id, published_attempt IS NOT DISTINCT FROM attempt AND (attempt = given_back OR error <> '') AS untaken
      FROM {table} WHERE {open} AND due_at <= clock_timestamp()
     ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE {table} work
   SET published_attempt = attempt,
       due_at = clock_timestamp() + CASE queue WHEN 'small' THEN interval '1 s' ELSE interval '15 s' END
  FROM due WHERE work.id = due.id
RETURNING work.id, work.queue, work.attempt, due.untaken
"""
_NOTE_DUE = """
INSERT INTO integration_duework (name, object_id, queue, attempt, given_back, error)
SELECT %s, unnest(%s::bigint[]), %s, 0, 0, '' ON CONFLICT (name, object_id) DO NOTHING
"""


class Claimed(NamedTuple):
    """A piece of work that this scheduler has claimed.

    `untaken`: it was published before and no worker took it. Work that crashed its process (attempted, but no error was
    stored) does not count: it is only retried by workers, so it cannot take the scheduler down.
    """

    table: str
    id: int
    queue: str
    attempt: int
    untaken: bool


def claim_due() -> list[Claimed]:
    """Claim due work, so that no other scheduler publishes it for a while."""
    claimed = []
    for table, is_open in delivery.OPEN.items():
        claim = compose(_CLAIM, table=identifier(table), open=is_open)
        claimed += [Claimed(table, *row) for row in sql.rows(claim, {"limit": ROWS_AT_ONCE})]
    return claimed


def find_due() -> None:
    """Run the queries of routes.DUE, and note each id that they return as work to be done once."""
    now = clock.now()
    for name, due in DUE.items():
        if ids := list(import_string(due.ids)(now)[:ROWS_AT_ONCE]):
            sql.execute(_NOTE_DUE, [name, ids, due.queue])


def batches(claimed: Iterable[Claimed]) -> Iterator[list[Claimed]]:
    """Group small deliveries that have never been attempted, the oldest first; everything else is a batch of its own.

    Work that was attempted and is still open may crash its process, and would take the rest of its batch with it.
    """
    new: dict[bool, list[Claimed]] = {False: [], True: []}
    for work in sorted(claimed):
        if work.table == DELIVERIES and work.queue == SMALL and work.attempt == 0:
            new[work.untaken].append(work)
        else:
            yield [work]
    for small in new.values():
        yield from (small[start : start + DELIVERIES_PER_TASK] for start in range(0, len(small), DELIVERIES_PER_TASK))


def perform(batch: Sequence[Claimed]) -> None:
    """Do a batch in this process."""
    if batch[0].table == DELIVERIES:
        delivery.deliver_all((work.id, work.attempt) for work in batch)
    else:
        delivery.run_due(batch[0].id, batch[0].attempt)


def publish(batch: Sequence[Claimed]) -> None:
    """Publish a batch to the Celery workers. Raises the broker client's exceptions if the broker is down."""
    work = batch[0]
    if work.table != DELIVERIES:
        _publish(tasks.run_due, work.queue, work_id=work.id, attempt=work.attempt)
    elif work.queue == SMALL:
        publish_small(batch)
    else:
        _publish(tasks.deliver_bulk, work.queue, delivery_id=work.id, attempt=work.attempt)


def publish_small(batch: Sequence[Claimed]) -> None:
    """Publish small deliveries as one Celery task."""
    _publish(tasks.deliver_small, SMALL, deliveries=[(work.id, work.attempt) for work in batch])


def _publish(task: Any, queue: str, **kwargs: Any) -> None:
    task.apply_async(kwargs=kwargs, queue=queue, retry=False)


class Scheduler:
    """One scheduler: run() returns after stop() is called."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.workers = ThreadPoolExecutor(4, thread_name_prefix="scheduler")
        self.publisher = ThreadPoolExecutor(1, thread_name_prefix="publisher")
        self.publishing_since: float | None = None
        self.broker_rests_until = 0.0
        self.clock_looked_at = 0.0

    def stop(self) -> None:
        self.stopping.set()

    def run(self) -> None:
        """Look for due work until stopped. If the database goes down, wait until it is back."""
        away = False
        while not self.stopping.is_set():
            try:
                self._listen()
                away = False
                while not self.stopping.is_set():
                    if self.turn():
                        self.stopping.wait(GATHER_S)
                    self._wait()
            except (OperationalError, InterfaceError) as problem:
                if not away:
                    log.warning("The database is down (%s); reconnecting until it is back.", type(problem).__name__)
                away = True
                connection.close()
                self.stopping.wait(DATABASE_REST_S)
        self.workers.shutdown()
        self.publisher.shutdown()
        connection.close()

    def turn(self) -> bool:
        """Publish what is due to Celery, or do it here if it is small and no worker takes it.

        Returns whether anything was due.
        """
        self._find_due_each_second()
        for_celery = []
        broker_rests = time.monotonic() < self.broker_rests_until
        publisher_hangs = time.monotonic() - (self.publishing_since or time.monotonic()) > PUBLISHING_TAKES_S
        found = claim_due()
        for batch in batches(found):
            work = batch[0]
            by_the_clock = work.table != DELIVERIES
            if work.queue == SMALL and (by_the_clock or work.untaken or broker_rests or publisher_hangs):
                self.workers.submit(self._work, perform, batch)
            elif not broker_rests:
                for_celery.append(batch)
        if for_celery:
            self.publisher.submit(self._publish, for_celery)
        return bool(found)

    def _find_due_each_second(self) -> None:
        """Messages wake the loop many times per second; run the queries of what the clock makes due only once."""
        if time.monotonic() - self.clock_looked_at >= LOOK_EVERY_S:
            self.clock_looked_at = time.monotonic()
            find_due()
            note_periodic_work(clock.now())

    def _work(self, act: Callable[..., None], *args: list[Claimed]) -> None:
        """Act in a thread of the pool, and log exceptions, which would be lost there."""
        close_old_connections()
        try:
            act(*args)
        except Exception:
            log.exception("%s%s", act.__name__, args)
        finally:
            close_old_connections()

    def _publish(self, found: list[list[Claimed]]) -> None:
        self.publishing_since = time.monotonic()
        try:
            for batch in found:
                publish(batch)
        except Exception as problem:  # noqa: BLE001  (kombu raises many kinds; the rows come due again anyway)
            log.warning("The broker is down (%s); small work is done here for now.", type(problem).__name__)
            self.broker_rests_until = time.monotonic() + BROKER_REST_S
        finally:
            self.publishing_since = None

    def _listen(self) -> None:
        sql.execute("SELECT pg_advisory_lock_shared(%s)", [RUNNING_KEY])
        sql.execute(compose("LISTEN {channel}", channel=identifier(CHANNEL)))
        self.clock_looked_at = 0.0

    def _wait(self) -> None:
        """Sleep until something is sent, for a second at most."""
        raw = connection.connection
        if not raw.notifies:
            select.select([raw], [], [], LOOK_EVERY_S)
        raw.poll()
        if any(notify.payload == BY_THE_CLOCK for notify in raw.notifies):
            self.clock_looked_at = 0.0
        raw.notifies.clear()
