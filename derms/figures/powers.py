"""Reads the inputs of an event's power profile: its stages, the devices that left them, and LEC's reports."""

from collections.abc import Sequence
from datetime import datetime

from integration.seam.sql import rows, statement

from ..choices import StageState
from ..models import DeliveredLoad, Stage, Transition
from .profile import Reading, StagePower, Step, Target, profile


def stage_powers(stages: Sequence[Stage]) -> list[StagePower]:
    """Return each stage's power, in the order of the stages; always four queries at most."""
    ids = [stage.pk for stage in stages if stage.state != StageState.NEW]
    leavers, reports, canceled = _leavers(ids), _reports(ids), _canceled(stages)
    return [
        StagePower(
            starts_at=stage.starts_at,
            ends_at=stage.ends_at,
            reserved_kw=stage.reserved_w / 1000,
            target_kw=None if stage.target_kw is None else float(stage.target_kw),
            leavers=tuple(leavers.get(stage.pk, ())),
            reports=tuple(reports.get(stage.pk, ())),
            outcome_kw=None if stage.reduction_w is None else stage.reduction_w / 1000,
            canceled_at=canceled.get(stage.pk),
        )
        for stage in stages
    ]


def running_profile(stages: Sequence[Stage], powers: Sequence[StagePower], target: Target) -> list[Step]:
    """Return the steps of the stages that run now, without the others; `powers` are those of all stages."""
    running = [power for stage, power in zip(stages, powers, strict=True) if stage.state == StageState.IN_PROGRESS]
    return profile(running, target)


def known_until(stages: Sequence[Stage], now: datetime) -> datetime:
    """Until when reports and outcomes are known: now, or the end of a stage that is completed before its clock says so.

    A canceled stage may have been planned for much later; nothing is known of that time.
    """
    return max([now, *(stage.ends_at for stage in stages if stage.state == StageState.COMPLETED)])


def _leavers(ids: Sequence[int]) -> dict[int, list[Reading]]:
    """The expected power of devices that were removed or released, summed up by the minute in which they left."""
    found: dict[int, list[Reading]] = {}
    if ids:
        for stage, minute, watts in rows(statement("derms", "leavers_by_minute"), {"stages": list(ids)}):
            found.setdefault(stage, []).append(Reading(minute, float(watts) / 1000))
    return found


def _reports(ids: Sequence[int]) -> dict[int, list[Reading]]:
    found: dict[int, list[Reading]] = {}
    loads = DeliveredLoad.objects.filter(stage__in=ids).order_by("at")
    for stage, at, watts in loads.values_list("stage", "at", "reduction_w"):
        found.setdefault(stage, []).append(Reading(at, watts / 1000))
    return found


def _canceled(stages: Sequence[Stage]) -> dict[int, datetime]:
    """When each canceled stage was canceled, by the stage's id; a missed stage was at its planned end."""
    ids = [stage.pk for stage in stages if stage.state == StageState.CANCELED]
    ended = Transition.objects.filter(stage__in=ids, to_state=StageState.CANCELED)
    return dict(ended.values_list("stage", "at"))
