"""The Balance Authority check: whether an event, together with all others subject to it, ever passes the threshold."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from derms.queries.goals import stage_goals
from derms.queries.lists import stages_of
from derms.set_operations.choosing import choose_devices, wanted_w

from ..choices import CLAIMING_STATES, StageState
from ..figures.powers import stage_powers
from ..figures.profile import StagePower, Target, profile
from ..models import Event, EventType, Stage


class Block(NamedTuple):
    """Power over a window, in kW."""

    starts_at: datetime
    ends_at: datetime
    kw: float


def needs_balance_authority(event: Event, stages: list[Stage], now: datetime) -> bool:
    """Whether the Balance Authority has to approve too. The caller has called lock_balance_authority_check."""
    if not event.type.balance_authority_check:
        return False
    others = Event.objects.filter(state__in=CLAIMING_STATES, type__balance_authority_check=True).exclude(pk=event.pk)
    others = others.select_related("type", "zone")
    own = blocks_of(event, stages, now)
    all_blocks = own + [block for other in others for block in blocks_of(other, stages_of(other), now)]
    return highest_sum_kw(own, all_blocks) > event.type.balance_authority_threshold_kw


def lock_balance_authority_check() -> None:
    """Let one transaction at a time sum up power; otherwise two events could pass the threshold together unnoticed."""
    checked = EventType.objects.select_for_update(no_key=True).filter(balance_authority_check=True)
    list(checked.order_by("category").values_list("pk"))


def highest_sum_kw(own: list[Block], all_blocks: list[Block]) -> float:
    """Return the highest total power at any moment of the own blocks; the total only rises when a block starts."""
    moments = [m.starts_at for m in all_blocks if any(o.starts_at <= m.starts_at < o.ends_at for o in own)]
    return max((sum(b.kw for b in all_blocks if b.starts_at <= m < b.ends_at) for m in moments), default=0.0)


def blocks_of(event: Event, stages: list[Stage], now: datetime) -> list[Block]:
    """The steps of the event's power profile."""
    goals = stage_goals(event, stages)
    powers = [_power(stage, power, goals[stage.pk], now) for stage, power in _pairs(stages)]
    return [Block(step.starts_at, step.ends_at, step.reserved_kw) for step in profile(powers, Target())]


def _pairs(stages: list[Stage]) -> Iterator[tuple[Stage, StagePower]]:
    return zip(stages, stage_powers(stages), strict=True)


def _power(stage: Stage, power: StagePower, goal_kw: float | None, now: datetime) -> StagePower:
    """What is reserved; before that the goal with its margin, or without a goal what could be reserved now."""
    if stage.state != StageState.NEW:
        return power
    watts = choose_devices(stage, goal_kw=None, now=now).watts if goal_kw is None else wanted_w(stage.event, goal_kw)
    return replace(power, reserved_kw=watts / 1000)
