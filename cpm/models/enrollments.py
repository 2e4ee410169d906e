"""Enrollments: a customer's way into a program and out of it, and their history."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django_fsm import can_proceed

from cpm.choices import APPLICATION_STATES, WAITING_STATES, EnrollmentState, LeavingReason, Supply
from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.programs import Program
from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition
from integration.seam.models import TransitionRecord

S = EnrollmentState


class Enrollment(ConcurrentTransitionMixin, models.Model):
    """A customer's application for a program at a device location, and what became of it.

    Its subscription begins when the application is valid; then DERMS's answers about the devices lead it on. What a
    file brought in has no application: the record begins with DERMS's answer, and the import's history names the file.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="enrollments")
    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="enrollments")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, db_index=False, related_name="+")
    subscription = models.OneToOneField(Subscription, on_delete=models.PROTECT, null=True, related_name="enrollment")
    wanted = models.ManyToManyField(Device, related_name="+")
    supply = models.CharField(max_length=9, choices=Supply.choices, default="", db_default="", blank=True)
    # What the program asked, as pairs of "text" and "answer": yes is true.
    answers = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    referred_by = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    applied_at = models.DateTimeField()
    # Empty if a file brought it in.
    applied_by = models.CharField(max_length=150, default="", db_default="", blank=True)
    state = FSMField(max_length=20, choices=S.choices, default=S.PENDING, protected=True)
    revision = models.PositiveIntegerField(default=0, db_default=0)
    # Of Exception and Error: a sentence per line.
    reason = models.TextField(default="", db_default="", blank=True)
    left_because = models.CharField(max_length=13, choices=LeavingReason.choices, default="", db_default="", blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in S.values]), name="enrollment_has_known_state"
            ),
            models.CheckConstraint(
                condition=Q(subscription__isnull=False) | Q(state__in=[*map(str, APPLICATION_STATES), str(S.CANCELED)]),
                name="enrollment_valid_has_subscription",
            ),
            models.CheckConstraint(
                condition=Q(subscription__isnull=True) | ~Q(state__in=[*map(str, APPLICATION_STATES)]),
                name="enrollment_application_has_none",
            ),
            models.CheckConstraint(
                condition=Q(referred_by=None) | ~Q(referred_by=F("customer")), name="enrollment_referred_by_another"
            ),
            models.UniqueConstraint(
                "program",
                "location",
                condition=Q(state__in=[str(state) for state in APPLICATION_STATES]),
                name="enrollment_applied_once",
            ),
        ]
        indexes = [
            models.Index(
                "changed_at",
                "id",
                condition=Q(state__in=[str(state) for state in WAITING_STATES]),
                name="enrollment_waits",
            ),
            models.Index("referred_by", condition=Q(referred_by__isnull=False), name="enrollment_referred_by"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.pk}"

    @property
    def can_be_canceled(self) -> bool:
        return bool(can_proceed(self.cancel))

    @property
    def can_be_left(self) -> bool:
        return bool(can_proceed(self.leave)) and self.left_because == ""

    @transition(field=state, source=list(APPLICATION_STATES), target=S.EXCEPTION)
    def refuse(self, reason: str) -> None:
        self.reason = reason

    @transition(field=state, source=list(APPLICATION_STATES), target=S.VALIDATED)
    def validate(self, subscription: Subscription) -> None:
        self.reason, self.subscription = "", subscription

    @transition(field=state, source=S.VALIDATED, target=S.WAITING)
    def await_device(self) -> None:
        pass

    # A device is added, replaced, or sent again after an error.
    @transition(
        field=state, source=[S.VALIDATED, S.WAITING, S.REGISTERING, S.REGISTERED, S.ERROR], target=S.REGISTERING
    )
    def register(self) -> None:
        self.reason = ""

    # DERMS answered; or there is no device that it would have to know.
    @transition(field=state, source=[S.VALIDATED, S.REGISTERING, S.ERROR], target=S.REGISTERED)
    def confirm(self, reason: str) -> None:
        self.reason = reason

    @transition(field=state, source=[S.REGISTERING, S.REGISTERED, S.DEREGISTERING], target=S.ERROR)
    def fail(self, reason: str) -> None:
        self.reason = reason

    @transition(field=state, source=[S.REGISTERING, S.REGISTERED, S.ERROR], target=S.DEREGISTERING)
    def leave(self, because: str) -> None:
        self.reason, self.left_because = "", because

    @transition(field=state, source=[S.DEREGISTERING, S.ERROR], target=S.DEREGISTERED)
    def forget(self, reason: str) -> None:
        self.reason = reason

    @transition(field=state, source=[*APPLICATION_STATES, S.WAITING], target=S.CANCELED)
    def cancel(self) -> None:
        self.reason = ""


class EnrollmentTransition(TransitionRecord):
    """A state change of an enrollment."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="transitions")
    from_state = models.CharField(max_length=20, default="", blank=True)
    to_state = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint("enrollment", "revision", name="enrollment_transition_once")]
        indexes = [models.Index(fields=["-at"], name="enrollment_transition_newest")]
