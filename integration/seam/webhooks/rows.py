"""The rows of webhooks, and of the notices that are posted to them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ..versions import Versioned
from .kinds import KINDS

_DOORS = {"openadr": "OpenADR"}
WAITS = Q(delivered_at=None, discarded_at=None)


class Webhook(Versioned):
    """An address of another system that is told of changes of some kinds.

    Its secret is not stored: it is derived from its uid and `generation`, which is 0 until a secret was made. While it
    is broken nothing is posted but tests; what is announced meanwhile waits.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("Name"), max_length=60, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("Owner")
    )
    url = models.CharField(_("Address"), max_length=500)
    kinds = ArrayField(models.CharField(max_length=20), verbose_name=_("What it is told of"), default=list)
    is_active = models.BooleanField(_("Active"), default=True)
    generation = models.PositiveIntegerField(_("Secret"), default=0, editable=False)
    secret_by = models.CharField(max_length=150, blank=True, default="", editable=False)
    secret_at = models.DateTimeField(null=True, editable=False)

    # A callback of another door: its notices are posted as they are, with this authorization, locked by vault.py.
    door = models.CharField(max_length=20, blank=True, default="", db_default="", editable=False)
    authorization = models.TextField(_("Token"), blank=True, default="", db_default="", editable=False)

    # How posting goes.
    rests_until = models.DateTimeField(db_default=Now(), editable=False)  # or is being posted to, at most until then
    failures = models.PositiveIntegerField(db_default=0, editable=False)  # in a row
    failing_since = models.DateTimeField(null=True, editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)  # the last success
    broken_at = models.DateTimeField(_("Broken since"), null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """Off, No secret, Broken, Failing or Active, as pages show it."""
        for holds, state in (
            (not self.is_active, "Off"),
            (not self.generation, "No secret"),
            (self.broken_at, "Broken"),
            (self.failing_since, "Failing"),
        ):
            if holds:
                return state
        return "Active"

    @property
    def kind_labels(self) -> list[str]:
        """What it is told of, as people read it; the name of its door if it belongs to one."""
        return [str(KINDS[kind].label) for kind in self.kinds if kind in KINDS] or [_DOORS.get(self.door, self.door)]


class WebhookNotice(models.Model):
    """One change on its way to one webhook. Those about one subject are posted in the order of their ids."""

    uid = models.UUIDField(unique=True, db_default=RandomUUID(), editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20)
    type = models.CharField(max_length=40)
    subject = models.CharField(max_length=160)
    data = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())

    # Its attempts; `error` is a stored sentence.
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(db_default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, db_default="", blank=True)
    ms = models.PositiveIntegerField(null=True)
    tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    # What a person did about it.
    asked_by = models.CharField(max_length=150, db_default="", blank=True)
    asked_at = models.DateTimeField(_("Asked for at"), null=True)
    discarded_at = models.DateTimeField(null=True)
    discard_reason = models.CharField(_("Reason"), max_length=200, db_default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(discarded_at=None, dead_at=None), name="notice_has_one_end"
            ),
        ]
        indexes = [
            models.Index("webhook", "subject", "id", condition=WAITS, name="notice_waits"),
            models.Index("webhook", "id", condition=WAITS & Q(dead_at=None), name="notice_open"),
            models.Index(F("webhook"), F("id").desc(), name="notice_log"),
            models.Index("made_at", name="notice_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"

    @property
    def state(self) -> str:
        """Delivered, Discarded, Dead or Open, as pages show it."""
        for moment, state in (
            (self.delivered_at, "Delivered"),
            (self.discarded_at, "Discarded"),
            (self.dead_at, "Dead"),
        ):
            if moment:
                return state
        return "Open"

    @property
    def retries_at(self) -> datetime | None:
        """When it is tried again, if it failed and will be."""
        return self.due_at if self.attempts and self.state == "Open" else None
