"""What called devices did, by head end system."""

from collections.abc import Sequence

from ..figures.causes import Group, groups_of_reports
from ..models import DeliveredLoad, Stage


def answers_by_head_end(stages: Sequence[Stage]) -> list[Group]:
    """Return the latest reports of stages by head end system; reading them costs no more with more devices."""
    called = [stage.pk for stage in stages if stage.called]
    latest = DeliveredLoad.objects.filter(stage__in=called).order_by("stage", "-at").distinct("stage")
    return groups_of_reports(latest.values_list("head_ends", flat=True)) if called else []
