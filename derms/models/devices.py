"""Programs and devices, as CPM's rule and enrollment messages describe them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Trim, Upper

from integration.seam.dated_rules import DatedRules, rules_on
from integration.seam.program_rules import ProgramRules
from integration.seam.versions import Versioned

from ..choices import DeviceClass
from .grid import ControlZone, Feeder, HeadEnd, Transformer

NEVER = date(1970, 1, 1)  # when a device that was never called was last called


class Program(models.Model):
    """A program and its rules, copied from CPM, which owns both."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    active = models.BooleanField(default=True)
    suspended = models.BooleanField(default=False)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=0)
    releases = models.PositiveIntegerField(default=0)
    # False: of a rate, a control group or a registration.
    calls_devices = models.BooleanField(default=True, db_default=True)
    rules_data = models.JSONField(default=dict)
    dated_rules_data = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether devices may be chosen from it, on the days on which it has events."""
        return self.active and not self.suspended and self.calls_devices

    @property
    def rules(self) -> ProgramRules:
        """The rules of days for which no dated rules hold."""
        return ProgramRules.model_validate(self.rules_data)

    def rules_on(self, day: date) -> ProgramRules:
        """The rules for stages that start on a local day."""
        dated = [DatedRules.model_validate(one) for one in self.dated_rules_data]
        return rules_on(day, self.rules, dated)


class Device(models.Model):
    """A controllable device. It is never deleted: its history needs it. `ended_at` is when it was deregistered.

    `limits_of` is the first registration of a device that was taken out and is back at the same transformer: limits
    count over all of them. Null: itself. An id at another transformer is another customer's device.
    """

    head_end = models.ForeignKey(HeadEnd, on_delete=models.PROTECT)
    nic_id = models.CharField(max_length=40)
    device_class = models.CharField(max_length=16, choices=DeviceClass.choices)
    rated_w = models.PositiveIntegerField()
    zone = models.ForeignKey(ControlZone, on_delete=models.PROTECT)
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT)
    transformer = models.ForeignKey(Transformer, on_delete=models.PROTECT)
    critical_care = models.BooleanField(default=False)
    # When its facts became true at CPM; null: when it was registered.
    facts_at = models.DateTimeField(null=True)
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    limits_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "head_end", Upper("nic_id"), condition=Q(ended_at=None), name="derms_device_live_natural_key"
            ),
            models.CheckConstraint(condition=Q(nic_id=Trim("nic_id")), name="derms_device_nic_id_trimmed"),
        ]
        indexes = [
            # Covers everything that loading raw outcomes reads of a device.
            models.Index(fields=["nic_id"], include=["head_end", "id"], name="derms_device_by_nic"),
            models.Index("head_end", "nic_id", condition=Q(ended_at__isnull=False), name="derms_device_taken_out"),
            models.Index("limits_of", condition=Q(limits_of__isnull=False), name="derms_device_came_back"),
        ]

    def __str__(self) -> str:
        return f"{self.head_end.code}/{self.nic_id}"


class Enrollment(models.Model):
    """A device's membership in a program over [starts_at, ends_at)."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="enrollments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("program", "device", condition=Q(ends_at=None), name="enrollment_open_once"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="enrollment_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} in {self.program}"


class DeviceUnavailability(models.Model):
    """A period in which a customer's device must not be used, as reported by CPM."""

    uid = models.UUIDField()
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="unavailabilities")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    canceled = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint("uid", "device", name="device_unavailability_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="device_unavailability_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.starts_at}"


class Candidate(models.Model):
    """All that device selection reads of one device in one program, including what its calls taught, in a narrow table.

    `rate_n` responses add up to `rate_sum`; with the program's mean they make `rate_pm`, the share of its nominal power
    that it gives, in per mille. `season_events` and `season_quarters` (quarter-hours) count its calls in the year that
    began in `season`; in another one they mean 0. `silent_run` counts the calls since it was last heard. Triggers on
    enrollments and devices maintain the rows, in one partition per control zone; after a stage has closed, its zone's
    partition is rebuilt and swapped in.
    """

    pk = models.CompositePrimaryKey("device_id", "enrollment_id")
    device_id = models.BigIntegerField()
    enrollment_id = models.BigIntegerField()
    program_id = models.BigIntegerField()
    zone_id = models.BigIntegerField()
    enrolled_from = models.DateTimeField()
    enrolled_until = models.DateTimeField(null=True)
    last_called_on = models.DateField()
    season = models.SmallIntegerField()
    season_events = models.SmallIntegerField()
    season_quarters = models.SmallIntegerField()
    rate_pm = models.SmallIntegerField()
    rate_n = models.FloatField()
    rate_sum = models.FloatField()
    silent_run = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "derms_candidate"

    @property
    def was_called(self) -> bool:
        return self.last_called_on > NEVER


class DerGroup(Versioned):
    """Devices by criteria: each list that is not empty must contain the device's value.

    `least_rate_pct` is the least response rate in per cent; null: any.
    """

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True)
    device_classes = ArrayField(models.CharField(max_length=16, choices=DeviceClass.choices), default=list, blank=True)
    substation_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    feeder_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    transformer_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    head_end_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    program_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    least_rate_pct = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "DER group"

    def __str__(self) -> str:
        return self.name

    @property
    def criteria(self) -> dict[str, Any]:
        """A copy of everything that device selection reads of the group, with its current version."""
        names = ("device_classes", "substation_ids", "feeder_ids", "transformer_ids", "head_end_ids", "program_ids")
        return {name: getattr(self, name) for name in ("name", "version", *names, "least_rate_pct")}
