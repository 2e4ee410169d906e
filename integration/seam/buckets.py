"""Limits of calls within one process: a bucket per account, filled at a steady rate.

A limit of all processes is divided among them: counting in the database would cost more than many of the calls.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

MOST_BUCKETS = 10_000  # then those that were used longest ago are forgotten


class Buckets:
    """Buckets that each hold `per_minute` calls when full, and fill within a minute."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = monotonic) -> None:
        self.size, self._clock = max(1.0, per_minute), clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # at a moment, so many calls

    def take(self, key: Hashable) -> int:
        """Take one call from a bucket. Returns 0, or in how many seconds there will be one."""
        now, per_second = self._clock(), self.size / 60
        at, level = self._levels.pop(key, (now, self.size))
        level = min(self.size, level + (now - at) * per_second)
        is_there = level >= 1
        self._levels[key] = (now, level - is_there)
        if len(self._levels) > MOST_BUCKETS:
            self._levels.popitem(last=False)
        return 0 if is_there else math.ceil((1 - level) / per_second)
