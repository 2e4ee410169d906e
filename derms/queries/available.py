"""The power that could be called now, by program, as it was last counted."""

from datetime import datetime
from typing import NamedTuple

from django.core.cache import cache

KEY = "derms.available_power.2"  # counts on when its form changes: the cache outlives a release
QUANTILE = 1.645  # of the normal distribution: 90 % lie between minus and plus so many deviations


class Available(NamedTuple):
    """The free devices of a program, the power in kW expected of them in this hour, and its standard deviation."""

    program: str
    devices: int
    kw: float
    deviation_kw: float

    @property
    def low_kw(self) -> float:
        """In nineteen of twenty cases it is more."""
        return max(0.0, self.kw - QUANTILE * self.deviation_kw)

    @property
    def high_kw(self) -> float:
        """In nineteen of twenty cases it is less."""
        return self.kw + QUANTILE * self.deviation_kw


class AvailablePower(NamedTuple):
    """What each program could give, the most first; `whole` counts a device of several programs once."""

    counted_at: datetime
    programs: list[Available]
    whole: Available


def available_power() -> AvailablePower | None:
    """Return the latest count; None if there is none of the last quarter of an hour."""
    found: AvailablePower | None = cache.get(KEY)
    return found
