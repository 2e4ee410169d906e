"""Program types and programs."""

from __future__ import annotations

from django.db import models

from cpm.models.history import history_of
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
    allow_customer_unavailability = models.BooleanField("Allow Customer Unavailability", default=False)
    rules_data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> ProgramRules:
        return ProgramRules.model_validate(self.rules_data)
