"""Counting the operating reserve: every coming hour as a call of each strategy marked so, by the choice of devices."""

from collections import Counter
from datetime import datetime, timedelta

from django.core.cache import cache

from ..choices import StrategyState
from ..figures.reserve import StageReserve, kw_after_call, kw_in_call, most_devices
from ..models import Event, Stage, Strategy, StrategyStage
from ..queries.reserve import KEY, OperatingReserve, ReserveStart, StrategyReserve
from ..set_operations.choosing import callable_by_class
from ..set_operations.choosing_together import any_overlap, kept_apart

KEPT = timedelta(hours=1)  # four turns of the clock: an older count says little about the hours to come
HOUR, STARTS = timedelta(hours=1), 24


def count_operating_reserve(now: datetime) -> None:
    """Count what each strategy marked as reserve could call in each of the next 24 hours, and keep it for pages."""
    strategies = Strategy.objects.filter(is_reserve=True, state=StrategyState.ACTIVE).select_related("zone", "type")
    found = [_strategy_reserve(one, now) for one in strategies.order_by("name")]
    cache.set(KEY, OperatingReserve(now, found), KEPT.total_seconds())


def _strategy_reserve(strategy: Strategy, now: datetime) -> StrategyReserve:
    defaults = list(strategy.stages.select_related("program").prefetch_related("der_groups").order_by("number"))
    zone = strategy.zone
    minutes = max((one.offset_minutes + one.length_minutes for one in defaults), default=0)
    starts = [_reserve_at(strategy, defaults, at, now) for at in _starts(strategy, now)] if defaults else []
    return StrategyReserve(str(strategy.uid), strategy.name, zone.name, zone.time_zone, minutes, starts)


def _starts(strategy: Strategy, now: datetime) -> list[datetime]:
    """The next full hours of the zone for which an event of the strategy's type can still be submitted."""
    earliest = now + timedelta(seconds=strategy.type.lead_time_s)
    first = strategy.zone.hour_of(earliest)
    return [first + n * HOUR for n in range(first < earliest, STARTS + (first < earliest))]


def _reserve_at(strategy: Strategy, defaults: list[StrategyStage], starts_at: datetime, now: datetime) -> ReserveStart:
    stages = _stages(strategy, defaults, starts_at)
    parts: list[StageReserve] = []
    left_out: Counter[str] = Counter()
    overlap = any_overlap(stages)
    with kept_apart(needed=overlap):
        for nth, stage in enumerate(stages):
            taken_by = [s.pk for s in stages[:nth] if s.starts_at < stage.ends_at and s.ends_at > stage.starts_at]
            found, others = callable_by_class(stage, now=now, taken_by=taken_by, keeps=overlap)
            left_out.update(others)
            devices, class_w = sum(n for n, _w in found.values()), {kind: w for kind, (_n, w) in found.items()}
            parts.append(StageReserve(stage.starts_at, stage.ends_at, stage.control, devices, class_w))
    call = kw_in_call(parts, min(part.starts_at for part in parts))
    return ReserveStart(starts_at, most_devices(parts), call, kw_after_call(parts), left_out.most_common())


def _stages(strategy: Strategy, defaults: list[StrategyStage], starts_at: datetime) -> list[Stage]:
    """The stages of an event of the strategy that nobody has made; their ids are below zero."""
    event = Event(pk=-1, zone=strategy.zone, type=strategy.type, strategy=strategy, call_order=strategy.call_order)
    stages = []
    for default in defaults:
        begins = default.begins(starts_at, strategy.zone.time_zone)
        stage = Stage(
            pk=-default.number, event=event, number=default.number, program=default.program, control=default.control,
            control_value=default.control_value, starts_at=begins,
            ends_at=begins + timedelta(minutes=default.length_minutes),
        )  # fmt: skip
        stage.group_criteria = [group.criteria for group in default.der_groups.all()]
        stages.append(stage)
    for stage in stages:
        stage.of_event = stages
    return stages
