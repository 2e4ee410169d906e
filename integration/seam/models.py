"""The rows that carry messages: sent once, applied once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from .alert_rows import Alert, AlertChange, Priority
from .history import HistoryBlock, HistoryRecord, ObjectChange, Seal
from .kind_names import words_of_kind
from .messages import ExtractRef, MessageBody, Version, read
from .service_accounts import ServiceAccount
from .webhooks.rows import Webhook, WebhookNotice

__all__ = [
    "Alert",
    "AlertChange",
    "Delivery",
    "DueWork",
    "Extract",
    "HistoryBlock",
    "Load",
    "Message",
    "ObjectChange",
    "PeriodicTurn",
    "Priority",
    "RefusedRow",
    "RequestAnswer",
    "Seal",
    "ServiceAccount",
    "TransitionRecord",
    "Webhook",
    "WebhookNotice",
    "Work",
]

SMALL, BULK = "small", "bulk"


class Message(models.Model):
    """What one system sent others. Never changed after it is sent."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    sender = models.CharField(max_length=40)
    subject = models.CharField(max_length=160)
    event_uid = models.UUIDField(null=True)
    stage_uid = models.UUIDField(null=True)
    payload = models.JSONField()
    protocol = models.CharField(max_length=8, db_default="1.0")
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["stage_uid", "kind"], name="message_stage"),
            models.Index(fields=["-id", "kind"], name="message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def body(self) -> MessageBody:
        """The message as its contract. Raises MessageRefused or NewerMessage (messages.read)."""
        return read(self.kind, self.payload, self.version)

    @property
    def version(self) -> Version:
        """The version of the protocol that the payload has."""
        return Version.of(self.protocol)

    @property
    def stage(self) -> uuid.UUID:
        """The stage this message is about. Raises ValueError if it is about something else."""
        if self.stage_uid is None:
            raise ValueError(f"{self} is not about a stage")
        return self.stage_uid

    @property
    def kind_words(self) -> str:
        return words_of_kind(self.kind)


class Work(models.Model):
    """Something to be done once, by the first process that claims it (delivery.py).

    `attempt` grows by one with each claim, `given_back` each time the receiver says “not yet”.
    """

    queue = models.CharField(max_length=5, choices=[(SMALL, SMALL), (BULK, BULK)])
    attempt = models.PositiveIntegerField(default=0)
    given_back = models.PositiveIntegerField(default=0)
    published_attempt = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    not_yet_since = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Delivery(Work):
    """One message on its way to one receiver; a bulk message has one delivery per part and receiver."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    receiver = models.CharField(max_length=40)
    part = models.PositiveIntegerField(null=True)
    receipt = models.JSONField(null=True)
    delivered_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)
    discarded_by = models.CharField(max_length=150, default="", blank=True)
    discard_reason = models.CharField(max_length=200, default="", blank=True)

    OPEN: ClassVar[Q] = Q(delivered_at=None, dead_at=None, discarded_at=None)

    class Meta:
        constraints = [
            models.UniqueConstraint("message", "receiver", "part", nulls_distinct=False, name="delivery_once"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(discarded_at=None), name="delivery_delivered_or_discarded"
            ),
        ]
        indexes = [
            models.Index(
                "due_at",
                condition=Q(delivered_at=None, dead_at=None, discarded_at=None),
                name="delivery_due",
            ),
            models.Index("dead_at", condition=Q(dead_at__isnull=False, discarded_at=None), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        part = "" if self.part is None else f" part {self.part}"
        return f"{self.message}{part} to {self.receiver}"

    @property
    def state(self) -> str:
        """Delivered, Discarded, Dead or Open, as the monitor shows it."""
        for moment, state in (
            (self.delivered_at, "Delivered"),
            (self.discarded_at, "Discarded"),
            (self.dead_at, "Dead"),
        ):
            if moment:
                return state
        return "Open"


class DueWork(Work):
    """Work that the clock started (routes.DUE, routes.EVERY); the row is deleted when the work is done.

    Work at fixed times has no object, so there is at most one row of each.
    """

    name = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)

    OPEN: ClassVar[Q] = Q(dead_at=None)

    class Meta:
        constraints = [
            models.UniqueConstraint("name", "object_id", nulls_distinct=False, name="due_work_once"),
        ]

    def __str__(self) -> str:
        return self.name if self.object_id is None else f"{self.name} {self.object_id}"


class PeriodicTurn(models.Model):
    """When an entry of routes.EVERY was last due; the scheduler that updates it notes the work (periodic.py)."""

    name = models.CharField(max_length=40, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.due_at:%Y-%m-%d %H:%MZ}"


class Extract(models.Model):
    """A bulk file that was written; its folder in the storage is named by `uid`."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    parts = models.PositiveIntegerField()
    rows = models.PositiveBigIntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    written_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"

    @property
    def ref(self) -> ExtractRef:
        return ExtractRef(extract_uid=self.uid, parts=self.parts, rows=self.rows, manifest_sha256=self.manifest_sha256)


class Load(models.Model):
    """A receiver loading the parts of one extract; the worker that counts the last part finishes the load."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="loads")
    receiver = models.CharField(max_length=40)
    table = models.CharField(max_length=63, default="", blank=True)
    parts = models.PositiveIntegerField()
    parts_done = models.PositiveIntegerField(default=0)
    applied = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("message", "receiver", name="load_once"),
            models.CheckConstraint(condition=Q(parts_done__lte=F("parts")), name="load_parts_counted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.message} at {self.receiver}"


class RefusedRow(models.Model):
    """A row of an extract that its receiver did not apply, or applied as an exception, and why."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="refused_rows")
    head_end = models.TextField()
    nic_id = models.TextField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}: {self.reason}"


class TransitionRecord(HistoryRecord):
    """One state change of one object: who, when, from, to, why. Written by the operation."""

    revision = models.PositiveIntegerField()
    from_state = models.CharField(max_length=12, default="", blank=True)
    to_state = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.CharField(max_length=150, default="system")
    why = models.TextField(default="", blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.from_state or '—'} to {self.to_state}"


class RequestAnswer(models.Model):
    """The redirect that answered an acting form, kept for a day so that a form sent twice acts once.

    `digest` is of the person, the address and what was sent: the same key with another one is not the same form.
    `status` and `body` are those of an answer to another system's call.
    """

    key = models.UUIDField(primary_key=True)
    username = models.CharField(max_length=150)
    digest = models.CharField(max_length=64, default="", db_default="")
    location = models.CharField(max_length=300, default="", blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    answered_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)


class RateCount(models.Model):
    """How many requests of one kind somebody made in one minute since 1970."""

    pk = models.CompositePrimaryKey("name", "who", "minute")
    name = models.CharField(max_length=40)
    who = models.CharField(max_length=150)
    minute = models.BigIntegerField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.who}: {self.count}"
