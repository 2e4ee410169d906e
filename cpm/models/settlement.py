"""By what a program's customers are paid: methods of settlement, with rules by outcome, and versions of prices."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.dates import WEEKDAYS

from cpm.choices import MethodKind
from cpm.models.programs import Program
from integration.seam.outcomes import Outcome
from integration.seam.versions import Versioned

HIGHEST_PRICE = 100_000
MINUTES = 24 * 60
# How many decimals amounts of a currency have; those that are not here have two.
DECIMALS = {"BHD": 3, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "PYG": 0, "TND": 3, "VND": 0}


def decimals_of(currency: str) -> int:
    """How many decimals amounts of a currency have."""
    return DECIMALS.get(currency, 2)


class SettlementMethod(Versioned):
    """A method by which a program is settled, for events that start on [starts_on, ends_on].

    The percentages are what an outcome earns of the amount. `top_percent` says how many of a device's events count at
    the end of a season, `least_days` how long a subscription must last to leave without a fee.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="settlement_methods")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=MethodKind.choices)
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    success_percent = models.PositiveSmallIntegerField(default=100)
    override_percent = models.PositiveSmallIntegerField(default=0)
    silent_percent = models.PositiveSmallIntegerField(default=0)
    error_percent = models.PositiveSmallIntegerField(default=0)
    canceled_percent = models.PositiveSmallIntegerField(default=0)
    top_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    least_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("program", "name", name="settlement_method_once"),
            models.CheckConstraint(condition=Q(kind__in=MethodKind.values), name="settlement_method_known_kind"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="settlement_method_currency"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="settlement_method_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(
                    success_percent__range=(0, 100),
                    override_percent__range=(0, 100),
                    silent_percent__range=(0, 100),
                    error_percent__range=(0, 100),
                    canceled_percent__range=(0, 100),
                ),
                name="settlement_method_percentages",
            ),
            models.CheckConstraint(
                condition=Q(kind=MethodKind.DROP, top_percent__gt=0, top_percent__lte=100)
                | (~Q(kind=MethodKind.DROP) & Q(top_percent=None)),
                name="settlement_method_top_of_season",
            ),
            models.CheckConstraint(
                condition=Q(kind=MethodKind.EARLY_EXIT, least_days__gt=0)
                | (~Q(kind=MethodKind.EARLY_EXIT) & Q(least_days=None)),
                name="settlement_method_least_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.name}"

    @property
    def decimals(self) -> int:
        """How many decimals its amounts have."""
        return decimals_of(self.currency)

    @property
    def percents(self) -> dict[str, int]:
        """What each outcome earns, by its code."""
        return {
            Outcome.SUCCESS: self.success_percent,
            Outcome.OVERRIDE: self.override_percent,
            Outcome.NO_RESPONSE: self.silent_percent,
            Outcome.ERROR: self.error_percent,
            Outcome.CANCELED: self.canceled_percent,
        }


class PriceVersion(models.Model):
    """The prices of a method: `price` at all times without one of their own. Never changed: new prices are a version.

    Per kWh, kW, event, season or subscription, as the method's kind says.
    """

    method = models.ForeignKey(SettlementMethod, on_delete=models.PROTECT, related_name="prices")
    number = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=6)
    note = models.CharField(max_length=200, default="", blank=True)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("method", "number", name="price_version_once"),
            models.CheckConstraint(condition=Q(price__range=(0, HIGHEST_PRICE)), name="price_version_price"),
        ]

    def __str__(self) -> str:
        return f"{self.method}, {self.number}"


class TimePrice(models.Model):
    """A price of certain hours of a weekday (Monday is 0), in the event's local time; a holiday is a Sunday."""

    version = models.ForeignKey(PriceVersion, on_delete=models.PROTECT, related_name="times")
    weekday = models.PositiveSmallIntegerField()
    from_minute = models.PositiveSmallIntegerField()
    until_minute = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=6)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    weekday__range=(0, 6),
                    until_minute__gt=F("from_minute"),
                    until_minute__lte=MINUTES,
                    price__range=(0, HIGHEST_PRICE),
                ),
                name="time_price_is_of_a_day",
            ),
            ExclusionConstraint(
                name="time_price_once_at_a_time",
                expressions=[
                    ("version", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (Func("from_minute", "until_minute", function="int4range"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {_clock(self.from_minute)}-{_clock(self.until_minute)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
