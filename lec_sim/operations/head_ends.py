"""Head end systems that Live Energy Connect has not seen before."""

from datetime import datetime

import pghistory
from django.db import transaction

from integration.seam import sql
from integration.seam.delivery import receiving
from integration.seam.messages import HeadEndSync, Receipt
from integration.seam.versions import lock_version, save_version

from ..choices import OPENADR, StageState
from ..drivers import DRIVERS
from ..models import HeadEndProfile, LecStage, Ven
from .locks import lock_stage

_NEW = """
SELECT DISTINCT head_end FROM lec_reservation r
 WHERE stage_id = %s AND NOT EXISTS (SELECT FROM lec_sim_headendprofile p WHERE p.head_end = r.head_end)
"""


def meet_head_ends(stage: LecStage) -> None:
    """Create a profile, with the model's defaults, for each head end of a stage's reservations that has none."""
    new = [HeadEndProfile(head_end=head_end) for head_end in sql.column(_NEW, [stage.pk])]
    HeadEndProfile.objects.bulk_create(new, ignore_conflicts=True)  # another stage may create the same one


@receiving
def know_head_ends(body: HeadEndSync) -> Receipt:
    """Have a profile of each head end system before its devices are called; one that is gone keeps its own."""
    rows = [HeadEndProfile(head_end=one.head_end) for one in body.head_ends]
    return Receipt(applied=len(HeadEndProfile.objects.bulk_create(rows, ignore_conflicts=True)))


@transaction.atomic
def set_reach(
    *,
    head_end: str,
    driver: str,
    client: str,
    start_spread_min: int = 0,
    by: str,
    now: datetime,
    version: int | None = None,
) -> None:
    """Set how a head end is reached, its client, and over how many minutes its devices begin a stage, 0 to 15.

    One reached by OpenADR may read the stages that wait to start, and they have this spread from now on. `version` is
    the one the person saw. Raises SavedMeanwhile.
    """
    waiting = LecStage.objects.filter(state=StageState.SCHEDULED, reservations_loaded_at__isnull=False)
    stages = [lock_stage(stage_id) for stage_id in waiting.order_by("pk").values_list("pk", flat=True)]
    profile = lock_version(HeadEndProfile.objects.filter(head_end=head_end), version)
    before = profile.client
    with pghistory.context(by=by):
        fields = {"driver": driver, "client": client, "start_spread_min": start_spread_min}
        save_version(profile, fields, by=by, now=now)
    if driver == OPENADR:
        Ven.objects.get_or_create(profile=profile, defaults={"created_at": now, "modified_at": now})
        for stage in stages:
            DRIVERS[driver].publish(stage, now=now)
    for one in {before, client} - {""}:
        sql.execute("SELECT pg_notify('openadr_changed', %s)", [one])
