"""Carrying out due work until a condition holds."""

import time
from collections.abc import Callable

from integration.seam.settling import settle


def settle_until(holds: Callable[[], bool], *, within_s: float = 40.0) -> None:
    """Deliver messages and do due work until a condition holds. Raises TimeoutError if it never does."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"It did not come about within {within_s:.0f} s.")
        settle(timeout_s=within_s)
        time.sleep(2)  # until a stage starts and ends there is mostly nothing to do, and to look for it takes 0.1 s
