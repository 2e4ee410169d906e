"""CPM's own records: programs, customers and devices, program events and participation."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Upper

from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition
from integration.seam.messages import ProgramRules
from integration.seam.models import TransitionRecord

from .choices import DeviceClass, ProgramEventState, SyncAnswer, UnavailabilityState
from .contact import Notification, NotificationBatch, SelfServiceLink
from .facts import Participation, ParticipationChange, ParticipationOutcome, Removal

__all__ = [
    "Notification",
    "NotificationBatch",
    "Participation",
    "ParticipationChange",
    "ParticipationOutcome",
    "Removal",
    "SelfServiceLink",
]


def _history_of(model_name: str) -> Any:
    """Keeps every version of a row, with who changed it; append-only by trigger."""
    return pghistory.track(
        model_name=model_name,
        obj_field=pghistory.ObjForeignKey(related_name="changes"),
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # its documentation names None; its types don't
    )


def digits_of(field: str) -> Func:
    """A telephone number without its signs and spaces."""
    return Func(
        F(field), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=models.TextField()
    )


def _part_of(field: str, name: str) -> GinIndex:
    """Finds a row by any part of a text, whatever its case."""
    return GinIndex(OpClass(Upper(field), name="gin_trgm_ops"), name=name)


@_history_of("ProgramTypeChange")
class ProgramType(models.Model):
    """A class of offers. Event Opt Out Parameters: whether customers may opt out, and until when."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    allow_to_opt_out = models.BooleanField("Allow To Opt Out", default=False)
    opt_out_cutoff_minutes = models.PositiveIntegerField(
        "cut-off (minutes before the stage starts)", default=0, help_text="0: until the stage starts."
    )

    def __str__(self) -> str:
        return self.name


@_history_of("ProgramChange")
class Program(models.Model):
    """An offer customers enroll in, with the rules DERMS evaluates."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    type = models.ForeignKey(ProgramType, on_delete=models.PROTECT, related_name="programs")
    active = models.BooleanField(default=True)
    allow_customer_unavailability = models.BooleanField("Allow Customer Unavailability", default=False)
    version = models.PositiveIntegerField(default=1)
    rules_data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> ProgramRules:
        return ProgramRules.model_validate(self.rules_data)


class Customer(models.Model):
    """A customer of the utility. Never in logs."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    account = models.CharField(max_length=20, unique=True)
    email = models.EmailField()
    phone = models.CharField(max_length=30)

    class Meta:
        indexes = [
            _part_of("name", "customer_name_part"),
            GinIndex(OpClass(digits_of("phone"), name="gin_trgm_ops"), name="customer_phone_part"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class DeviceLocation(models.Model):
    """The place where devices are installed, and where on the grid it hangs."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="locations")
    address = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=40)
    zone = models.CharField("control zone", max_length=20)
    substation = models.CharField(max_length=30)
    feeder = models.CharField(max_length=30)
    transformer = models.CharField(max_length=40)

    class Meta:
        indexes = [_part_of("address", "location_address_part")]

    def __str__(self) -> str:
        return self.address


class Device(models.Model):
    """A controllable device. One that was replaced or taken out keeps its row, so that its outcome finds it."""

    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="devices")
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    device_class = models.CharField(max_length=16, choices=DeviceClass.choices)
    model = models.CharField(max_length=60)
    rated_w = models.PositiveIntegerField()
    critical_care = models.BooleanField(default=False)
    installed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "head_end", "nic_id", condition=Q(ended_at=None), name="cpm_device_live_natural_key"
            )
        ]
        indexes = [
            # All that loading an extract wants to know of a device, in the order in which extracts are written.
            models.Index(
                fields=["nic_id"], include=["head_end", "id", "installed_at", "ended_at"], name="cpm_device_by_nic"
            )
        ]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}"


class Subscription(models.Model):
    """A customer's enrollment in a program at a device location, over [starts_at, ends_at)."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="subscriptions")
    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="subscriptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "program subscription"
        constraints = [
            models.UniqueConstraint("program", "location", condition=Q(ends_at=None), name="subscription_open_once"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="subscription_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} in {self.program}"


class SubscribedDevice(models.Model):
    """A device of a program subscription, and what DERMS answered about it."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="subscribed_devices")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="subscribed")
    answer = models.CharField(max_length=12, choices=SyncAnswer.choices, default=SyncAnswer.PENDING)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("subscription", "device", name="subscribed_device_once")]

    def __str__(self) -> str:
        return f"{self.device} ({self.answer})"


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
    outcomes_loaded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in ProgramEventState.values]), name="program_event_known_state"
            ),
            models.CheckConstraint(
                condition=Q(closed__lte=F("participations")), name="program_event_closes_only_participations"
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="program_event_newest"),
            models.Index("starts_at", condition=Q(notified_at=None), name="program_event_to_notify"),
        ]

    def __str__(self) -> str:
        return f"{self.event_number} stage {self.stage_number}"

    @property
    def opt_out_ends_at(self) -> datetime:
        """Until when a customer may opt out."""
        return self.starts_at - timedelta(minutes=self.program.type.opt_out_cutoff_minutes)

    @transition(field=state, source=ProgramEventState.SCHEDULED, target=ProgramEventState.IN_PROGRESS)
    def begin(self, started_at: datetime | None) -> None:
        self.started_at = started_at

    # Messages may overtake each other: a Completed status can come before the In Progress one, which is then too old.
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


@_history_of("UnavailabilityChange")
class Unavailability(models.Model):
    """A period in which one of a customer's devices must not be used. Periods of one device do not overlap."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="unavailabilities")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=UnavailabilityState.choices, default=UnavailabilityState.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unavailabilities"
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="unavailability_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in UnavailabilityState.values]),
                name="unavailability_has_known_state",
            ),
            ExclusionConstraint(
                name="unavailability_once_at_a_time",
                expressions=[
                    ("device", RangeOperators.EQUAL),
                    (Func("starts_at", "ends_at", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="Active"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.starts_at:%Y-%m-%d %H:%MZ} to {self.ends_at:%Y-%m-%d %H:%MZ}"
