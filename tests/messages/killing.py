"""Run as a program: performs a batch of deliveries in processes that kill themselves between an effect and its mark."""

import os
import sys

import django
from django.db import connections

from integration.seam.systems import System


def perform_in_a_child(delivery_ids: list[int], attempt: int) -> int:
    """Fork and deliver there; returns the signal that ended the child, or 0 if it exited by itself."""
    if child := os.fork():
        return os.WTERMSIG(os.waitpid(child, 0)[1])
    from integration.seam.delivery import deliver_all

    deliver_all((delivery_id, attempt) for delivery_id in delivery_ids)
    connections.close_all()
    os._exit(0)


def main() -> None:
    receiver, attempts, *delivery_ids = sys.argv[1], *map(int, sys.argv[2:])
    django.setup()
    from integration.seam.routes import ROUTES, Route

    ROUTES["stage_status"] = (Route(System.CPM, f"tests.messages.receivers.{receiver}"),)
    print(*(perform_in_a_child(delivery_ids, attempt) for attempt in range(attempts)))  # noqa: T201  (the test reads it)


if __name__ == "__main__":
    main()
