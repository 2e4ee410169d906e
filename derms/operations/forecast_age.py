"""The alert that a zone's forecast is too old to plan with."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from derms.models import ControlZone
from derms.queries.forecast_age import KEY, zones_with_old_forecast
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded

TOO_OLD = recorded("The forecast of %(zone)s is from %(loaded_at)s, over %(hours)s h old.")


@transaction.atomic
def report_old_forecast(zone_id: int, *, now: datetime) -> None:
    """Raise an alert: a zone's load and reduction factors come from a forecast that is too old."""
    zone = ControlZone.objects.select_for_update(no_key=True).get(pk=zone_id)
    loaded_at = zones_with_old_forecast(now).get(zone_id)
    if loaded_at is None:
        return
    raise_alert(
        f"{KEY}{zone.pk}",
        kind="forecast too old",
        priority=Priority.MEDIUM,
        text=TOO_OLD(zone=zone, loaded_at=f"{loaded_at:%Y-%m-%d %H:%MZ}", hours=settings.FORECAST_OLD_HOURS),
    )


def close_old_forecast(zone_ids: set[int]) -> None:
    """Close the alerts of zones whose forecast has just been loaded."""
    for zone_id in zone_ids:
        close_alert(f"{KEY}{zone_id}")
