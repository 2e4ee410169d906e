"""Faults of head end systems, set by people to see how an event goes with them. Only the simulator has them."""

from datetime import datetime
from typing import NamedTuple

import pghistory
from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from .choices import Fault
from .models import HeadEndProfile

MOST_CHANGES = 20


class Change(NamedTuple):
    """Who set which fault when."""

    at: datetime
    sentence: str
    by: str


@transaction.atomic
def set_fault(*, head_end: str, fault: str, by: str) -> None:
    """Give a head end a fault, or take it away; stages that call their devices from now on meet it. Kept in history."""
    profile = HeadEndProfile.objects.select_for_update(no_key=True).get(head_end=head_end)
    profile.fault = fault
    with pghistory.context(by=by):
        profile.save(update_fields=["fault"])


def fault_changes(profile: HeadEndProfile) -> list[Change]:
    """The latest versions of a head end's fault, newest first."""
    versions = apps.get_model("lec_sim", "HeadEndProfileChange")._default_manager.filter(pgh_obj_id=profile.pk)
    latest = versions.order_by("-pgh_id").values("pgh_created_at", "fault", "pgh_context")[:MOST_CHANGES]
    return [
        Change(
            one["pgh_created_at"], str(Fault(one["fault"]).label), (one["pgh_context"] or {}).get("by") or _("system")
        )
        for one in latest
    ]
