"""Program Events: the list, one of them, and the list as a file."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from integration.pages.access import allow
from integration.pages.exports import export, listing_of
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.moments import show_in

from ..columns import PROGRAM_EVENTS
from ..filters import ProgramEventFilter
from ..pages.reductions import reduction_picture
from ..queries import event_history, is_settled, loads_under_way, program_events
from ..queries.reductions import reductions as reductions_of

NEWEST_FIRST = ("-starts_at", "-id")


@require_safe
@allow("cpm.view_programevent")
def program_event_list(request: SignedInRequest) -> HttpResponse:
    found = ProgramEventFilter(request.GET, queryset=program_events())
    known(found.form)
    page = keyset_page(found.qs, NEWEST_FIRST, request.GET)
    context = {"filter": found, "columns": PROGRAM_EVENTS, "page": page, "query": request.GET.urlencode()}
    return render(request, "cpm/program_event_list.html", context)


@require_safe
@allow("cpm.view_programevent")
@vary_on_headers("HX-Request")
def program_event(request: SignedInRequest, event_number: str, stage_number: int) -> HttpResponse:
    """One program event; its live part refreshes itself until the program event is settled."""
    found = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    show_in(found.time_zone)
    context = {
        "program_event": found,
        "is_settled": is_settled(found),
        "happened": event_history(found),
        "loads": loads_under_way(found.stage_uid),
    }
    template = "cpm/program_event.html"
    return render(request, f"{template}#program-event" if request.htmx else template, context)


@require_safe
@allow("cpm.view_participation")
@vary_on_headers("HX-Request")
def reductions(request: SignedInRequest, event_number: str, stage_number: int) -> HttpResponse:
    """What the devices of a program event reduced next to what was expected; Event Participation contains it."""
    event = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    show_in(event.time_zone)
    found = reductions_of(event)
    context = {"program_event": event, "picture": reduction_picture(found), "total": found.total}
    template = "cpm/reductions.html#picture" if request.htmx else "cpm/reductions.html"
    return render(request, template, {**context, "unexpected": found.unexpected})


@require_safe
@allow("cpm.view_programevent")
def program_event_export(request: SignedInRequest) -> HttpResponseBase:
    """Every program event that matches the filter, newest first."""
    found = ProgramEventFilter(request.GET, queryset=program_events())
    known(found.form)
    columns = PROGRAM_EVENTS.in_file(request.user)
    return export(request, listing_of("program-events", columns, found.qs, NEWEST_FIRST))
