"""How old the load forecast is."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import CharField, Exists, F, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from derms.models import ControlZone, LoadForecast
from integration.seam.models import Alert

KEY = "forecast:"


def newest_forecast() -> datetime | None:
    """When a forecast was last loaded."""
    newest: datetime | None = LoadForecast.objects.aggregate(at=Max("loaded_at"))["at"]
    return newest


def too_old() -> timedelta:
    """The age above which a forecast is too old."""
    return timedelta(hours=settings.FORECAST_OLD_HOURS)


def zone_ids_with_old_forecast(now: datetime) -> QuerySet[ControlZone, int]:
    """Zones whose newest forecast is too old and that have no open alert about it."""
    known = Alert.objects.filter(closed_at=None, key=OuterRef("key"))
    zones = ControlZone.objects.annotate(
        loaded_at=Max("load__loaded_at"), key=Concat(Value(KEY), F("pk"), output_field=CharField())
    )
    return zones.filter(~Exists(known), loaded_at__lt=now - too_old()).values_list("pk", flat=True)
