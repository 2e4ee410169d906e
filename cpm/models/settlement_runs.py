"""Runs of settlement: what each participation, season or subscription of a period is due, reckoned once."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from cpm.choices import (
    LEFT_OUT_REASONS,
    OPEN_RUN_STATES,
    SETTLED_STATES,
    DeviceClass,
    SettlementState,
    SettlementSumOf,
)
from cpm.models.measuring import Measurement
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.models.settlement import PriceVersion, SettlementMethod
from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition
from integration.seam.models import TransitionRecord

S = SettlementState
AMOUNT: dict[str, Any] = {"max_digits": 18, "decimal_places": 4}


class SettlementRun(ConcurrentTransitionMixin, models.Model):
    """What a method pays for the days of a period, both included; immutable from Draft on.

    `terms` are the method and its prices as they were when it was made (cpm.settlement.Terms). A run of a period
    that is settled already corrects: its lines are the difference to what was approved before. One run of a method is
    open at a time for a day.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="settlement_runs")
    method = models.ForeignKey(SettlementMethod, on_delete=models.PROTECT, related_name="runs")
    method_version = models.PositiveIntegerField()
    prices = models.ForeignKey(PriceVersion, on_delete=models.PROTECT, related_name="runs")
    terms = models.JSONField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    corrects = ArrayField(models.BigIntegerField(), default=list)
    state = FSMField(max_length=9, choices=S.choices, default=S.COMPUTING, protected=True)
    revision = models.PositiveIntegerField(default=1)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    reviewed_by = models.CharField(max_length=150, default="", blank=True)
    approved_by = models.CharField(max_length=150, default="", blank=True)
    approved_at = models.DateTimeField(null=True)
    lines = models.PositiveBigIntegerField(default=0)
    left_out = models.PositiveBigIntegerField(default=0)
    amount = models.DecimalField(**AMOUNT, default=0)
    lines_sha256 = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in S.values]), name="settlement_run_known_state"
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="settlement_run_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("made_by")) & ~Q(approved_by=F("made_by")), name="settlement_run_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in SETTLED_STATES])
                & ~Q(approved_by="")
                & Q(approved_at__isnull=False)
                | ~Q(state__in=[str(state) for state in SETTLED_STATES]) & Q(approved_by="", approved_at=None),
                name="settlement_run_approved_by_somebody",
            ),
            ExclusionConstraint(
                name="settlement_run_open_once",
                expressions=[
                    ("method", RangeOperators.EQUAL),
                    (Func("starts_on", "ends_on", Value("[]"), function="daterange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=[str(state) for state in OPEN_RUN_STATES]),
            ),
        ]
        permissions = [
            ("review_settlementrun", "Can review a settlement run of somebody else"),
            ("approve_settlementrun", "Can approve a settlement run of somebody else"),
        ]

    def __str__(self) -> str:
        return f"{self.program.code}-{self.pk}"

    @transition(field=state, source=S.COMPUTING, target=S.DRAFT)
    def finish(self) -> None: ...

    @transition(field=state, source=S.DRAFT, target=S.REVIEWED)
    def review(self, by: str) -> None:
        self.reviewed_by = by

    @transition(field=state, source=S.REVIEWED, target=S.APPROVED)
    def approve(self, by: str, at: Any) -> None:
        self.approved_by, self.approved_at = by, at

    @transition(field=state, source=S.APPROVED, target=S.EXPORTED)
    def export(self) -> None: ...

    @transition(field=state, source=[S.COMPUTING, S.DRAFT, S.REVIEWED], target=S.DISCARDED)
    def discard(self) -> None: ...


class SettlementTransition(TransitionRecord):
    """A state change of a run, with what its lines were then; `lines_sha256` covers the digest of each of them."""

    run = models.ForeignKey(SettlementRun, on_delete=models.PROTECT, related_name="transitions")
    lines = models.PositiveBigIntegerField()
    left_out = models.PositiveBigIntegerField()
    amount = models.DecimalField(**AMOUNT)
    lines_sha256 = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("run", "revision", name="settlement_transition_once")]
        indexes = [models.Index(fields=["-at"], name="settlement_transition_newest")]


class SettlementPart(models.Model):
    """A part of a run that is reckoned at once: a program event by one measurement, or all that is not of one event.

    `events` are the program events of a season, each with the measurement that counts. `prices` are those of the
    intervals that results have, of what is paid by interval.
    """

    run = models.ForeignKey(SettlementRun, on_delete=models.PROTECT, related_name="parts")
    program_event = models.ForeignKey(ProgramEvent, on_delete=models.PROTECT, null=True, related_name="+")
    measurement = models.ForeignKey(Measurement, on_delete=models.PROTECT, null=True, related_name="+")
    events = models.JSONField(default=list)
    prices = models.JSONField(default=list)
    is_settled = models.BooleanField(default=False)
    lines = models.PositiveBigIntegerField(default=0)
    left_out = models.PositiveBigIntegerField(default=0)
    amount = models.DecimalField(**AMOUNT, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint("run", "program_event", name="settlement_part_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.program_event or ''}"


class SettlementSum(models.Model):
    """The lines of a run added up by one of their properties, as its page shows them."""

    run = models.ForeignKey(SettlementRun, on_delete=models.PROTECT, related_name="sums")
    of = models.CharField(max_length=12, choices=SettlementSumOf.choices)
    name = models.CharField(max_length=40, blank=True)
    lines = models.PositiveBigIntegerField()
    left_out = models.PositiveBigIntegerField()
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    amount = models.DecimalField(**AMOUNT)

    class Meta:
        constraints = [models.UniqueConstraint("run", "of", "name", name="settlement_sum_once")]

    def __str__(self) -> str:
        return f"{self.get_of_display()} {self.name}"

    @property
    def in_words(self) -> Any:
        """What it is the sum of, as people read it."""
        if self.of == SettlementSumOf.LEFT_OUT:
            return LEFT_OUT_REASONS.get(self.name, self.name)
        return dict(DeviceClass.choices).get(self.name, self.name)


class SettlementLine(models.Model):
    """What one participation (its device), a device's season or a subscription (program event 0) is due by a run.

    `quantity` is what is paid for: kWh, kW or a count; `percent` what the outcome earns of it. `due` is the whole
    amount, `settled_before` what approved runs came to before, `amount` the difference. A line that is `left_out`, for
    this reason, has no amounts. `digest` is of all that. Partitioned by run.
    """

    pk = models.CompositePrimaryKey("run_id", "program_event_id", "subject_id")
    run_id = models.BigIntegerField()
    program_event_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    location_id = models.BigIntegerField()
    code = models.TextField()
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    due = models.DecimalField(**AMOUNT, null=True)
    settled_before = models.DecimalField(**AMOUNT)
    amount = models.DecimalField(**AMOUNT, null=True)
    left_out = models.TextField()
    digest = models.BinaryField()

    class Meta:
        managed = False
        db_table = "cpm_settlementline"
