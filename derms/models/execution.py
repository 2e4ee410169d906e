"""Reservations, removals and outcomes of stages: bulk tables with one row per device, and small tables beside them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integration.seam.messages import LEFT

from .events import Event, Stage


class Reservation(models.Model):
    """DERMS's claim on a device for a stage's window. Partitioned by stage; only set operations write rows.

    `nominal_w` is what the device reduces by if it takes part, `expected_w` what is counted on, in W.
    """

    pk = models.CompositePrimaryKey("stage_id", "device_id")
    stage_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    expected_w = models.IntegerField()
    nominal_w = models.IntegerField()

    class Meta:
        managed = False
        db_table = "derms_reservation"


class EventFigures(models.Model):
    """An event's power figures, stored for lists, sorting and exports; figures/profile.py defines each.

    Rewritten whenever an event is submitted or edited, or a stage is scheduled, left by a device, canceled or closed,
    and locked after the event's stages; within a second or two after reports, however many came; `delivering_pct` is
    also rewritten each minute, since a stage may begin or end.
    """

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    reserved_w = models.BigIntegerField(default=0)  # W expected, the highest of any moment
    expected_w = models.BigIntegerField(null=True)  # the same of what Submit expected; null: its plan isn't submitted
    devices = models.PositiveIntegerField(default=0)  # reserved in any stage, each once
    target_kw = models.FloatField(null=True)  # the highest of any moment; null: no target
    missing_kw = models.PositiveIntegerField(default=0)  # of the target, at the worst moment
    energy_wh = models.BigIntegerField(null=True)  # reported; null: nothing was reported yet
    mean_w = models.BigIntegerField(null=True)  # reported, over the hours in which stages were planned to run
    peak_w = models.BigIntegerField(null=True)  # reported, the highest of any moment
    target_wh = models.BigIntegerField(null=True)  # the target's energy while there is one
    toward_wh = models.BigIntegerField(null=True)  # reported, while there is a target
    delivering_pct = models.PositiveIntegerField(null=True)  # of the target, this minute; null: not running, no target
    missed_pct = models.PositiveSmallIntegerField(null=True)  # of the target, or else of reserved_w; kept if too little
    report_waits = models.BooleanField(default=False, db_default=False)  # a report came that isn't counted yet

    class Meta:
        indexes = [models.Index("event", condition=models.Q(report_waits=True), name="figures_to_renew")]

    def __str__(self) -> str:
        return f"{self.event}: {self.reserved_w} W"


class DeliveredLoad(models.Model):
    """What a stage's called devices delivered at a moment, in W, and how many of them answered.

    It comes each minute, and once more at the end: the last minute may have two.

    `head_ends` contains the same by head end system, as in the message (HeadEndLoad); empty if it was not reported.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="delivered")
    at = models.DateTimeField()
    reduction_w = models.BigIntegerField()
    called = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    overridden = models.PositiveIntegerField()
    head_ends = models.JSONField(db_default=[])

    class Meta:
        constraints = [models.UniqueConstraint("stage", "at", name="delivered_load_once")]

    def __str__(self) -> str:
        return f"{self.stage} {self.at:%H:%MZ}: {self.reduction_w} W"


class Removal(models.Model):
    """A device that has to leave a stage. It may arrive before the stage's reservations, so it has no key to them."""

    stage_uid = models.UUIDField()
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    answer = models.CharField(max_length=8, blank=True)
    answered_at = models.DateTimeField(null=True)
    has_left = models.GeneratedField(
        expression=Q(answer__in=LEFT),  # type: ignore[arg-type]  # the stubs don't know that a condition is allowed
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint("stage_uid", "head_end", "nic_id", name="derms_removal_once")]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}: {self.reason}"


class StageUse(models.Model):
    """The devices reserved for a stage, as a mask: bit n is the device `first_device` + n.

    set_operations/uses.py reads it in place of the reservations.
    """

    stage = models.OneToOneField(Stage, on_delete=models.CASCADE, primary_key=True, related_name="use")
    first_device = models.BigIntegerField()
    devices = models.BinaryField()

    def __str__(self) -> str:
        return str(self.stage)


class Departure(models.Model):
    """A device that has left a stage: a database view of the removals that LEC accepted.

    `released_at` is when, if the stage was running; null if it left before the start.
    """

    pk = models.CompositePrimaryKey("stage_id", "device_id")
    stage_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    released_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "derms_departure"


class DeviceOutcome(models.Model):
    """What a device did in a stage. Partitioned by stage; only set operations write rows.

    `response_pm` is what it gave in the time it should have run, in per mille of its nominal power, 0 to 1500; null
    if its executor does not report it.
    """

    pk = models.CompositePrimaryKey("stage_id", "device_id")
    stage_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    code = models.CharField(max_length=4)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reduction_w = models.IntegerField()
    error = models.TextField()
    response_pm = models.SmallIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "derms_outcome"
