"""The operating reserve: what strategies marked so could call in each of the coming hours."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.exports import export, listing
from integration.pages.http import SignedInRequest

from ..choices import StrategyState
from ..columns import RESERVE
from ..models import Strategy
from ..queries.reserve import ReserveHour, operating_reserve, reserve_hours


@require_safe
@allow("derms.view_event")
def reserve(request: SignedInRequest) -> HttpResponse:
    """The reserve by start hour and hour of the call, as it was last counted."""
    marked = Strategy.objects.filter(is_reserve=True, state=StrategyState.ACTIVE)
    return render(request, "derms/reserve.html", {"reserve": operating_reserve(), "is_marked": marked.exists()})


@require_safe
@allow("derms.view_event")
def reserve_export(request: SignedInRequest) -> HttpResponseBase:
    """Export every number of the reserve; only headings if it isn't counted yet."""
    found = operating_reserve()
    rows = reserve_hours(found) if found else []

    def next_page(last: ReserveHour | None) -> list[ReserveHour]:
        return [] if last else rows

    file = listing("operating-reserve", RESERVE.in_file(request.user), next_page, lambda most: min(most, len(rows)))
    return export(request, file)
