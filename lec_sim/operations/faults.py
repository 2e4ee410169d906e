"""Faults of head end systems, set by people to see how an event copes. Only the simulator has them."""

from datetime import datetime

import pghistory
from django.db import transaction

from integration.seam.versions import lock_version, save_version

from ..models import HeadEndProfile


@transaction.atomic
def set_fault(*, head_end: str, fault: str, by: str, now: datetime, version: int | None = None) -> None:
    """Set or clear the fault of a head end; it affects stages that call their devices from now on. Kept in history.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    profile = lock_version(HeadEndProfile.objects.filter(head_end=head_end), version)
    with pghistory.context(by=by):
        save_version(profile, {"fault": fault}, by=by, now=now)
