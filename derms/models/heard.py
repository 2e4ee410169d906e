"""What status checks said about devices."""

from __future__ import annotations

from typing import get_args

from django.db import models
from django.db.models import Q

from integration.seam.messages import StatusWord

from .devices import Device


class HeardDevice(models.Model):
    """The last answer about a device, and `at`, the last moment at which one found it online; null: never."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="heard")
    at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=7)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(answer__in=get_args(StatusWord)), name="heard_known_answer")]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.answer}"
