"""How many devices take part in stages now, by the latest reports."""

from collections.abc import Sequence

from ..choices import StageState
from ..models import DeliveredLoad, Stage


def devices_taking_part(stages: Sequence[Stage]) -> dict[int, int]:
    """Return by running stage the devices that answered, did not reject the call and were not overridden since.

    Before a stage's first report these are all that were called.
    """
    running = {stage.pk: stage.called for stage in stages if stage.state == StageState.IN_PROGRESS}
    latest = DeliveredLoad.objects.filter(stage__in=running).order_by("stage", "-at").distinct("stage")
    for stage, answered, rejected, overridden in latest.values_list("stage", "answered", "rejected", "overridden"):
        running[stage] = max(0, answered - rejected - overridden)
    return running
