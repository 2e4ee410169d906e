"""Program Events: the list, one of them, and the list as a file."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.models.program_events import ProgramEvent
from integration.pages.access import allow
from integration.pages.exports import export, listing_of
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.seam.outcomes import CODES

from ..filters import ProgramEventFilter
from ..queries import event_history, is_settled, loads_under_way, program_events

NEWEST_FIRST = ("-starts_at", "-id")


@require_safe
@allow("cpm.view_programevent")
def program_event_list(request: SignedInRequest) -> HttpResponse:
    found = ProgramEventFilter(request.GET, queryset=program_events())
    page = keyset_page(found.qs, NEWEST_FIRST, request.GET)
    context = {"filter": found, "page": page, "query": request.GET.urlencode()}
    return render(request, "cpm/program_event_list.html", context)


@require_safe
@allow("cpm.view_programevent")
@vary_on_headers("HX-Request")
def program_event(request: SignedInRequest, event_number: str, stage_number: int) -> HttpResponse:
    """One program event; its live part refreshes itself until the program event is settled."""
    found = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    context = {
        "program_event": found,
        "is_settled": is_settled(found),
        "happened": event_history(found),
        "loads": loads_under_way(found.stage_uid),
    }
    template = "cpm/program_event.html"
    return render(request, f"{template}#program-event" if request.htmx else template, context)


@require_safe
@allow("cpm.view_programevent")
def program_event_export(request: SignedInRequest) -> HttpResponseBase:
    """Every program event that matches the filter, newest first."""
    found = ProgramEventFilter(request.GET, queryset=program_events()).qs
    return export(request, listing_of("program-events", found, NEWEST_FIRST, _header(), _cells))


def _header() -> list[str]:
    return [
        _("Program event"), _("Stage"), _("Name"), _("Program"), _("Category"), _("State"), _("Starts at"),
        _("Ends at"), _("Participations"), _("Reserved"), _("Closed"), *CODES, _("Reduction (W)"), _("Reason"),
    ]  # fmt: skip


def _cells(event: ProgramEvent) -> Iterator[Any]:
    yield from (
        event.event_number,
        event.stage_number,
        event.event_name,
        event.program.code,
        event.category,
        event.state,
    )
    yield from (event.starts_at, event.ends_at, event.participations, event.reserved, event.closed)
    yield from (event.outcomes.get(code, 0) for code in CODES)
    yield from (event.reduction_w, event.reason)
