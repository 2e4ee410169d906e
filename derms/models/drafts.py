"""Unsaved drafts of events."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class EventDraft(models.Model):
    """What a person has typed on New Event and not saved yet, encoded as the form sends it."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    typed = models.TextField()
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person} {self.kept_at:%H:%MZ}"
