"""Program types and programs."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q

from cpm.models.history import history_of
from integration.seam.dated_rules import DatedRules, rules_on
from integration.seam.program_rules import ProgramRules
from integration.seam.versions import Versioned


@history_of("ProgramTypeChange")
class ProgramType(Versioned):
    """A class of offers. Event Opt Out Parameters: whether customers may opt out, and until when."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    allow_to_opt_out = models.BooleanField("Allow To Opt Out", default=False)
    opt_out_cutoff_minutes = models.PositiveIntegerField(
        "cut-off (minutes before the stage starts)", default=0, help_text="0: until the stage starts."
    )

    def __str__(self) -> str:
        return self.name


@history_of("ProgramChange")
class Program(Versioned):
    """An offer that customers enroll in, with the rules that DERMS evaluates."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    type = models.ForeignKey(ProgramType, on_delete=models.PROTECT, related_name="programs")
    active = models.BooleanField(default=True)
    suspended = models.BooleanField(default=False)
    starts_on = models.DateField("first day of events", null=True, blank=True)
    ends_on = models.DateField("last day of events", null=True, blank=True)
    allow_customer_unavailability = models.BooleanField("Allow Customer Unavailability", default=False)
    follows_holidays = models.BooleanField("No events on holidays", default=False)
    rules_data = models.JSONField(default=dict)
    dated_rules_data = models.JSONField(default=list)
    releases = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=F("starts_on")),
                name="program_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> ProgramRules:
        """The rules of days for which no dated rules hold."""
        return ProgramRules.model_validate(self.rules_data)

    @property
    def dated_rules(self) -> list[DatedRules]:
        """Rules of certain days, by the day on which they take effect."""
        return [DatedRules.model_validate(one) for one in self.dated_rules_data]

    def rules_on(self, day: date) -> ProgramRules:
        return rules_on(day, self.rules, self.dated_rules)

    @property
    def state(self) -> str:
        """How it is listed; a suspended program keeps its customers, and gives no devices."""
        return "Suspended" if self.active and self.suspended else "active" if self.active else "Not active"
