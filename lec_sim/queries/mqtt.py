"""What the broker for MQTT has not taken yet."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from ..models import BROKER_ID, Announcement, Broker

MOST = 200  # announcements of one publication
KEPT = timedelta(days=1)


def brokers_to_publish_to(now: datetime) -> list[int]:
    """The broker, if there is one, something is due for it, and it does not rest."""
    if not settings.MQTT_URL or Broker.objects.filter(pk=BROKER_ID, rests_until__gt=now).exists():
        return []
    return [BROKER_ID] if announcements_to_publish(now, most=1) else []


def announcements_to_publish(now: datetime, *, most: int = MOST) -> list[tuple[Announcement, int]]:
    """Announcements with the revision that the broker took of each, 0 for none; those of head ends without a client
    have nobody to hear of them."""
    found = (
        Announcement.objects.filter(stage__ends_at__gt=now - KEPT)
        .exclude(ven__profile__client="")
        .annotate(taken=Coalesce("published__revision", 0))
        .filter(Q(revision__gt=F("taken")))
        .select_related("stage", "ven__profile")
        .order_by("pk")
    )
    return [(one, one.taken) for one in found[:most]]
