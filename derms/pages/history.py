"""An event's history for its pages: state changes, and the devices that left, one line a minute and reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count
from django.db.models.functions import TruncMinute
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration.seam.messages import LEFT

from ..models import Event, Removal, Stage, Transition

REASONS: dict[str, Promise] = {
    "opt-out": _("opt-out"),
    "customer unavailable": _("customer unavailable"),
    "enrollment ended": _("enrollment ended"),
}


class Leavers(NamedTuple):
    """Devices that were to leave a stage in one minute for one reason; `have_left` is False if it was too late."""

    at: datetime
    stage: Stage
    reason: str | Promise
    have_left: bool
    devices: int


def history_of(event: Event, stages: Sequence[Stage], *, most: int | None = None) -> list[Transition | Leavers]:
    """Return what happened to an event, the newest first, all of it or at most so many lines; two queries."""
    transitions = event.transitions.select_related("stage").order_by("-at", "-pk")[:most]
    happened: list[Transition | Leavers] = [*transitions, *_leavers(stages, most)]
    return sorted(happened, key=lambda line: line.at, reverse=True)[:most]


def _leavers(stages: Sequence[Stage], most: int | None) -> list[Leavers]:
    by_uid = {stage.uid: stage for stage in stages}
    answered = Removal.objects.filter(stage_uid__in=by_uid).exclude(answered_at=None)
    minutes = answered.annotate(minute=TruncMinute("answered_at")).values_list(
        "minute", "stage_uid", "reason", "answer"
    )
    found = minutes.annotate(devices=Count("pk")).order_by("-minute", "stage_uid", "reason", "answer")[:most]
    return [
        Leavers(minute, by_uid[uid], REASONS.get(reason, reason), answer in LEFT, devices)
        for minute, uid, reason, answer, devices in found
    ]
