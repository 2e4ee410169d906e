"""The history of events and stages."""

from __future__ import annotations

from django.db import models

from integration.seam.models import TransitionRecord

from .events import Event, Stage


class Transition(TransitionRecord):
    """A state change of an event, or of one of its stages."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="transitions")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, related_name="transitions")

    class Meta:
        constraints = [
            models.UniqueConstraint("event", "stage", "revision", nulls_distinct=False, name="derms_transition_gapless")
        ]
        indexes = [models.Index(fields=["-at"], name="derms_transition_newest")]


class SubmittedPlan(models.Model):
    """An event's plan as it was submitted, so that an approver sees what changed since they denied the one before.

    `revision` is that of the event when it was submitted; `plan` is what planning/submitted_plans.py writes.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="submitted_plans")
    revision = models.PositiveIntegerField()
    at = models.DateTimeField()
    plan = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint("event", "revision", name="derms_submitted_plan_once")]

    def __str__(self) -> str:
        return f"{self.event} at revision {self.revision}"
