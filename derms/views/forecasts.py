"""The page of a zone's load forecast: the days to come, and how good forecasts were."""

from typing import Any

from django.db.models import Count, Max, Min
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.http import SignedInRequest
from integration.seam import clock

from ..models import ControlZone
from ..pages.forecasts import coming_load, mean_errors


@require_safe
@allow("derms.view_event")
def forecast(request: SignedInRequest) -> HttpResponse:
    """The load forecast of the zone that the address names, or of the first one."""
    zones, now = list(ControlZone.objects.order_by("code")), clock.now()
    code = request.GET.get("zone", zones[0].code if zones else "")
    zone = next((one for one in zones if one.code == code), None)
    if zones and zone is None:
        raise Http404(_("There is no such control zone."))
    context: dict[str, Any] = {"zones": zones, "zone": zone}
    if zone:
        skill = list(zone.skill.order_by("hour"))
        issued = zone.issued.filter(hour__gt=now).values("source", "issued_at")
        issued = issued.annotate(hours=Count("pk"), first=Min("hour"), last=Max("hour"))
        context |= {
            "points": coming_load(zone, now),
            "skill": skill,
            "means": mean_errors(skill),
            "issued": issued.order_by("-issued_at", "source")[:10],
            "has_temperatures": zone.temperatures.filter(hour__gt=now).exists(),
        }
    return render(request, "derms/forecast.html", context)
