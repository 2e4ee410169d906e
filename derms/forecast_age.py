"""How old the load forecast is, and the alert where a zone's is too old to plan with."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, F, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Alert

from .models import ControlZone, LoadForecast

KEY = "forecast:"


def newest_forecast() -> datetime | None:
    """When a forecast was loaded last."""
    newest: datetime | None = LoadForecast.objects.aggregate(at=Max("loaded_at"))["at"]
    return newest


def too_old() -> timedelta:
    """The age from which a forecast is too old."""
    return timedelta(hours=settings.FORECAST_OLD_HOURS)


def zone_ids_with_old_forecast(now: datetime) -> QuerySet[ControlZone, int]:
    """Zones whose newest forecast is too old, and that have no open alert of it."""
    known = Alert.objects.filter(closed_at=None, key=OuterRef("key"))
    zones = ControlZone.objects.annotate(
        loaded_at=Max("load__loaded_at"), key=Concat(Value(KEY), F("pk"), output_field=CharField())
    )
    return zones.filter(~Exists(known), loaded_at__lt=now - too_old()).values_list("pk", flat=True)


@transaction.atomic
def report_old_forecast(zone_id: int, *, now: datetime) -> None:
    """Alert: a zone's load and reduction factors come from a forecast that is too old."""
    zone = ControlZone.objects.select_for_update(no_key=True).get(pk=zone_id)
    loaded_at = zone.load.aggregate(at=Max("loaded_at"))["at"]
    if loaded_at is None or loaded_at >= now - too_old():
        return
    raise_alert(
        f"{KEY}{zone.pk}",
        kind="forecast too old",
        severity=Alert.WARNING,
        text=f"The forecast of {zone} is of {loaded_at:%Y-%m-%d %H:%MZ}, older than {settings.FORECAST_OLD_HOURS} h.",
    )


def close_old_forecast(zone_ids: set[int]) -> None:
    """These zones have just been given a forecast."""
    for zone_id in zone_ids:
        close_alert(f"{KEY}{zone_id}")
