"""The grid, its load forecast and the power its devices are expected to reduce."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from integration.seam.versions import Versioned

from ..choices import DeviceClass, ForecastSource

MONTHS = list(range(1, 13))


def warm_months() -> list[int]:
    """The months in which buildings are cooled in most of the northern temperate zone: May to September."""
    return [5, 6, 7, 8, 9]


class ControlZone(Versioned):
    """Part of the grid; a device is in exactly one. Locking its row makes reservations take turns."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    time_zone = models.CharField(max_length=40, default="America/New_York")
    limit_kw = models.PositiveIntegerField(null=True, blank=True, help_text="What the zone can carry, in kW.")
    cooling_months = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(12)]),
        default=warm_months,
        blank=True,
        help_text="Months, 1 to 12, in which buildings are cooled; in the others they are heated. It decides whether a"
        " higher or a lower setpoint of a thermostat reduces load.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="control_zone_cools_in_months", condition=Q(cooling_months__contained_by=MONTHS)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def hour_of(self, moment: datetime) -> datetime:
        """The start of the hour of the zone's time that contains a moment; offsets such as +10:30 exist."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        return moment - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)

    def season(self, moment: datetime) -> int:
        """The year in which the utility's year that contains a moment began, in local time."""
        day = self.local_day(moment)
        return day.year if f"{day:%m-%d}" >= settings.YEAR_BEGINS else day.year - 1

    def is_cooling(self, moment: datetime) -> bool:
        """Whether buildings are cooled, not heated, in the local month of a moment."""
        return moment.astimezone(ZoneInfo(self.time_zone)).month in self.cooling_months


class Substation(Versioned):
    code = models.CharField(max_length=30, unique=True)
    zone = models.ForeignKey(ControlZone, on_delete=models.PROTECT, related_name="substations")

    def __str__(self) -> str:
        return self.code


class Feeder(Versioned):
    code = models.CharField(max_length=30, unique=True)
    substation = models.ForeignKey(Substation, on_delete=models.PROTECT, related_name="feeders")
    rating_kw = models.PositiveIntegerField(null=True, blank=True, help_text="What the feeder can carry, in kW.")

    def __str__(self) -> str:
        return self.code


class Transformer(Versioned):
    code = models.CharField(max_length=40, unique=True)
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT, related_name="transformers")
    kva = models.PositiveIntegerField(null=True, blank=True, help_text="Its rated power, in kVA.")

    def __str__(self) -> str:
        return self.code


class HeadEnd(Versioned):
    """The aggregator or vendor cloud through which devices are reached."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class LoadForecast(models.Model):
    """A zone's load in one hour: forecast, and metered once the hour has passed. Average kW over the hour.

    Negative if the zone generates more than it uses. In nine of ten hours the load lies between `low_kw` and `high_kw`;
    null: not known yet.
    """

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="load")
    hour = models.DateTimeField()
    forecast_kw = models.IntegerField()
    metered_kw = models.IntegerField(null=True)
    loaded_at = models.DateTimeField(db_default=Now())
    low_kw = models.IntegerField(null=True)
    high_kw = models.IntegerField(null=True)
    source = models.CharField(max_length=8, choices=ForecastSource.choices, db_default=ForecastSource.FILE)

    class Meta:
        constraints = [models.UniqueConstraint("zone", "hour", name="load_forecast_once")]

    def __str__(self) -> str:
        return f"{self.zone} {self.hour:%Y-%m-%d %H:%MZ}"


class MeteredLoad(models.Model):
    """A zone's load as its meters said it of a short time: average kW over `length_s` from `starts_at`."""

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="metered")
    starts_at = models.DateTimeField()
    length_s = models.PositiveIntegerField()
    load_kw = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint("zone", "starts_at", name="metered_load_once"),
            models.CheckConstraint(condition=models.Q(length_s__range=(1, 3600)), name="metered_load_is_short"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.starts_at:%Y-%m-%d %H:%MZ}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(seconds=self.length_s)


class ReductionFactor(models.Model):
    """The share of its rated power that a device of this class is expected to reduce by in one hour, 0 to 1."""

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="reduction_factors")
    device_class = models.CharField(max_length=16, choices=DeviceClass.choices)
    hour = models.DateTimeField()
    factor = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint("zone", "device_class", "hour", name="reduction_factor_once"),
            models.CheckConstraint(condition=Q(factor__gte=0, factor__lte=1), name="reduction_factor_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.device_class} {self.hour:%Y-%m-%d %H:%MZ}"
