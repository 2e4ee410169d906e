"""Until when each zone has a forecast without a gap."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from derms.models import ControlZone, LoadForecast

HOUR = timedelta(hours=1)


def zones_with_forecast_end(now: datetime) -> QuerySet[Any]:
    """Control zones with `forecast_until`, the end of their forecast's first run of hours, None if this hour has none.

    `forecast_resumes_at` is when there is a forecast again; None if it has no gap.
    """
    hours = LoadForecast.objects.filter(zone=OuterRef("pk")).order_by("hour")
    this_hour = hours.filter(hour__gt=now - HOUR, hour__lte=now)
    next_hour = LoadForecast.objects.filter(zone=OuterRef("zone"), hour=OuterRef("hour") + HOUR)
    ends = hours.filter(~Exists(next_hour), hour__gt=now - HOUR).annotate(
        end=ExpressionWrapper(F("hour") + HOUR, output_field=DateTimeField())
    )
    until = Case(When(Exists(this_hour), then=Subquery(ends.values("end")[:1])), output_field=DateTimeField())
    begins = Coalesce(OuterRef("forecast_until"), Value(now), output_field=DateTimeField())
    return ControlZone.objects.order_by("name").annotate(
        forecast_until=until, forecast_resumes_at=Subquery(hours.filter(hour__gte=begins).values("hour")[:1])
    )
