"""Sending the other systems the feeders and the head end systems, all of them: a copy can't miss a change for good."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from integration.seam import clock, outbox, sql
from integration.seam.messages import GridSync, HeadEndSync
from integration.seam.systems import System

from ..models import Feeder, HeadEnd

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@transaction.atomic
def send_grid() -> None:
    """Send CPM the feeders as they are now.

    The moment is taken under a lock, so that a later one never has less of what was committed before.
    """
    sql.execute(_ONE_AT_A_TIME, ["send grid"])
    rows = Feeder.objects.order_by("code").values(
        feeder=F("code"), at_substation=F("substation__code"), zone=F("substation__zone__code")
    )
    feeders = [{"feeder": r["feeder"], "substation": r["at_substation"], "zone": r["zone"]} for r in rows]
    outbox.send(GridSync.model_validate({"feeders": feeders, "at": clock.now()}), sender=System.DERMS)


@transaction.atomic
def send_head_ends() -> None:
    """Send CPM and LEC the head end systems as they are now; see send_grid."""
    sql.execute(_ONE_AT_A_TIME, ["send head ends"])
    head_ends = list(HeadEnd.objects.order_by("code").values("name", head_end=F("code")))
    outbox.send(HeadEndSync.model_validate({"head_ends": head_ends, "at": clock.now()}), sender=System.DERMS)


def send_places(*, now: datetime) -> None:
    """Send both once more, in case a system lost its copy or never had one. `now` is not used."""
    send_grid()
    send_head_ends()
