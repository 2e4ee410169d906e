from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from .choices import Category

EMERGENCY_LEAD_TIME_S = 60


class DermsConfig(AppConfig):
    name = "derms"
    verbose_name = "DERMS"

    def ready(self) -> None:
        post_migrate.connect(make_event_types, sender=self)


def make_event_types(**kwargs: Any) -> None:
    """Create the missing rows of event types after a migrate; existing rows keep their values."""
    for category in Category:
        times = {"lead_time_s": EMERGENCY_LEAD_TIME_S} if category == Category.EMERGENCY else {}
        apps.get_model("derms", "EventType").objects.get_or_create(category=category, defaults=times)
