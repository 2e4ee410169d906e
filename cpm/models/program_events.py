"""Program events, CPM's record of a stage, and their history."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from cpm.choices import FINAL_STATES, ProgramEventState
from cpm.models.programs import Program
from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition
from integration.seam.models import TransitionRecord


class ProgramEvent(ConcurrentTransitionMixin, models.Model):
    """CPM's record of one stage, driven by DERMS's status messages."""

    stage_uid = models.UUIDField(unique=True)
    event_uid = models.UUIDField(db_index=True)
    event_number = models.CharField(max_length=20)
    event_name = models.CharField(max_length=120)
    stage_number = models.PositiveSmallIntegerField()
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="program_events")
    category = models.CharField(max_length=12)
    time_zone = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    state = FSMField(choices=ProgramEventState.choices, default=ProgramEventState.SCHEDULED, protected=True)
    revision = models.PositiveIntegerField()
    reason = models.CharField(max_length=200, default="", blank=True)
    participations = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=dict)
    reduction_w = models.BigIntegerField(null=True)
    reservations_loaded_at = models.DateTimeField(null=True)
    notified_at = models.DateTimeField(null=True)
    end_notified_at = models.DateTimeField(null=True)  # when notifications of its end or cancellation were made
    outcomes_loaded_at = models.DateTimeField(null=True)
    # Of one that a DERMS from outside planned: its ids of the stage and the event. Empty: Gridcall's own.
    external_id = models.CharField(max_length=120, default="", db_default="", blank=True)
    external_event_id = models.CharField(max_length=120, default="", db_default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in ProgramEventState.values]), name="program_event_known_state"
            ),
            models.CheckConstraint(
                condition=Q(closed__lte=F("participations")), name="program_event_closes_only_participations"
            ),
            models.UniqueConstraint("external_id", condition=~Q(external_id=""), name="program_event_external_once"),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="program_event_newest"),
            models.Index("starts_at", condition=Q(notified_at=None), name="program_event_to_notify"),
            models.Index(
                "ends_at",
                condition=Q(end_notified_at=None, state__in=[str(s) for s in FINAL_STATES]),
                name="program_event_end_to_notify",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_number} stage {self.stage_number}"

    @property
    def is_external(self) -> bool:
        """Whether a DERMS from outside planned it."""
        return self.external_id != ""

    @property
    def left(self) -> int:
        """How many devices left after they were reserved."""
        return self.participations - self.reserved

    @property
    def opt_out_ends_at(self) -> datetime:
        """The time until which a customer may opt out."""
        return self.starts_at - timedelta(minutes=self.program.type.opt_out_cutoff_minutes)

    @transition(field=state, source=ProgramEventState.SCHEDULED, target=ProgramEventState.IN_PROGRESS)
    def begin(self, started_at: datetime | None) -> None:
        self.started_at = started_at

    # Messages may overtake each other: Completed may arrive before In Progress, which then has too low a revision.
    @transition(
        field=state,
        source=[ProgramEventState.SCHEDULED, ProgramEventState.IN_PROGRESS],
        target=ProgramEventState.COMPLETED,
    )
    def complete(self, started_at: datetime | None) -> None:
        self.started_at = started_at

    @transition(
        field=state,
        source=[ProgramEventState.SCHEDULED, ProgramEventState.IN_PROGRESS],
        target=ProgramEventState.CANCELED,
    )
    def cancel(self, reason: str, started_at: datetime | None) -> None:
        self.reason, self.started_at = reason, started_at


class Transition(TransitionRecord):
    """A state change of a program event."""

    program_event = models.ForeignKey(ProgramEvent, on_delete=models.PROTECT, related_name="transitions")

    class Meta:
        constraints = [models.UniqueConstraint("program_event", "revision", name="cpm_transition_once")]
        indexes = [models.Index(fields=["-at"], name="cpm_transition_newest")]
