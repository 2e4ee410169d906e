"""The rows of alerts, and the history of what people did about them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .alert_kinds import ALERT_KINDS
from .history import HistoryRecord


class Priority(models.IntegerChoices):
    """How soon somebody should look; the most urgent sorts first."""

    HIGH = 1, _("High")
    MEDIUM = 2, _("Medium")
    LOW = 3, _("Low")


class Alert(models.Model):
    """Something a person must look at. One is open per key, and counts its occurrences.

    Somebody who acknowledges it takes it on, so that nobody else has to; it stays open until its cause goes away or it
    is archived.
    """

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    text = models.TextField()
    event_uid = models.UUIDField(null=True)
    stage_uid = models.UUIDField(null=True)
    count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, db_default="", blank=True)
    note = models.CharField(max_length=200, db_default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, default="", blank=True)

    UNSEEN: ClassVar[Q] = Q(closed_at=None, acknowledged_at=None)

    class Meta:
        constraints = [
            models.UniqueConstraint("key", condition=Q(closed_at=None), name="alert_open_once"),
            models.CheckConstraint(
                name="alert_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by="")
                | Q(acknowledged_at__isnull=False, acknowledged_by__gt=""),
            ),
            models.CheckConstraint(name="alert_has_known_priority", condition=Q(priority__in=Priority.values)),
        ]
        indexes = [
            models.Index("event_uid", name="alert_event"),
            models.Index(fields=["-last_at"], name="alert_newest"),
            models.Index("id", condition=Q(closed_at=None), name="alert_open"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def urgency(self) -> str:
        """The priority's name, as badges and files have it in every language."""
        return Priority(self.priority).name.lower()

    @property
    def kind_label(self) -> str | Promise:
        """The kind's name; the kind itself if it is one of an older version."""
        return ALERT_KINDS[self.kind].label if self.kind in ALERT_KINDS else self.kind

    @property
    def to_do(self) -> str | Promise:
        """What to do about it; empty if its kind is one of an older version."""
        return ALERT_KINDS[self.kind].to_do if self.kind in ALERT_KINDS else ""

    @property
    def retry_url(self) -> str:
        """The address at which to retry what failed; empty if it can't be retried."""
        what, _colon, rest = self.key.partition(":")
        model, _colon, pk = rest.partition(":")
        if what != "dead" or not pk:
            return ""
        return reverse("delivery_retry" if model == "delivery" else "due_work_retry", args=[pk])


class AlertChange(HistoryRecord):
    """What a person did about an alert: acknowledged or archived it."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="changes")
    what = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="alertchange_newest")]

    def __str__(self) -> str:
        return f"{self.what} by {self.by}"
