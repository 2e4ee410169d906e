"""What head ends report of their devices in stages."""

from django.db import models

from .openadr import Ven
from .stages import LecStage

# The bulk tables of it, with their keys.
REPORTED = {
    "lec_word": ("nic_id", "head_end", "at", "word", "stage_id"),
    "lec_telemetry": ("nic_id", "head_end", "measure", "starts_at", "stage_id"),
}


class VenReport(models.Model):
    """A report as a ven sent it, in `content`; it came late if the stage's outcomes had been handed over before.

    `client` sent it; the head end may have another one since, who is shown none of it.
    """

    client = models.CharField(max_length=80, default="", db_default="")
    ven = models.ForeignKey(Ven, on_delete=models.CASCADE, related_name="reports")
    stage = models.ForeignKey(LecStage, on_delete=models.CASCADE, related_name="reports")
    client_name = models.CharField(max_length=128)
    name = models.TextField(blank=True)
    resources = models.PositiveIntegerField()
    content = models.JSONField()
    is_late = models.BooleanField()
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        verbose_name = "report"
        default_permissions = ()
        indexes = [
            models.Index(fields=["ven", "-modified_at"], name="lec_venreport_newest"),
            models.Index(fields=["created_at"], name="lec_venreport_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.ven}: {self.name or self.client_name}"


class LecWord(models.Model):
    """What a head end said of one of its devices at a moment of a stage (choices.Word). Partitioned by stage."""

    pk = models.CompositePrimaryKey("stage_id", "head_end", "nic_id", "at", "word")
    stage_id = models.BigIntegerField()
    head_end = models.TextField()
    nic_id = models.TextField()
    at = models.DateTimeField()
    word = models.TextField()
    heard_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "lec_word"


class LecTelemetry(models.Model):
    """What a head end measured over an interval of a stage, as mean power in W (choices.Measure, choices.Quality).

    Without a NIC id it is the sum of all its devices. Partitioned by stage.
    """

    pk = models.CompositePrimaryKey("stage_id", "head_end", "nic_id", "measure", "starts_at")
    stage_id = models.BigIntegerField()
    head_end = models.TextField()
    nic_id = models.TextField()
    measure = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    watts = models.FloatField()
    quality = models.TextField()
    heard_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "lec_telemetry"
