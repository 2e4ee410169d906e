"""How old the load forecast is."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

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


def zones_with_old_forecast(now: datetime) -> dict[int, datetime]:
    """Zones whose forecast of the coming day, or whole forecast without one, is too old, with when it was loaded."""
    coming = Q(load__hour__gt=now, load__hour__lte=now + timedelta(days=1))
    newest = Coalesce(Max("load__loaded_at", filter=coming), Max("load__loaded_at"))
    zones = ControlZone.objects.annotate(loaded_at=newest).filter(loaded_at__lt=now - too_old())
    return dict(zones.values_list("pk", "loaded_at"))


def zone_ids_with_old_forecast(now: datetime) -> list[int]:
    """Zones whose forecast is too old and that have no open alert about it."""
    keys = {f"{KEY}{zone}": zone for zone in zones_with_old_forecast(now)}
    known = set(Alert.objects.filter(closed_at=None, key__in=keys).values_list("key", flat=True))
    return sorted(zone for key, zone in keys.items() if key not in known)
