"""Contact with customers: notifications, batches of their e-mails, and links to a customer's own page."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.core import signing
from django.db import models
from django.db.models import Q

_signer = signing.Signer(salt="cpm.self_service", sep=".")


class Notification(models.Model):
    """A customer was notified that their devices are reserved for an event; at most once per event."""

    event_uid = models.UUIDField()
    program_event = models.ForeignKey("cpm.ProgramEvent", on_delete=models.PROTECT, related_name="notifications")
    customer = models.ForeignKey("cpm.Customer", on_delete=models.PROTECT, related_name="notifications")
    batch_number = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    emailed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("event_uid", "customer", name="notification_once_per_event")]
        indexes = [models.Index("program_event", "batch_number", name="notification_batch")]

    def __str__(self) -> str:
        return f"notification of {self.program_event}"


class NotificationBatch(models.Model):
    """E-mails about one program event that a worker sends together."""

    program_event = models.ForeignKey("cpm.ProgramEvent", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("program_event", "number", name="notification_batch_once")]
        indexes = [models.Index("due_at", condition=Q(done_at=None), name="notification_batch_due")]

    def __str__(self) -> str:
        return f"batch {self.number} of {self.program_event}"


class SelfServiceLink(models.Model):
    """A link that opens one customer's own page without an account, until it expires or is revoked."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey("cpm.Customer", on_delete=models.PROTECT, related_name="links")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, default="", blank=True)

    def __str__(self) -> str:
        return f"self-service link {self.uid}"

    @property
    def token(self) -> str:
        """The token in the link: the row's uid, signed."""
        return _signer.sign(self.uid.hex)

    @staticmethod
    def uid_of(token: str) -> uuid.UUID | None:
        """The uid in a token; None if this installation did not sign it."""
        try:
            return uuid.UUID(_signer.unsign(token))
        except (signing.BadSignature, ValueError):
            return None

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
