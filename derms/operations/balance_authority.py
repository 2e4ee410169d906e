"""The Balance Authority check: whether an event, together with all others subject to it, ever passes the threshold."""

from datetime import datetime
from typing import NamedTuple

from derms.queries.goals import stage_goals
from derms.queries.lists import stages_of
from derms.set_operations.choosing import choose_devices

from ..choices import CLAIMING_STATES, FINAL_STAGE_STATES
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
    own = _blocks(event, stages, now)
    all_blocks = own + [block for other in others for block in _blocks(other, stages_of(other), now)]
    return highest_sum_kw(own, all_blocks) > event.type.balance_authority_threshold_kw


def lock_balance_authority_check() -> None:
    """Let one transaction at a time sum up power; otherwise two events could pass the threshold together unnoticed."""
    checked = EventType.objects.select_for_update(no_key=True).filter(balance_authority_check=True)
    list(checked.order_by("category").values_list("pk"))


def highest_sum_kw(own: list[Block], all_blocks: list[Block]) -> float:
    """Return the highest total power at any moment of the own blocks; the total only rises when a block starts."""
    moments = [m.starts_at for m in all_blocks if any(o.starts_at <= m.starts_at < o.ends_at for o in own)]
    return max((sum(b.kw for b in all_blocks if b.starts_at <= m < b.ends_at) for m in moments), default=0.0)


def _blocks(event: Event, stages: list[Stage], now: datetime) -> list[Block]:
    goals = stage_goals(event, stages)
    coming = [stage for stage in stages if stage.state not in FINAL_STAGE_STATES]
    return [Block(s.starts_at, s.ends_at, _kw(s, goals[s.pk], now)) for s in coming]


def _kw(stage: Stage, goal_kw: float | None, now: datetime) -> float:
    """What is reserved; before that the goal, or without a goal what could be reserved now."""
    if stage.reserved:
        return (stage.reserved_w - stage.removed_w) / 1000
    return goal_kw if goal_kw is not None else choose_devices(stage, goal_kw=None, now=now).watts / 1000
