"""What meters say that events saved: the rules, each measurement of a program event, and its results."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cpm.choices import Baseline, BaselineAdjustment, MeasuredStatus, NotMeasured, SumOf
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program

MOST_LOOKBACK_DAYS = 45


class BaselineRule(models.Model):
    """How baselines of a program are made for events from a day on; never changed, the next row replaces it.

    `number` counts the rules of a program: results name it as the version of their method. Of the rules that hold on a
    day, the one with the latest `effective_on` counts, of these the latest made; without any, BaselineRule().
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="baseline_rules")
    number = models.PositiveSmallIntegerField(default=0)
    effective_on = models.DateField("effective for events from")
    method = models.CharField(max_length=20, choices=Baseline.choices, default=Baseline.TEN_OF_TEN)
    adjustment = models.CharField(max_length=8, choices=BaselineAdjustment.choices, default=BaselineAdjustment.RATIO)
    cap_percent = models.PositiveSmallIntegerField("adjusted by at most, %", default=20)
    adjustment_minutes = models.PositiveSmallIntegerField("length of the hours before, minutes", default=180)
    buffer_minutes = models.PositiveSmallIntegerField("between them and the event, minutes", default=60)
    lookback_days = models.PositiveSmallIntegerField("looks back at most, days", default=MOST_LOOKBACK_DAYS)
    least_days = models.PositiveSmallIntegerField("like days needed", default=5)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("program", "number", name="baseline_rule_once"),
            models.CheckConstraint(
                condition=Q(method__in=Baseline.values, adjustment__in=BaselineAdjustment.values),
                name="baseline_rule_known_method",
            ),
            models.CheckConstraint(
                condition=Q(
                    cap_percent__lte=100, adjustment_minutes__range=(15, 720), buffer_minutes__lte=720,
                    lookback_days__range=(1, MOST_LOOKBACK_DAYS), least_days__range=(1, 10),
                ),
                name="baseline_rule_within_limits",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_method_display()} ({self.number})"


class Measurement(models.Model):
    """One measuring of a program event by the meters: a correction of readings makes the next version.

    The readings used are the latest that were there at `readings_as_of`. `days` are the like days, the latest first:
    bit n of a result's days stands for days[n]; `days_out` are the others of the time looked back at, each with the
    reason. `busy` are other program events that ran on like days, [id, bits], `earlier` those that ran at the same time
    and that CPM knew earlier: as the preparation found them, for all parts. The measured window is [starts_at,
    ends_at). `errors` are sums of the errors that the method makes on like days, for the 90 % interval. `profile`
    are the sums of called and measured devices by interval, also of the hours after: [seconds since 1970,
    interval_s, meters, baseline_wh, metered_wh]; `hours` those of the event by hour of the clock: [seconds, seconds
    measured, meters, baseline_wh, metered_wh, half_width_wh or null]. `done` counts the participations of the parts
    that are done.
    """

    program_event = models.ForeignKey(ProgramEvent, on_delete=models.PROTECT, related_name="measurements")
    version = models.PositiveSmallIntegerField()
    rule = models.ForeignKey(BaselineRule, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=150, help_text="Empty: the clock, as readings came.", blank=True)
    readings_as_of = models.DateTimeField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rebound_until = models.DateTimeField()
    days = ArrayField(models.DateField(), default=list)
    days_out = models.JSONField(default=list)
    busy = models.JSONField(default=list)
    earlier = models.JSONField(default=list)
    participations = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=dict)
    distribution = models.JSONField(default=list)
    profile = models.JSONField(default=list)
    hours = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("program_event", "version", name="measurement_version_once"),
            models.UniqueConstraint("program_event", condition=Q(finished_at=None), name="measurement_one_at_a_time"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="measurement_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.program_event}, measurement {self.version}"


class MeasuredPart(models.Model):
    """Devices of a measurement under way, of ids from `first` to `last`, which one worker measures; gone at its end.

    `errors` and `profile` are as those of the measurement.
    """

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="parts")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    is_done = models.BooleanField(default=False)
    errors = models.JSONField(default=dict)
    profile = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint("measurement", "first", name="measured_part_once")]

    def __str__(self) -> str:
        return f"{self.measurement}, devices {self.first} to {self.last}"


class MeasuredResult(models.Model):
    """What the meters say of one participation in one measurement. Partitioned by measurement.

    `unadjusted_wh`, `baseline_wh` (adjusted) and `metered_wh` have an element per interval of `interval_s` from
    `starts_at` on; `saved_wh` is the sum of baseline less metered, negative if more was used. `highest_drop_w` is the
    largest mean power saved in an interval, `rebound_wh` what was used above the baseline in the hours after (null: its
    readings are missing). `adjustment` is the factor, or kWh per interval if additive. All are null if not measured.
    `days_used`, `days_busy` (another event) and `days_incomplete` (readings missing) are bits of Measurement.days.
    """

    pk = models.CompositePrimaryKey("measurement_id", "device_id")
    measurement_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    location_id = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=MeasuredStatus.choices)
    reason = models.CharField(max_length=20, choices=NotMeasured.choices)
    starts_at = models.DateTimeField(null=True)
    interval_s = models.IntegerField(null=True)
    unadjusted_wh = ArrayField(models.IntegerField(), null=True)
    baseline_wh = ArrayField(models.IntegerField(), null=True)
    metered_wh = ArrayField(models.IntegerField(), null=True)
    saved_wh = models.IntegerField(null=True)
    mean_w = models.IntegerField(null=True)
    highest_drop_w = models.IntegerField(null=True)
    rebound_wh = models.IntegerField(null=True)
    adjustment = models.FloatField(null=True)
    is_capped = models.BooleanField()
    quality = models.SmallIntegerField(null=True, help_text="The worst of the event's readings (choices.Quality).")
    days_used = models.BigIntegerField()
    days_busy = models.BigIntegerField()
    days_incomplete = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "cpm_measuredresult"


class MeasuredSum(models.Model):
    """The results of a finished measurement added up: of the stage, or of one feeder, head end, class or segment.

    Devices that left before the start belong to the stage's segments alone. `participations` = measured + not measured
    (preliminary ones are measured). Expected and reported W are of all participations; `measured_expected_w` and
    `measured_reported_w` of all called devices behind the measured meters: realisation compares like with like. So do
    `measured_expected_wh` and `measured_reported_wh`, over the whole intervals in which each meter saved `saved_wh`.
    `half_width_wh` is half of the 90 % interval of `saved_wh`, null if like days are too few to tell.
    """

    measurement = models.ForeignKey(Measurement, on_delete=models.PROTECT, related_name="sums")
    of = models.CharField(max_length=12, choices=SumOf.choices)
    name = models.CharField(max_length=40, blank=True)
    participations = models.PositiveIntegerField()
    measured = models.PositiveIntegerField()
    preliminary = models.PositiveIntegerField()
    expected_w = models.BigIntegerField()
    reported_w = models.BigIntegerField()
    measured_expected_w = models.BigIntegerField()
    measured_reported_w = models.BigIntegerField()
    measured_expected_wh = models.BigIntegerField()
    measured_reported_wh = models.BigIntegerField()
    baseline_wh = models.BigIntegerField()
    metered_wh = models.BigIntegerField()
    saved_wh = models.BigIntegerField()
    mean_w = models.BigIntegerField()
    rebound_wh = models.BigIntegerField()
    half_width_wh = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("measurement", "of", "name", name="measured_sum_once")]

    def __str__(self) -> str:
        return f"{self.get_of_display()} {self.name}"


class ReadingsLoad(models.Model):
    """That readings of some days came, so that program events of these days are measured (again)."""

    first_day = models.DateField()
    last_day = models.DateField()
    loaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_day", "loaded_at"], name="readings_load_days")]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"
