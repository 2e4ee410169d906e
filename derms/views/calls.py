"""Pages about whom events call: how evenly."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.http import SignedInRequest
from integration.seam import clock

from ..queries.calls import program_calls


@require_safe
@allow("derms.view_event")
def calls(request: SignedInRequest) -> HttpResponse:
    """How often devices were called this season, by program."""
    return render(request, "derms/calls.html", {"programs": program_calls(clock.now())})
