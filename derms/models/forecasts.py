"""What forecasts of load said when, how good they were, and the temperatures that they follow."""

from django.db import models

from ..choices import ForecastSource
from .grid import ControlZone


class IssuedForecast(models.Model):
    """A zone's load in one hour as one forecast had it: every forecast that was made before the hour was over."""

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="issued", db_index=False)
    hour = models.DateTimeField()
    source = models.CharField(max_length=8, choices=ForecastSource.choices)
    issued_at = models.DateTimeField()
    forecast_kw = models.IntegerField()
    low_kw = models.IntegerField(null=True)
    high_kw = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("zone", "hour", "source", "issued_at", name="forecast_issued_once"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.hour:%Y-%m-%d %H:%MZ} by {self.source}, {self.issued_at:%Y-%m-%d %H:%MZ}"


class ForecastSkill(models.Model):
    """How good the forecasts of a zone's load were in one hour of the clock over the last 28 days.

    Errors are means of the absolute error in per cent of the load: of Gridcall's own forecast and of like weekdays, as
    they would have been made the day before, and of the forecast that was in force. `low_kw` and `high_kw`: how far
    the load was below and above the forecast in force, in nine of ten hours. Each is null if it isn't known.
    """

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="skill", db_index=False)
    hour = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=16)
    days = models.PositiveSmallIntegerField()
    error_pct = models.FloatField(null=True)
    like_weekdays_pct = models.FloatField(null=True)
    in_force_pct = models.FloatField(null=True)
    low_kw = models.IntegerField(null=True)
    high_kw = models.IntegerField(null=True)
    reckoned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("zone", "hour", name="forecast_skill_once"),
            models.CheckConstraint(condition=models.Q(hour__lt=24), name="forecast_skill_of_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.hour}:00"


class Temperature(models.Model):
    """The mean outdoor temperature of a zone in one hour, °C: forecast, and measured once the hour is over."""

    zone = models.ForeignKey(ControlZone, on_delete=models.CASCADE, related_name="temperatures", db_index=False)
    hour = models.DateTimeField()
    celsius = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint("zone", "hour", name="temperature_once"),
            models.CheckConstraint(
                condition=models.Q(celsius__gte=-90, celsius__lte=70), name="temperature_is_possible"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.hour:%Y-%m-%d %H:%MZ}"
