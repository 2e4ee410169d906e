"""What comes back after stages, from the classes of their devices: it stands apart from the power profile."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ..shapes import shape_of
from .profile import StagePower

HOUR = timedelta(hours=1)


class Rebound(NamedTuple):
    """The kW that come back in each hour from a moment on."""

    begins: datetime
    kw: tuple[float, ...]

    def at(self, moment: datetime) -> float:
        hour = (moment - self.begins) // HOUR
        return self.kw[hour] if 0 <= hour < len(self.kw) else 0.0

    @property
    def edges(self) -> list[datetime]:
        """Where it changes."""
        return [self.begins + n * HOUR for n in range(len(self.kw) + 1)] if self.kw else []


def rebound_of(power: StagePower, class_w: Mapping[str, int], control: str) -> Rebound:
    """Return what comes back after a stage for which so many W of each class were reserved.

    Devices that left before it ended hold nothing back at its end, and count no more.
    """
    hours = (power.until - power.starts_at) / HOUR
    if hours <= 0 or not power.reserved_kw:
        return Rebound(power.until, ())
    stayed = power.reserved_at(power.until) / power.reserved_kw
    return Rebound(power.until, tuple(stayed * kw for kw in back_kw(class_w, control, hours)))


def back_kw(class_w: Mapping[str, int], control: str, hours: float) -> tuple[float, ...]:
    """The kW that come back in each hour after a call of so many W of each class, of this length."""
    parts = [(watts, shape_of(kind, control).back_after(hours)) for kind, watts in class_w.items()]
    longest = max((len(back) for _watts, back in parts), default=0)
    return tuple(sum(watts / 1000 * back[n] for watts, back in parts if n < len(back)) for n in range(longest))


def rebound_at(rebounds: Sequence[Rebound], moment: datetime) -> float:
    """What comes back at a moment, of all stages together."""
    return sum(one.at(moment) for one in rebounds)
