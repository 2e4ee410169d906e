"""What a call would give and what would come back after it, hour by hour, from the classes of its stages' devices."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import NamedTuple

from ..shapes import shape_of
from .rebound import Rebound, back_kw, rebound_at

HOUR = timedelta(hours=1)


class StageReserve(NamedTuple):
    """A stage of a call, the number of devices it could call, and the W expected of them by class."""

    starts_at: datetime
    ends_at: datetime
    control: str
    devices: int
    class_w: Mapping[str, int]

    def runs(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    def kw_at(self, at: datetime) -> float:
        hour = (at - self.starts_at) // HOUR
        return sum(watts * shape_of(kind, self.control).held_in(hour) for kind, watts in self.class_w.items()) / 1000

    @property
    def edges(self) -> list[datetime]:
        """Where its power changes: each hour, as its response fades, and its end."""
        hours = takewhile(lambda at: at < self.ends_at, (self.starts_at + n * HOUR for n in count()))
        return [*hours, self.ends_at]

    @property
    def rebound(self) -> Rebound:
        return Rebound(self.ends_at, back_kw(self.class_w, self.control, (self.ends_at - self.starts_at) / HOUR))


def most_devices(stages: Sequence[StageReserve]) -> int:
    """The most devices that are called at the same moment."""
    return max(sum(one.devices for one in stages if one.runs(at)) for at in {one.starts_at for one in stages})


def kw_in_call(stages: Sequence[StageReserve], starts_at: datetime) -> tuple[float, ...]:
    """The least kW in each hour of the call while any stage runs; 0 in an hour in which none does."""
    moments = {starts_at} | {edge for one in stages for edge in one.edges}
    ends_at = max(one.ends_at for one in stages)
    hours = list(takewhile(lambda hour: hour < ends_at, (starts_at + n * HOUR for n in count())))
    return tuple(
        min((_kw_at(stages, at) for at in {hour} | moments if _within(at, hour) and _any_runs(stages, at)), default=0.0)
        for hour in hours
    )


def kw_after_call(stages: Sequence[StageReserve]) -> tuple[float, ...]:
    """The most kW that come back in each hour after the last stage."""
    rebounds, ends_at = [one.rebound for one in stages], max(one.ends_at for one in stages)
    moments = {edge for rebound in rebounds for edge in rebound.edges}
    last = max(moments, default=ends_at)
    hours = takewhile(lambda hour: hour < last, (ends_at + n * HOUR for n in count()))
    return tuple(max(rebound_at(rebounds, at) for at in {hour} | moments if _within(at, hour)) for hour in hours)


def _kw_at(stages: Sequence[StageReserve], at: datetime) -> float:
    return sum(one.kw_at(at) for one in stages if one.runs(at))


def _any_runs(stages: Sequence[StageReserve], at: datetime) -> bool:
    return any(one.runs(at) for one in stages)


def _within(at: datetime, hour: datetime) -> bool:
    return hour <= at < hour + HOUR
