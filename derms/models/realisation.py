"""What meters say of stages beside what was reported of the same devices, as CPM measured it."""

from __future__ import annotations

from django.db import models

from ..choices import DeviceClass
from .events import Stage
from .grid import HeadEnd


class Realisation(models.Model):
    """Measured devices of one class behind one head end system in a stage; power in W, the mean over the stage.

    All rows of a stage are of one version of its measuring, the latest that came: Stage.realisation_version.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="realisations")
    head_end = models.ForeignKey(HeadEnd, on_delete=models.PROTECT, related_name="realisations")
    device_class = models.CharField(max_length=16, choices=DeviceClass.choices)
    meters = models.PositiveIntegerField()
    expected_w = models.BigIntegerField()
    reported_w = models.BigIntegerField()
    measured_w = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("stage", "head_end", "device_class", name="realisation_once")]

    def __str__(self) -> str:
        return f"{self.device_class} behind {self.head_end} in {self.stage}: {self.measured_w} W measured"
