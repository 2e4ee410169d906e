"""The Celery tasks: they only run work. What is to be done, and whether it is done, is only stored in PostgreSQL."""

from typing import Any

from celery import shared_task

from . import delivery

SMALL_S, BULK_S = 60, 3600  # after which a hanging task is killed with its process, and its row retried


@shared_task(time_limit=SMALL_S)
def deliver_small(*, deliveries: list[tuple[int, int]], **kwargs: Any) -> None:
    delivery.deliver_all((delivery_id, attempt) for delivery_id, attempt in deliveries)


@shared_task(time_limit=BULK_S)
def deliver_bulk(*, delivery_id: int, attempt: int, **kwargs: Any) -> None:
    delivery.deliver(delivery_id, attempt)


@shared_task(time_limit=BULK_S)
def run_due(*, work_id: int, attempt: int, **kwargs: Any) -> None:
    delivery.run_due(work_id, attempt)
