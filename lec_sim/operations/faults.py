"""Faults of head end systems, set by people to see how an event copes. Only the simulator has them."""

import pghistory
from django.db import transaction

from ..models import HeadEndProfile


@transaction.atomic
def set_fault(*, head_end: str, fault: str, by: str) -> None:
    """Set or clear the fault of a head end; it affects stages that call their devices from now on. Kept in history."""
    profile = HeadEndProfile.objects.select_for_update(no_key=True).get(head_end=head_end)
    profile.fault = fault
    with pghistory.context(by=by):
        profile.save(update_fields=["fault"])
