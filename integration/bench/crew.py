"""Worker processes of the benchmark: they do what a Celery task does, and are told what by the benchmark itself.

So a step's time holds its work alone; what the doorbell costs is measured on small messages.
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
    """A step did not do what it is timed for."""


class Crew:
    """A number of worker processes."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=member.begin)
        wait([self._pool.submit(time.sleep, 0.5) for _ in range(processes)])  # so that each has started

    def run(self, operation: str, *args: Any, **kwargs: Any) -> None:
        """Call an operation by its dotted name in one worker and wait for it. Raises what it raises."""
        self.start(operation, *args, **kwargs).result()

    def start(self, operation: str, *args: Any, **kwargs: Any) -> "Future[None]":
        """Call an operation by its dotted name in the next free worker."""
        return self._pool.submit(member.call, operation, args, kwargs)

    def deliver(self, deliveries: QuerySet[Delivery]) -> None:
        """Deliver what of these is open, side by side; "not yet" is tried again, as the scheduler would.

        Raises BenchFailed where something stays open.
        """
        until = time.monotonic() + PATIENCE_S
        while wanted := list(deliveries.filter(Delivery.OPEN).order_by("pk").values_list("pk", "attempt")):
            waiting = [self._pool.submit(member.call, "integration.seam.delivery.deliver", one, {}) for one in wanted]
            for each in waiting:
                each.result()
            failed = deliveries.filter(Delivery.OPEN, not_yet_since=None).exclude(error="").first()
            if failed or time.monotonic() > until:
                raise BenchFailed(f"{failed or wanted} was not delivered: {failed and failed.error}")

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def crew_of(processes: int) -> Iterator[Crew]:
    crew = Crew(processes)
    try:
        yield crew
    finally:
        crew.close()
