"""One device in one program event: facts only, for a million rows, without foreign keys between the tables."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integration.seam.history import HistoryRecord


class Removal(models.Model):
    """A device that leaves a program event: its customer opted out, or DERMS had to release it.

    No foreign key to a participation: it may arrive before the reservations are loaded.
    """

    stage_uid = models.UUIDField()
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=150)
    answer = models.CharField(max_length=9, blank=True)
    answered_at = models.DateTimeField(null=True)
    is_unconfirmed = models.BooleanField(db_default=False, default=False)
    # A device leaves with the request, unless the answer is “too late”.
    has_left = models.GeneratedField(
        expression=~Q(answer="too late"),  # type: ignore[arg-type]  # any condition will do
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint("stage_uid", "head_end", "nic_id", name="cpm_removal_once")]
        indexes = [models.Index("nic_id", name="cpm_removal_nic")]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}: {self.reason}"

    @property
    def is_too_late(self) -> bool:
        return not self.has_left


class ParticipationChange(HistoryRecord):
    """A single change of one participation: who, when, what."""

    program_event = models.ForeignKey("cpm.ProgramEvent", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey("cpm.Device", on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index("program_event", "device", name="participation_change")]

    def __str__(self) -> str:
        return self.what


class Participation(models.Model):
    """One device in one program event: facts only; the status is derived. Partitioned by program event."""

    pk = models.CompositePrimaryKey("program_event_id", "device_id")
    program_event_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    reservation_flag = models.BooleanField()
    expected_w = models.IntegerField()
    preemptive_opt_out = models.BooleanField()

    class Meta:
        managed = False
        db_table = "cpm_participation"
        permissions = [("opt_out", "Can opt a device out of a program event")]


class ParticipationOutcome(models.Model):
    """What the device of a participation did. Partitioned by program event."""

    pk = models.CompositePrimaryKey("program_event_id", "device_id")
    program_event_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    code = models.CharField(max_length=4)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reduction_w = models.IntegerField()
    error = models.TextField()

    class Meta:
        managed = False
        db_table = "cpm_outcome"
