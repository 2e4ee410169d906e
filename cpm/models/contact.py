"""Contact with customers: notifications, their e-mails, and links to a customer's own page."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.postgres.functions import RandomUUID
from django.core import signing
from django.db import models
from django.db.models import Q

from cpm.choices import NotificationKind, NotSent

_signer = signing.Signer(salt="cpm.self_service", sep=".")


class Notification(models.Model):
    """What one customer should hear about one event, once: a row of its own, independent of all others.

    `about` tells notifications of one kind apart: a stage's number, for an opt-out with its device, else empty.
    """

    uid = models.UUIDField(unique=True, db_default=RandomUUID(), editable=False)
    event_uid = models.UUIDField()
    program_event = models.ForeignKey("cpm.ProgramEvent", on_delete=models.PROTECT, related_name="notifications")
    customer = models.ForeignKey("cpm.Customer", on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=10, choices=NotificationKind.choices)
    about = models.CharField(max_length=30, default="", blank=True)
    device = models.ForeignKey("cpm.Device", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    # Its e-mail. `emailed_at` is when its text was written: later changes are not in it.
    link = models.ForeignKey("cpm.SelfServiceLink", on_delete=models.PROTECT, null=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    emailed_at = models.DateTimeField(null=True)
    # A NotSent, or the kind of the last failure; never data about the customer.
    not_sent = models.CharField(max_length=60, default="", db_default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("event_uid", "customer", "kind", "about", name="notification_once"),
            models.CheckConstraint(
                condition=Q(emailed_at=None) | Q(done_at__isnull=False), name="notification_emailed_is_done"
            ),
        ]
        indexes = [models.Index("due_at", condition=Q(done_at=None), name="notification_due")]

    def __str__(self) -> str:
        return f"notification of {self.program_event}: {self.kind}"

    @property
    def why_not(self) -> str:
        """Why no e-mail was sent, for people."""
        return str(NotSent(self.not_sent).label) if self.not_sent in NotSent.values else self.not_sent


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
