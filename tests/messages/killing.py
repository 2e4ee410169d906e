"""Run as a program: performs a delivery in processes that kill themselves between the effect and the mark."""

import os
import sys

import django
from django.db import connections


def perform_in_a_child(delivery_id: int, attempt: int) -> int:
    """Fork, deliver there, and give the signal the child ended by; 0 where it came to its own end."""
    if child := os.fork():
        return os.WTERMSIG(os.waitpid(child, 0)[1])
    from integration.delivery import deliver

    deliver(delivery_id, attempt)
    connections.close_all()
    os._exit(0)


def main() -> None:
    delivery_id, attempts = int(sys.argv[1]), int(sys.argv[2])
    django.setup()
    from integration.routes import ROUTES, Route

    ROUTES["stage_status"] = (Route("cpm", "tests.messages.receivers.die"),)
    print(*(perform_in_a_child(delivery_id, attempt) for attempt in range(attempts)))  # noqa: T201  (the test reads it)


if __name__ == "__main__":
    main()
