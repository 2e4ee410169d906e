"""The operating reserve: what strategies marked as reserve could call in each of the coming hours, as last counted."""

from datetime import datetime
from typing import NamedTuple

from django.core.cache import cache

KEY = "derms.operating_reserve.1"  # counts on when its form changes: the cache outlives a release


class ReserveStart(NamedTuple):
    """What a call that starts then would give in each of its hours, and what would come back in each hour after it.

    `devices` is the most called at the same moment; `left_out` says how many may not be called, the most frequent
    reason first.
    """

    starts_at: datetime
    devices: int
    called_kw: tuple[float, ...]
    back_kw: tuple[float, ...]
    left_out: list[tuple[str, int]]

    @property
    def least_kw(self) -> float:
        """What it gives in every hour of the call."""
        return min(self.called_kw)


class ReserveRow(NamedTuple):
    """A start hour of a table: MW in each hour of the call and after it, None where there is no such hour."""

    start: ReserveStart
    called_mw: list[float | None]
    back_mw: list[float | None]


class StrategyReserve(NamedTuple):
    """The reserve of one strategy. Its calls last `minutes`."""

    uid: str
    name: str
    zone: str
    time_zone: str
    minutes: int
    starts: list[ReserveStart]

    @property
    def hours(self) -> range:
        """The hours of a call, from 1 on."""
        return range(1, 1 + max((len(start.called_kw) for start in self.starts), default=0))

    @property
    def hours_after(self) -> range:
        return range(1, 1 + max((len(start.back_kw) for start in self.starts), default=0))

    @property
    def rows(self) -> list[ReserveRow]:
        """The start hours, each with as many hours as the table has."""
        return [
            ReserveRow(one, _mw(one.called_kw, len(self.hours)), _mw(one.back_kw, len(self.hours_after)))
            for one in self.starts
        ]

    @property
    def least(self) -> ReserveStart:
        """The start whose call gives the least in its weakest hour."""
        return min(self.starts, key=lambda one: one.least_kw)


class OperatingReserve(NamedTuple):
    """The reserve of each strategy, by name."""

    counted_at: datetime
    strategies: list[StrategyReserve]


class ReserveHour(NamedTuple):
    """One number of the reserve, as files have it: `part` is “call” or “after”, `hour` is counted from 1."""

    strategy: str
    zone: str
    starts_at: datetime
    part: str
    hour: int
    kw: float
    devices: int
    counted_at: datetime


def operating_reserve() -> OperatingReserve | None:
    """Return the latest count; None if there is none of the last hour."""
    found: OperatingReserve | None = cache.get(KEY)
    return found


def reserve_hours(reserve: OperatingReserve) -> list[ReserveHour]:
    """Every number of the reserve, one after the other."""
    return [
        ReserveHour(one.name, one.zone, start.starts_at, part, hour, kw, start.devices, reserve.counted_at)
        for one in reserve.strategies
        for start in one.starts
        for part, by_hour in (("call", start.called_kw), ("after", start.back_kw))
        for hour, kw in enumerate(by_hour, start=1)
    ]


def _mw(by_hour: tuple[float, ...], hours: int) -> list[float | None]:
    return [*(kw / 1000 for kw in by_hour), *([None] * (hours - len(by_hour)))]
