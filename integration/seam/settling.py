"""Do all due work in this process until nothing is left: for seeding, and for tests of the whole seam."""

import time

from .models import Delivery, DueWork
from .scheduler import batches, claim_due, find_due, perform


def settle(*, timeout_s: float = 60.0) -> None:
    """Deliver every message and do all due work. Raises TimeoutError if something stays open for too long."""
    until = time.monotonic() + timeout_s
    while True:
        find_due()
        claimed = claim_due()
        for batch in batches(claimed):
            perform(batch)
        if not claimed and not (
            Delivery.objects.filter(Delivery.OPEN).exists() or DueWork.objects.filter(DueWork.OPEN).exists()
        ):
            return
        if time.monotonic() > until:
            raise TimeoutError("Messages are still open.")
        if not claimed:
            time.sleep(0.02)
