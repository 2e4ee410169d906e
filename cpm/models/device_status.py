"""What status checks said about devices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cpm.choices import Reach
from cpm.models.customers import Device


class DeviceStatus(models.Model):
    """The last status check of a device: who asked and when, and the answer.

    `heard_at` is when a check last found it online. A table of its own, because each night may write many rows.
    """

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="status")
    check_uid = models.UUIDField()
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=7, choices=Reach.choices, blank=True, default="", db_default="")
    answered_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "device statuses"
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | Q(answer__in=Reach.values, answered_at__isnull=False),
                name="device_status_answered",
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.answer or 'asked'}"

    @property
    def is_waiting(self) -> bool:
        """Whether the answer is not there yet."""
        return not self.answer
