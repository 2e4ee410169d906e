"""Program types and programs."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cpm.choices import Category, Settlement
from cpm.models.history import history_of
from integration.seam.dated_rules import DatedRules, rules_on
from integration.seam.program_rules import ProgramRules
from integration.seam.versions import Versioned


@history_of("ProgramTypeChange")
class ProgramType(Versioned):
    """A class of offers. Event Opt Out Parameters: whether customers may opt out, and until when.

    Where no device is required, a place may be enrolled without any; DERMS hears of devices alone.
    """

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=16, choices=Category.choices, default=Category.DEVICE_CONTROL)
    device_required = models.BooleanField("device required", default=True)
    allow_to_opt_out = models.BooleanField("Allow To Opt Out", default=False)
    opt_out_cutoff_minutes = models.PositiveIntegerField(
        "cut-off (minutes before the stage starts)", default=0, help_text="0: until the stage starts."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=Category.values), name="program_type_known_category")
        ]

    def __str__(self) -> str:
        return self.name


class Question(NamedTuple):
    """What somebody who applies is asked, and the answer with which they can join."""

    text: str
    wanted: bool


@history_of("ProgramChange")
class Program(Versioned):
    """An offer that customers enroll in, with the rules that DERMS evaluates.

    Who may join: empty lists of classes, models (parts of make and model) and rates take all of them.
    """

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
    settlement = models.CharField("settlement method", max_length=8, choices=Settlement.choices, default="", blank=True)
    eligible_classes = ArrayField(
        models.CharField(max_length=16), verbose_name="eligible device classes", default=list, blank=True
    )
    eligible_models = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    eligible_rates = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    questions_data = models.JSONField("qualification questions", default=list, blank=True)
    dual_participation = models.BooleanField("dual participation", default=True)
    releases = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=F("starts_on")),
                name="program_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(settlement__in=["", *Settlement.values]), name="program_known_settlement"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def calls_devices(self) -> bool:
        """Whether events may choose its devices."""
        return self.type.category == Category.DEVICE_CONTROL

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
    def questions(self) -> list[Question]:
        """What somebody who applies is asked."""
        return [Question(**one) for one in self.questions_data]

    @property
    def state(self) -> str:
        """How it is listed; a suspended program keeps its customers, and gives no devices."""
        return "Suspended" if self.active and self.suspended else "active" if self.active else "Not active"
