"""What the simulated Live Energy Connect knows: stages and devices, all of it from messages."""

from __future__ import annotations

from collections.abc import Iterable

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from integration.seam.messages import LEFT
from integration.seam.versions import Versioned

from ..choices import MOST_START_SPREAD_MIN, SIMULATED, Answer, Fault, StageState

PRIMARY_KEY = ("nic_id", "head_end", "stage_id")  # of the bulk tables


@pghistory.track(
    model_name="HeadEndProfileChange",
    obj_field=pghistory.ObjForeignKey(related_name="changes"),
    context_field=pghistory.ContextJSONField(),
    context_id_field=None,  # type: ignore[arg-type]  # its documentation names None; its types don't
)
class HeadEndProfile(Versioned):
    """How the devices behind one head end are reached, and how they behave if they are simulated. Shares are 0 to 1.

    sql/simulated_calls.sql draws from it. A head end without a row gets one, with these defaults, before its devices
    are called for the first time.
    """

    head_end = models.CharField(max_length=40, unique=True)
    driver = models.CharField(max_length=20, default=SIMULATED, help_text="how its devices are reached")
    answer_seconds = models.FloatField(default=4.0, help_text="mean time until a device answers, s")
    offline_share = models.FloatField(default=0.03, help_text="share of the devices that never answer, 0 to 1")
    reject_share = models.FloatField(default=0.01, help_text="share of the devices that reject the call, 0 to 1")
    overrides_per_hour = models.FloatField(default=0.05, help_text="how often a customer takes a device back, 1/h")
    seed = models.IntegerField(default=1, help_text="another seed draws other devices for each of these")
    fault = models.CharField(
        max_length=8, choices=Fault.choices, default=Fault.NONE, help_text="what is wrong with the head end just now"
    )

    protocol = models.CharField(max_length=40, default="", blank=True)
    client = models.CharField(max_length=80, default="", blank=True)
    contact = models.CharField(max_length=200, default="", blank=True)
    capacity = models.PositiveIntegerField("capacity in devices", null=True, blank=True)
    start_spread_min = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="over how long devices reached by OpenADR begin, min"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start_spread_min__lte=MOST_START_SPREAD_MIN), name="head_end_profile_start_spread"
            ),
            models.CheckConstraint(
                condition=Q(offline_share__gte=0, reject_share__gte=0, overrides_per_hour__gte=0, answer_seconds__gt=0)
                & Q(offline_share__lte=1 - F("reject_share")),
                name="head_end_profile_shares",
            ),
            models.CheckConstraint(condition=Q(fault__in=Fault.values), name="head_end_profile_known_fault"),
        ]

    def __str__(self) -> str:
        return self.head_end


class LecStage(models.Model):
    """A stage to execute. DERMS's revisions and those that LEC sends back are counted separately.

    `called` counts its calls, `pending` those of them that were not answered at once; after the stage's end, LEC waits
    `answers_awaited_s` seconds for their answers.
    """

    stage_uid = models.UUIDField(unique=True)
    event_uid = models.UUIDField()
    event_number = models.CharField(max_length=20)
    stage_number = models.PositiveSmallIntegerField()
    program = models.CharField(max_length=40, db_default="")
    category = models.CharField(max_length=16, db_default="")
    time_zone = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    control = models.CharField(max_length=16)
    control_value = models.FloatField()
    state = models.CharField(max_length=12, choices=StageState.choices, default=StageState.SCHEDULED)
    status_revision = models.PositiveIntegerField()
    execution_revision = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, default="", blank=True)
    reserved = models.PositiveIntegerField(default=0)
    called = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(db_default=0)
    answers_awaited_s = models.PositiveIntegerField(db_default=0)
    reservations_loaded_at = models.DateTimeField(null=True)
    first_report_at = models.DateTimeField(null=True)  # since then there are tables for what head ends report
    late_reported_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    calls_made_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    load_reported_at = models.DateTimeField(null=True)
    answers_collected_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "stage"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="lec_stage_has_known_state", condition=Q(state__in=[str(s) for s in StageState.values])
            ),
            models.CheckConstraint(
                condition=Q(started_at=None) | Q(started_at__gte=F("starts_at"), started_at__lt=F("ends_at")),
                name="lec_stage_starts_in_its_window",
            ),
            models.CheckConstraint(
                condition=Q(calls_made_at=None) | Q(started_at__isnull=False), name="lec_calls_after_start"
            ),
        ]
        indexes = [models.Index("state", "starts_at", name="lec_stage_state")]

    def __str__(self) -> str:
        return f"{self.event_number} stage {self.stage_number}"

    @property
    def calls(self) -> str:
        """The table or view of its calls with their present answers; without pending calls, the table suffices."""
        return calls_of([self])


class Removal(models.Model):
    """A device that must not be called in a stage, or was released. It may arrive before the stage's reservations.

    While it is pending, `awaiting` has the reasons whose answers wait until its head end has read that it leaves.
    """

    stage_uid = models.UUIDField()
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    answer = models.CharField(max_length=11)
    awaiting = ArrayField(models.CharField(max_length=20), default=list, db_default=[])
    at = models.DateTimeField()
    has_left = models.GeneratedField(
        expression=Q(answer__in=LEFT),  # type: ignore[arg-type]  # any condition will do
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint("stage_uid", "head_end", "nic_id", name="lec_removal_once")]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}: {self.answer}"


class LecReservation(models.Model):
    """A device that LEC may call in a stage. Partitioned by stage.

    `nominal_w` is what it reduces by if it takes part; null in files of protocol 1, which only have `expected_w`.
    """

    pk = models.CompositePrimaryKey("stage_id", "head_end", "nic_id")
    stage_id = models.BigIntegerField()
    head_end = models.TextField()
    nic_id = models.TextField()
    expected_w = models.IntegerField()
    nominal_w = models.IntegerField(null=True)

    class Meta:
        managed = False
        db_table = "lec_reservation"


class LecCall(models.Model):
    """A call to one device and its result; a pending one gets a LecAnswer when its head end answers.

    A device that takes part holds `power_w` from its answer until the stage's end, its release or `overridden_at`;
    `nominal_w` is what was asked of it. Partitioned by stage.
    """

    pk = models.CompositePrimaryKey("stage_id", "head_end", "nic_id")
    stage_id = models.BigIntegerField()
    head_end = models.TextField()
    nic_id = models.TextField()
    called_at = models.DateTimeField()
    answer = models.TextField()
    answered_at = models.DateTimeField(null=True)
    overridden_at = models.DateTimeField(null=True)
    power_w = models.IntegerField()
    nominal_w = models.IntegerField(null=True)

    class Meta:
        managed = False
        db_table = "lec_call"


class LecAnswer(models.Model):
    """The latest answer of a head end to a pending call. The view lec_answered_call combines both."""

    stage = models.ForeignKey(LecStage, on_delete=models.CASCADE, related_name="answers")
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    at = models.DateTimeField()
    answer = models.CharField(max_length=12, choices=Answer.choices)
    answered_at = models.DateTimeField(null=True)
    overridden_at = models.DateTimeField(null=True)
    power_w = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint("stage", "head_end", "nic_id", name="lec_answer_once"),
            models.CheckConstraint(
                condition=Q(answer__in=[Answer.TAKES_PART, Answer.REJECTED, Answer.FAILED], answered_at__isnull=False)
                | Q(answer=Answer.SILENT),
                name="lec_answer_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}: {self.answer}"


def calls_of(stages: Iterable[LecStage]) -> str:
    """The table or view of the calls of several stages with their present answers."""
    return "lec_answered_call" if any(stage.pending for stage in stages) else "lec_call"
