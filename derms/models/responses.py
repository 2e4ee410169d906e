"""What calls taught about devices, in small tables beside the candidates, renewed when a stage's calls are counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from .devices import Program
from .grid import ControlZone, HeadEnd

HALF_LIFE = timedelta(days=90)  # a season: what a device did last year says little about this one


def fading(since: datetime, now: datetime) -> float:
    """Return the share that is left at `now` of the responses known at an earlier moment."""
    return float(0.5 ** (max(now - since, timedelta()) / HALF_LIFE))


class Responses(models.Model):
    """`n` responses that add up to `total`; both fade by half in 90 days and last did so at `faded_at`."""

    n = models.FloatField(default=0)
    total = models.FloatField(default=0)
    faded_at = models.DateTimeField()

    class Meta:
        abstract = True

    def add(self, n: float, total: float, *, now: datetime) -> None:
        """Count more responses; the earlier ones fade."""
        left = fading(self.faded_at, now)
        self.n, self.total, self.faded_at = self.n * left + n, self.total * left + total, max(self.faded_at, now)


class ResponsePrior(Responses):
    """The responses of a program's devices behind one head end system: what a device begins with."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="response_priors")
    head_end = models.ForeignKey(HeadEnd, on_delete=models.CASCADE, related_name="response_priors")

    class Meta:
        constraints = [models.UniqueConstraint("program", "head_end", name="response_prior_once")]

    def __str__(self) -> str:
        return f"{self.program} behind {self.head_end}"


class Availability(Responses):
    """How much of a head end system answered: one response per stage that called many of its devices.

    It is 1, or in an outage the share of the devices that answered.
    """

    head_end = models.OneToOneField(HeadEnd, on_delete=models.CASCADE, primary_key=True, related_name="availability")

    def __str__(self) -> str:
        return f"{self.head_end}: {self.share_pm} per mille"

    @property
    def share_pm(self) -> int:
        """In per mille. A head end begins at 1 and is trusted that as much as five stages."""
        return round(1000 * (5 + self.total) / (5 + self.n))


class LowestCount(models.Model):
    """The fewest events that any device of a program in a control zone was called in, in one season."""

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="lowest_counts")
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="lowest_counts")
    season = models.SmallIntegerField()
    events = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("zone", "program", name="lowest_count_once")]

    def __str__(self) -> str:
        return f"{self.program} in {self.zone}: {self.events}"


class RateRenewal(models.Model):
    """When the response rates of a control zone's devices last faded."""

    zone = models.OneToOneField(ControlZone, on_delete=models.CASCADE, primary_key=True, related_name="rate_renewal")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.zone} at {self.at:%Y-%m-%d %H:%MZ}"
