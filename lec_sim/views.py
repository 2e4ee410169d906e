"""Live Energy Connect: the stages it executes, and how the simulated devices behave."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from integration import clock
from integration.access import allow
from integration.http import SignedInRequest
from integration.keyset import keyset_page

from .models import HeadEndProfile
from .queries import active_stages, due_stages, past_stages

DUE_SHOWN = 20
LATEST_FIRST = ("-starts_at", "-id")


@require_safe
@allow("lec_sim.view_lecstage")
@vary_on_headers("HX-Request")
def stage_list(request: SignedInRequest) -> HttpResponse:
    """Stages that run and that are due, as a live part of the page; those that are over; the head ends."""
    now = clock.now()
    context = {"active": active_stages(now), "due": due_stages()[:DUE_SHOWN]}
    if request.htmx:
        return render(request, "lec_sim/stage_list.html#execution", context)
    context["page"] = keyset_page(past_stages(now), LATEST_FIRST, request.GET)
    context["profiles"] = HeadEndProfile.objects.order_by("head_end")
    return render(request, "lec_sim/stage_list.html", context)
