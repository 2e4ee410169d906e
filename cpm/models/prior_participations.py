"""What customers did in events of another system, before Gridcall."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cpm.models.customers import Customer, Device
from cpm.models.programs import Program


class PriorParticipation(models.Model):
    """A device in an event that another system ran, as a file brought it in: shown, and never counted.

    `outcome` and `status` are that system's, as is the id of the subscription. Times without a participation are null.
    """

    legacy_id = models.CharField("id in the other system", max_length=40, unique=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="prior_participations", db_index=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="prior_participations")
    legacy_subscription = models.CharField(max_length=40, blank=True, default="")
    reserved_from = models.DateTimeField()
    reserved_until = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    opted_out_ahead = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, blank=True, default="")
    status = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved_until__gt=F("reserved_from")), name="prior_participation_reservation_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(started_at=None) | Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="prior_participation_ends_later",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-reserved_from"], name="prior_participation_newest")]

    def __str__(self) -> str:
        return self.legacy_id
