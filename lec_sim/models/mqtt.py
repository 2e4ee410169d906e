"""What was published by MQTT so far, and how it goes with the broker."""

from django.db import models

from .openadr import Announcement

BROKER_ID = 1  # there is one, whose address settings.MQTT_URL has


class Published(models.Model):
    """The latest revision of an announcement that the broker has taken."""

    announcement = models.OneToOneField(Announcement, on_delete=models.CASCADE, related_name="published")
    revision = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.announcement} {self.revision}"


class Broker(models.Model):
    """The broker for MQTT: one row, made by the first publication. While it fails it rests, longer each time."""

    rests_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")
    published_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return "MQTT"
