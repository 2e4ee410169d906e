"""Reusable plans that events are made from."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from integration.seam.localtime import days_later
from integration.seam.versions import Versioned

from ..choices import CallOrder, Control, Objective, StrategyState
from .devices import DerGroup, Program
from .event_types import EventType
from .grid import ControlZone

MINUTES_A_DAY = 24 * 60


class Strategy(Versioned):
    """A reusable plan: objective, control zone, default stages."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    description = models.CharField(max_length=500, blank=True)
    zone = models.ForeignKey(ControlZone, on_delete=models.PROTECT, verbose_name="control zone")
    type = models.ForeignKey(EventType, on_delete=models.PROTECT)
    objective = models.CharField(max_length=20, choices=Objective.choices, default=Objective.LOAD_REDUCTION)
    target_kw = models.PositiveIntegerField("target (kW)", null=True, blank=True)
    threshold_kw = models.PositiveIntegerField("threshold (kW)", null=True, blank=True)
    call_order = models.CharField("order of devices", max_length=8, choices=CallOrder.choices, default=CallOrder.FAIR)
    is_reserve = models.BooleanField("operating reserve", default=False, db_default=False)  # counted hour by hour
    state = models.CharField(max_length=8, choices=StrategyState.choices, default=StrategyState.ACTIVE)

    class Meta:
        verbose_name_plural = "strategies"
        constraints = [
            models.CheckConstraint(
                name="strategy_has_known_state", condition=Q(state__in=[str(s) for s in StrategyState.values])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StageControl(models.Model):
    """What a stage asks of its devices: fields that a strategy's default stages and an event's stages share."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT)
    der_groups = models.ManyToManyField(DerGroup, blank=True, verbose_name="DER groups")
    target_kw = models.PositiveIntegerField("target (kW)", null=True, blank=True)
    share_pct = models.PositiveSmallIntegerField("share (%)", null=True, blank=True)
    control = models.CharField(max_length=16, choices=Control.choices, default=Control.OFF)
    control_value = models.FloatField(
        "control value",
        default=0,
        help_text="Kelvin for a setpoint offset, % of the time off for a duty cycle, else 0.",
    )

    class Meta:
        abstract = True


class StrategyStage(StageControl):
    """A default stage: it starts `offset_minutes` after the event's start and lasts `length_minutes`."""

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="stages")
    number = models.PositiveSmallIntegerField()
    offset_minutes = models.PositiveIntegerField(default=0)
    length_minutes = models.PositiveIntegerField(default=60)

    class Meta:
        constraints = [
            models.UniqueConstraint("strategy", "number", name="strategy_stage_number"),
            models.CheckConstraint(condition=Q(length_minutes__gt=0), name="strategy_stage_has_length"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} stage {self.number}"

    def begins(self, start: datetime, time_zone: str) -> datetime:
        """When the stage of an event with this start begins: whole days of the offset are days of the calendar."""
        days, minutes = divmod(self.offset_minutes, MINUTES_A_DAY)
        return days_later(start, time_zone, days) + timedelta(minutes=minutes)
