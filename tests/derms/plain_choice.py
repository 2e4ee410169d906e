"""Whom a stage asks, read device by device from docs/reference/choosing.md: slow and plain."""

from math import inf
from typing import NamedTuple

SHARES = {"thermostat": 0.5, "water_heater": 0.25, "ev_charger": 0.0}  # what each class can reduce by, of its rating


class Known(NamedTuple):
    """One device as a choice sees it: its facts and what its calls taught. `days`: since its last call."""

    device_class: str
    rated_w: int
    head_end_pm: int
    is_this_season: bool
    counted_events: int
    coming_events: int
    days: int
    n: int
    total: float
    silent_run: int

    @property
    def nominal_w(self) -> int:
        return round(self.rated_w * SHARES[self.device_class])

    @property
    def rate_pm(self) -> int:
        return 0 if self.silent_run >= 3 else round(1000 * (5 * 0.8 + self.total) / (5 + self.n))

    @property
    def expected_w(self) -> int:
        return round(self.rated_w * SHARES[self.device_class] * self.rate_pm * self.head_end_pm * 0.000001)

    @property
    def events(self) -> int:
        return (self.counted_events if self.is_this_season else 0) + self.coming_events

    @property
    def left_out(self) -> str:
        """Why it can't be asked at all."""
        if self.nominal_w == 0:
            return "nothing to give now"
        return "never answers" if self.silent_run >= 3 and self.days < 14 else ""

    def turn(self, order: str) -> tuple[int, int]:
        """Its place in an order, lower first."""
        if order == "fair":
            return min(self.events, 99), -min(self.days, 49)
        if order == "fewest":
            return -min(self.expected_w // 50, 199), min(self.events, 24)
        return -(self.rate_pm // 10), min(self.events, 32)


def plain_choice(
    devices: dict[int, Known], order: str, wanted_w: float, *, most_devices: float = inf, most_w: float = inf
) -> set[int]:
    """The ids of the devices that are asked, in turn until so many W are expected or no more are allowed."""
    chosen: set[int] = set()
    given_w = 0
    for pk in sorted(devices, key=lambda pk: (devices[pk].turn(order), pk)):
        if devices[pk].left_out:
            continue
        if given_w >= wanted_w or len(chosen) >= most_devices or given_w + devices[pk].expected_w > most_w:
            break
        chosen.add(pk)
        given_w += devices[pk].expected_w
    return chosen
