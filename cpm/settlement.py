"""The reckoning of settlement: terms of a run, prices by interval, and the one rule of rounding.

Amounts are exact until a line's: kWh times price, added up over its intervals, times what its outcome earns. Then they
are rounded once, to the decimals of the currency, halves away from zero; sums are of rounded lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cpm.choices import MethodKind

SUNDAY = 6
WH = 1000  # in a kWh
PERCENT = 100


class Hours(NamedTuple):
    """A price of certain minutes of a weekday (Monday is 0)."""

    weekday: int
    from_minute: int
    until_minute: int
    price: Decimal


@dataclass(frozen=True)
class Terms:
    """By what a run pays: the method and its prices as they were when the run was made."""

    kind: MethodKind
    currency: str
    decimals: int
    percents: Mapping[str, int]
    top_percent: int | None
    least_days: int | None
    price: Decimal
    hours: Sequence[Hours]
    holidays: frozenset[date]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "currency": self.currency,
            "decimals": self.decimals,
            "percents": dict(self.percents),
            "top_percent": self.top_percent,
            "least_days": self.least_days,
            "price": str(self.price),
            "hours": [[*one[:3], str(one.price)] for one in self.hours],
            "holidays": sorted(map(str, self.holidays)),
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Terms":
        return cls(
            **{
                **kept,
                "kind": MethodKind(kept["kind"]),
                "price": Decimal(kept["price"]),
                "hours": [Hours(day, first, until, Decimal(price)) for day, first, until, price in kept["hours"]],
                "holidays": frozenset(map(date.fromisoformat, kept["holidays"])),
            }
        )

    def price_at(self, moment: datetime, zone: ZoneInfo) -> Decimal:
        """The price of an interval that begins then: by its local time, a holiday is a Sunday."""
        local = moment.astimezone(zone)
        weekday = SUNDAY if local.date() in self.holidays else local.weekday()
        minute = local.hour * 60 + local.minute
        fitting = (one for one in self.hours if one.weekday == weekday)
        return next((one.price for one in fitting if one.from_minute <= minute < one.until_minute), self.price)

    def prices(self, starts_at: datetime, interval_s: int, intervals: int, time_zone: str) -> list[Decimal]:
        """The prices of consecutive intervals."""
        zone, step = ZoneInfo(time_zone), timedelta(seconds=interval_s)
        return [self.price_at(starts_at + number * step, zone) for number in range(intervals)]

    def amount(self, gross: Decimal, percent: Decimal | int) -> Decimal:
        """What is paid of an exact amount, by the one rule of rounding."""
        return (gross * percent / PERCENT).quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)


def energy_amount(saved_wh: Iterable[int], prices: Iterable[Decimal]) -> Decimal:
    """The exact amount of what was avoided by interval; intervals with more use count against it, it is at least 0."""
    found = sum((wh * price for wh, price in zip(saved_wh, prices, strict=True)), Decimal(0))
    return max(found, Decimal(0)) / WH
