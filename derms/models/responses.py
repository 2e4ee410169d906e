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


class ResponsePrior(models.Model):
    """The responses of a program's devices behind one head end system: what a device begins with.

    `n` responses add up to `total`, each a share of the nominal power; both fade by half in 90 days and last did so at
    `faded_at`.
    """

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="response_priors")
    head_end = models.ForeignKey(HeadEnd, on_delete=models.CASCADE, related_name="response_priors")
    n = models.FloatField(default=0)
    total = models.FloatField(default=0)
    faded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("program", "head_end", name="response_prior_once")]

    def __str__(self) -> str:
        return f"{self.program} behind {self.head_end}"

    def add(self, n: float, total: float, *, now: datetime) -> None:
        """Count more responses; the earlier ones fade."""
        left = fading(self.faded_at, now)
        self.n, self.total, self.faded_at = self.n * left + n, self.total * left + total, max(self.faded_at, now)


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
