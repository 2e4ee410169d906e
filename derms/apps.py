from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

EMERGENCY_LEAD_TIME_S = 60


class DermsConfig(AppConfig):
    name = "derms"
    verbose_name = "DERMS"

    def ready(self) -> None:
        post_migrate.connect(make_strategy_types, sender=self)


def make_strategy_types(**kwargs: Any) -> None:
    """Give every type of event its row after a migrate; times that somebody changed stay."""
    types = apps.get_model("derms", "StrategyType")
    for category in types._meta.get_field("category").choices:
        times = {"lead_time_s": EMERGENCY_LEAD_TIME_S} if category[0] == "Emergency" else {}
        types.objects.get_or_create(category=category[0], defaults=times)
