"""When devices were heard outside of events."""

from __future__ import annotations

from django.db import models

from .devices import Device


class HeardDevice(models.Model):
    """The last moment at which a status check found a device online."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="heard")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.device_id} at {self.at:%Y-%m-%d %H:%MZ}"
