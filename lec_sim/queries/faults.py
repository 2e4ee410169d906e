"""Who set which fault of a head end system."""

from datetime import datetime
from typing import NamedTuple

from django.apps import apps
from django.utils.translation import gettext as _

from lec_sim.choices import Fault
from lec_sim.models import HeadEndProfile

CHANGES_SHOWN = 20


class FaultChange(NamedTuple):
    """Who set which fault when."""

    at: datetime
    sentence: str
    by: str


def fault_changes(profile: HeadEndProfile) -> list[FaultChange]:
    """The latest versions of a head end's fault, newest first."""
    versions = apps.get_model("lec_sim", "HeadEndProfileChange")._default_manager.filter(pgh_obj_id=profile.pk)
    latest = versions.order_by("-pgh_id").values("pgh_created_at", "fault", "pgh_context")[:CHANGES_SHOWN]
    return [
        FaultChange(
            one["pgh_created_at"], str(Fault(one["fault"]).label), (one["pgh_context"] or {}).get("by") or _("system")
        )
        for one in latest
    ]
