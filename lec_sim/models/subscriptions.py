"""What clients of vens want to be told of: OpenADR subscriptions, and what was told of so far."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from integration.seam.models import Webhook

from .openadr import Announcement


class Subscription(models.Model):
    """A subscription of one client; no targets: to all that its vens are granted."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    client = models.CharField(max_length=40)  # the client id of its service account
    client_name = models.CharField(max_length=128)
    program_id = models.CharField(max_length=128, blank=True)
    targets = ArrayField(models.CharField(max_length=128), null=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["client", "id"], name="lec_subscription_client")]

    def __str__(self) -> str:
        return f"{self.client_name} {self.uid}"

    def wants(self, program: str, target: str) -> bool:
        """Whether it is told of an object of this program with this target."""
        return self.program_id in ("", program) and (not self.targets or target in self.targets)


class Callback(models.Model):
    """One address of a subscription: which operations on which objects are posted there."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="callbacks")
    webhook = models.OneToOneField(Webhook, on_delete=models.PROTECT, related_name="+")
    objects_told = ArrayField(models.CharField(max_length=12))
    operations = ArrayField(models.CharField(max_length=6))

    def __str__(self) -> str:
        return f"{self.subscription} to {self.webhook}"


class Told(models.Model):
    """The latest revision of an announcement that was written for the callbacks of its ven's client."""

    announcement = models.OneToOneField(Announcement, on_delete=models.CASCADE, related_name="told")
    revision = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.announcement} {self.revision}"
