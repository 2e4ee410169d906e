"""Meters, and what they measured."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cpm.choices import Registers
from cpm.models.customers import DeviceLocation, Kept

INTERVALS_S = (300, 900, 1800, 3600)
LARGEST_KW = 100  # more than a house's connection carries


class Meter(Kept):
    """A meter of a device location, over [starts_at, ends_at); one after another, never two at once.

    It measures all devices of the place. A reading of more than `largest_kw` over its interval is impossible.
    """

    number = models.CharField(max_length=40, unique=True)
    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="meters")
    interval_s = models.PositiveIntegerField("interval, s")
    registers = models.CharField(max_length=7, choices=Registers.choices, default=Registers.FORWARD)
    largest_kw = models.FloatField("highest power, kW", default=LARGEST_KW)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("location", condition=Q(ends_at=None), name="meter_open_once"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="meter_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(interval_s__in=INTERVALS_S, registers__in=Registers.values, largest_kw__gt=0),
                name="meter_known_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class MeterDay(models.Model):
    """The readings of a meter's register on a UTC day, as one file brought them: a correction is the next version.

    `readings` are little-endian integers of two or four bytes, one per interval, times 10**scale Wh. `quality` has a
    byte (choices.Quality) per interval, or none if all are good. Partitioned by month.
    """

    pk = models.CompositePrimaryKey("meter_id", "day", "is_reverse", "version")
    meter_id = models.IntegerField()
    day = models.DateField()
    is_reverse = models.BooleanField()
    version = models.SmallIntegerField()
    interval_s = models.IntegerField()
    scale = models.SmallIntegerField()
    total_wh = models.BigIntegerField(help_text="Of the readings that count.")
    loaded_at = models.DateTimeField()
    readings = models.BinaryField()
    quality = models.BinaryField()

    class Meta:
        managed = False
        db_table = "cpm_meterday"


class MeterArchive(models.Model):
    """A month of meter days that was put away: a Parquet file, an extract (integration.seam), with its SHA-256."""

    month = models.DateField(unique=True, help_text="Its first day.")
    extract_uid = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    put_away_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def file(self) -> str:
        return f"{self.extract_uid}/meter-days.parquet"
