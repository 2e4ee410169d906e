"""Events and their stages."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.functional import cached_property

from derms.choices import EDITABLE_STATES, Approval, CallOrder, EventState, Objective, StageState
from derms.models.event_types import EventType
from derms.models.grid import ControlZone
from derms.models.left_out import ABOVE_APPROVED, LeftOut, left_out_rows
from derms.models.strategies import StageControl, Strategy
from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition

User = settings.AUTH_USER_MODEL
NEW, SUBMITTED, DENIED, APPROVED = EventState.NEW, EventState.SUBMITTED, EventState.DENIED, EventState.APPROVED
SCHEDULED, IN_PROGRESS = EventState.SCHEDULED, EventState.IN_PROGRESS
COMPLETED, CANCELED = EventState.COMPLETED, EventState.CANCELED


def _by_another_person(approver: str, name: str) -> models.CheckConstraint:
    """Nobody approves an event they wrote, edited last or submitted."""
    nobody, submitter = Q(**{approver: None}), Q(submitter=None) | ~Q(**{approver: F("submitter")})
    another = ~Q(**{approver: F("author")}) & ~Q(**{approver: F("last_editor")}) & submitter
    return models.CheckConstraint(name=name, condition=nobody | another)


class Event(ConcurrentTransitionMixin, models.Model):
    """One demand-response call in one control zone. Only the transitions below write `state`."""

    # Identity.
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)

    # The plan, copied from its strategy.
    zone = models.ForeignKey(ControlZone, on_delete=models.PROTECT, verbose_name="control zone")
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="events")
    type = models.ForeignKey(EventType, on_delete=models.PROTECT)
    objective = models.CharField(max_length=20, choices=Objective.choices)
    target_kw = models.PositiveIntegerField("target (kW)", null=True, blank=True)
    threshold_kw = models.PositiveIntegerField("threshold (kW)", null=True, blank=True)
    call_order = models.CharField("order of devices", max_length=8, choices=CallOrder.choices, default=CallOrder.FAIR)
    target_steps = models.JSONField(null=True)  # frozen by Schedule: [start, end, kW]; null: not scheduled, or fixed
    overridden_rules = ArrayField(models.CharField(max_length=30), default=list, blank=True)

    # Its state.
    state = FSMField(choices=EventState.choices, default=EventState.NEW, protected=True)
    revision = models.PositiveIntegerField(default=1)  # counts changes; an edit based on an older one is refused
    schedule_due_at = models.DateTimeField(null=True)  # when the scheduler chooses its devices; null: not due

    # Its approval.
    approval = models.CharField(max_length=12, choices=Approval.choices, default=Approval.NOT_REQUIRED)
    balance_authority_approval = models.CharField(
        max_length=12, choices=Approval.choices, default=Approval.NOT_REQUIRED
    )
    shortfall_accepted_kw = models.PositiveIntegerField(default=0)  # how much all goals together may be missed by
    expected_at = models.DateTimeField(null=True)  # when Submit counted what its stages expect; null: never submitted

    # Its people.
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    last_editor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    submitter = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    balance_authority_approver = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("abort_event", "Can abort events in any state"),
            ("plan_event", "Can plan, submit, withdraw and schedule events"),
            ("approve_event", "Can approve and deny events of other people"),
            ("approve_event_as_balance_authority", "Can give the Balance Authority's approval"),
        ]
        constraints = [
            _by_another_person("approver", "event_approved_by_another_person"),
            _by_another_person("balance_authority_approver", "event_second_approval_by_another_person"),
            models.CheckConstraint(
                name="event_approved_by_two_people",
                condition=Q(approver=None)
                | Q(balance_authority_approver=None)
                | ~Q(approver=F("balance_authority_approver")),
            ),
            models.CheckConstraint(name="event_has_known_state", condition=Q(state__in=list(EventState.values))),
            models.CheckConstraint(
                name="event_past_approval_has_approver",
                condition=~Q(state__in=[str(APPROVED), str(SCHEDULED), str(IN_PROGRESS), str(COMPLETED)])
                | Q(approver__isnull=False),
            ),
        ]
        indexes = [
            models.Index("schedule_due_at", condition=Q(schedule_due_at__isnull=False), name="event_to_schedule"),
            models.Index(fields=["state", "-id"], name="event_state"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def reserved_kw(self) -> float:
        """The reserved power, for rows of events_for_list, which include the power figures."""
        return float(getattr(self, "reserved_w", None) or 0) / 1000

    def accepts(self, missing_kw: int) -> bool:
        """Whether Schedule reserves devices although so much is missing at the worst moment."""
        return missing_kw <= self.shortfall_accepted_kw

    @transition(field=state, source=[NEW, DENIED], target=NEW)
    def edit(self, editor: Any) -> None:
        """An edit resets every approval."""
        self.last_editor, self.submitter = editor, None
        self.approver = self.balance_authority_approver = None
        self.approval = self.balance_authority_approval = Approval.NOT_REQUIRED

    @transition(field=state, source=NEW, target=SUBMITTED)
    def submit(self, submitter: Any, accepted_kw: int, *, needs_balance_authority: bool) -> None:
        self.submitter, self.shortfall_accepted_kw = submitter, accepted_kw
        self.approval = Approval.REQUIRED
        self.balance_authority_approval = Approval.REQUIRED if needs_balance_authority else Approval.NOT_REQUIRED

    @transition(field=state, source=SUBMITTED, target=NEW)
    def withdraw(self) -> None:
        self.submitter = self.approver = self.balance_authority_approver = None
        self.approval = self.balance_authority_approval = Approval.NOT_REQUIRED

    @transition(field=state, source=SUBMITTED, target=DENIED)
    def deny(self, field: str) -> None:
        """`field` is the approval that is denied: approval or balance_authority_approval."""
        setattr(self, field, Approval.DENIED)

    @transition(field=state, source=SUBMITTED, target=APPROVED)
    def approve(self, now: datetime) -> None:
        """Every required approval is given."""
        self.schedule_due_at = now

    @transition(field=state, source=APPROVED, target=SCHEDULED)
    def schedule(self) -> None:
        self.schedule_due_at = None

    @transition(field=state, source=APPROVED, target=SUBMITTED)
    def accept_shortfall(self, accepted_kw: int, submitter: Any) -> None:
        """A larger shortfall needs a new approval."""
        self.shortfall_accepted_kw, self.submitter, self.schedule_due_at = accepted_kw, submitter, None
        self.approver = self.balance_authority_approver = None
        self.approval = Approval.REQUIRED
        if self.balance_authority_approval == Approval.GIVEN:
            self.balance_authority_approval = Approval.REQUIRED

    @transition(field=state, source=SCHEDULED, target=IN_PROGRESS)
    def begin(self) -> None:
        """The first stage has started."""

    @transition(field=state, source=IN_PROGRESS, target=COMPLETED)
    def complete(self) -> None:
        """Every stage is final and at least one ran."""

    @transition(field=state, source=[NEW, SUBMITTED, DENIED, APPROVED, SCHEDULED, IN_PROGRESS], target=CANCELED)
    def cancel(self) -> None:
        self.schedule_due_at = None


class Stage(ConcurrentTransitionMixin, StageControl):
    """Part of an event, with its own window and one program. The window is frozen once devices are reserved."""

    # The plan; program, groups, target, share and control come from StageControl.
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="stages")
    number = models.PositiveSmallIntegerField()
    generated = models.BooleanField(default=False, db_default=False)  # its target is its own, whatever the objective

    # As Submit found it, for the approver.
    submitted_groups = models.JSONField(null=True, editable=False)  # criteria of its DER groups
    expected_devices = models.PositiveIntegerField(null=True, editable=False)  # that would have been reserved then
    expected_w = models.BigIntegerField(null=True, editable=False)  # W expected of these devices

    # Its window, half-open.
    starts_at = models.DateTimeField("start")
    ends_at = models.DateTimeField("end")

    # Its state.
    state = FSMField(choices=StageState.choices, default=StageState.NEW, protected=True)
    revision = models.PositiveIntegerField(default=1)  # of the state; status messages carry it
    reason = models.CharField(max_length=200, blank=True)  # why it was canceled

    # Its reservations, as Schedule left them.
    goal_kw = models.FloatField(null=True)  # null: no target, every eligible device is reserved
    reserved = models.PositiveIntegerField(default=0)  # devices
    reserved_w = models.BigIntegerField(default=0)  # W expected of these devices
    removed = models.PositiveIntegerField(default=0)  # reserved devices that have left since
    removed_w = models.BigIntegerField(default=0)  # W expected of the devices that have left
    left_out = models.JSONField(default=dict)  # reason: number of candidates that were not reserved
    left_out_w = models.JSONField(default=dict)  # reason: W expected of them
    feeders = models.JSONField(default=dict)  # feeder's code: number of reserved devices
    class_w = models.JSONField(default=dict, db_default={})  # device class: W expected of its reserved devices

    # Its execution, as LEC reports it.
    execution_revision = models.PositiveIntegerField(default=0)  # of the newest report
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    called = models.PositiveIntegerField(default=0)  # devices

    # Its outcomes, once they are sent.
    outcomes = models.JSONField(default=dict)  # outcome code: number of devices
    reduction_w = models.BigIntegerField(null=True)  # W, the sum over its devices
    realisation_version = models.PositiveIntegerField(null=True)  # of the latest measuring that came; it may be empty

    # Bookkeeping: when each step was done, null before that.
    reservations_sent_at = models.DateTimeField(null=True)
    raw_outcomes_at = models.DateTimeField(null=True)  # when the last part of the extract was loaded
    outcomes_sent_at = models.DateTimeField(null=True)
    calls_counted_at = models.DateTimeField(null=True)  # when its calls were counted in its zone's candidates
    unstarted_reported_at = models.DateTimeField(null=True)  # when the alert “stage not started” was raised
    unended_reported_at = models.DateTimeField(null=True)  # when the alert “stage not ended” was raised

    class Meta:
        constraints = [
            models.UniqueConstraint("event", "number", name="stage_number"),
            models.CheckConstraint(
                name="stage_has_known_state", condition=Q(state__in=[str(s) for s in StageState.values])
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="stage_ends_after_start"),
            models.CheckConstraint(condition=Q(share_pct=None) | Q(share_pct__lte=100), name="stage_share_is_a_share"),
        ]
        indexes = [models.Index("state", "starts_at", name="derms_stage_state")]

    def __str__(self) -> str:
        return f"{self.event.number} stage {self.number}"

    @cached_property
    def group_criteria(self) -> list[dict[str, Any]]:
        """The criteria of its DER groups; a device must meet those of one of them, if there are any.

        While the plan can be edited, as they are now; from Submit on, as they were then. For a stage that isn't saved,
        the form sets them.
        """
        if self.submitted_groups is None or self.event.state in EDITABLE_STATES:
            return [group.criteria for group in self.der_groups.all()]
        criteria: list[dict[str, Any]] = self.submitted_groups
        return criteria

    @cached_property
    def of_event(self) -> list[Stage]:
        """All stages of its event, itself too. For a stage that isn't saved, the form sets them."""
        return list(self.event.stages.all())

    @property
    def minutes(self) -> int:
        return round((self.ends_at - self.starts_at).total_seconds() / 60)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will happen to it: its outcomes are sent, or it was canceled before it started."""
        return self.outcomes_sent_at is not None or (self.state == StageState.CANCELED and self.started_at is None)

    @property
    def label(self) -> str:
        return f"{self.number} · {self.program}"

    @property
    def left_out_count(self) -> int:
        return sum(self.left_out.values())

    @property
    def left_out_rows(self) -> list[LeftOut]:
        return left_out_rows(self.left_out, self.left_out_w)

    @property
    def above_approved(self) -> int:
        """Devices that Schedule left out because more would have been reserved than was approved."""
        return int(self.left_out.get(ABOVE_APPROVED, 0))

    @transition(field=state, source=StageState.NEW, target=StageState.SCHEDULED)
    def schedule(self) -> None:
        self.revision += 1

    @transition(field=state, source=StageState.SCHEDULED, target=StageState.IN_PROGRESS)
    def begin(self, at: datetime) -> None:
        self.started_at = at
        self.revision += 1

    @transition(field=state, source=StageState.IN_PROGRESS, target=StageState.COMPLETED)
    def complete(self, at: datetime) -> None:
        self.ended_at = at
        self.revision += 1

    @transition(
        field=state, source=[StageState.NEW, StageState.SCHEDULED, StageState.IN_PROGRESS], target=StageState.CANCELED
    )
    def cancel(self, reason: str) -> None:
        self.reason = reason
        self.revision += 1
