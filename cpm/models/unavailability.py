"""Periods in which a customer's device must not be used."""

from __future__ import annotations

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from cpm.choices import UnavailabilityState
from cpm.models.customers import Device
from cpm.models.history import history_of
from integration.seam.versions import Versioned


@history_of("UnavailabilityChange")
class Unavailability(Versioned):
    """A period in which one of a customer's devices must not be used. Periods of one device do not overlap."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="unavailabilities")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=UnavailabilityState.choices, default=UnavailabilityState.ACTIVE)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unavailabilities"
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="unavailability_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in UnavailabilityState.values]),
                name="unavailability_has_known_state",
            ),
            ExclusionConstraint(
                name="unavailability_once_at_a_time",
                expressions=[
                    ("device", RangeOperators.EQUAL),
                    (Func("starts_at", "ends_at", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="Active"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.starts_at:%Y-%m-%d %H:%MZ} to {self.ends_at:%Y-%m-%d %H:%MZ}"
