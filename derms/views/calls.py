"""Pages about whom events call: how evenly, and who never answers."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.exports import PAGE, export, listing
from integration.pages.http import SignedInRequest
from integration.seam import clock

from ..columns import SILENT_DEVICES
from ..queries.calls import Silent, never_answering, never_answering_count, program_calls

SHOWN = 20


@require_safe
@allow("derms.view_event")
def calls(request: SignedInRequest) -> HttpResponse:
    """How often devices were called this season, by program, and the first devices that never answer."""
    now = clock.now()
    silent = never_answering(now, limit=SHOWN + 1)
    context = {
        "programs": program_calls(now),
        "silent": silent[:SHOWN],
        "more": len(silent) > SHOWN,
        "columns": SILENT_DEVICES,
    }
    return render(request, "derms/calls.html", context)


@require_safe
@allow("derms.view_event")
def silent_export(request: SignedInRequest) -> HttpResponseBase:
    """Export every device that never answers."""
    now = clock.now()

    def next_page(last: Silent | None) -> list[Silent]:
        return never_answering(now, after=last.device_id if last else 0, limit=PAGE)

    columns = SILENT_DEVICES.in_file(request.user)
    file = listing("devices-that-never-answer", columns, next_page, lambda most: never_answering_count(now, most=most))
    return export(request, file)
