"""How many devices take part in stages now, by the latest reports, and how many outcomes are still waited for."""

from collections.abc import Sequence

from django.db.models import Count

from ..choices import FINAL_STAGE_STATES, StageState
from ..models import DeliveredLoad, Departure, Stage


def devices_taking_part(stages: Sequence[Stage]) -> dict[int, int]:
    """Return by running stage the devices that answered, did not reject the call and were not overridden since.

    Before a stage's first report these are all that were called.
    """
    running = {stage.pk: stage.called for stage in stages if stage.state == StageState.IN_PROGRESS}
    latest = DeliveredLoad.objects.filter(stage__in=running).order_by("stage", "-at").distinct("stage")
    for stage, answered, rejected, overridden in latest.values_list("stage", "answered", "rejected", "overridden"):
        running[stage] = max(0, answered - rejected - overridden)
    return running


def outcomes_not_in(stages: Sequence[Stage]) -> dict[int, int]:
    """Return by stage that ran and is over the devices that stayed in it and whose outcomes are still waited for.

    The outcomes of a stage are in all at once, with the last part of their file.
    """
    waiting = {
        stage.pk: stage.reserved
        for stage in stages
        if stage.state in FINAL_STAGE_STATES and not stage.is_closed and stage.raw_outcomes_at is None
    }
    left = Departure.objects.filter(stage_id__in=list(waiting)).values_list("stage_id").annotate(devices=Count("*"))
    for stage, devices in left:
        waiting[stage] -= devices
    return {stage: devices for stage, devices in waiting.items() if devices > 0}
