"""Worker processes of the benchmark, which do what Celery tasks do but get their work from the benchmark itself.

So a step's time includes only its work; the cost of waking a worker is measured with small messages.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from django.db.models import QuerySet

from integration.seam.models import Delivery

from . import member

PATIENCE_S = 600


class BenchFailed(Exception):
    """A timed step did not do its work."""


class Crew:
    """A number of worker processes."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=member.begin)
        wait([self._pool.submit(time.sleep, 0.5) for _ in range(processes)])  # until each process has started

    def run(self, operation: str, *args: Any, **kwargs: Any) -> None:
        """Call an operation by its dotted name in one worker and wait for it. Raises what the operation raises."""
        self.start(operation, *args, **kwargs).result()

    def start(self, operation: str, *args: Any, **kwargs: Any) -> "Future[None]":
        """Call an operation by its dotted name in the next free worker."""
        return self._pool.submit(member.call, operation, args, kwargs)

    def deliver(self, deliveries: QuerySet[Delivery]) -> None:
        """Deliver the open ones of these, in parallel; retry those answered with "not yet", as the scheduler would.

        Raises BenchFailed if one stays open.
        """
        until = time.monotonic() + PATIENCE_S
        while unsent := list(deliveries.filter(Delivery.OPEN).order_by("pk").values_list("pk", "attempt")):
            waiting = [self._pool.submit(member.call, "integration.seam.delivery.deliver", one, {}) for one in unsent]
            for each in waiting:
                each.result()
            failed = deliveries.filter(Delivery.OPEN, not_yet_since=None).exclude(error="").first()
            if failed or time.monotonic() > until:
                raise BenchFailed(f"{failed or unsent} was not delivered: {failed and failed.error}")

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def crew_of(processes: int) -> Iterator[Crew]:
    crew = Crew(processes)
    try:
        yield crew
    finally:
        crew.close()
