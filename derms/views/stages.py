"""The page of one stage."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from derms.pages.stage_devices import (
    StageDevice,
    answers,
    devices_by_feeder,
    devices_by_state,
    stage_device_count,
    stage_devices,
)
from integration.pages.access import allow
from integration.pages.exports import PAGE as EXPORT_PAGE
from integration.pages.exports import export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import page_of, place_after
from integration.pages.moments import show_in

from ..columns import STAGE_DEVICES
from ..filters import StageDeviceForm
from ..models import Event, Stage

PAGE = 50
FEEDERS_SHOWN = 12


@require_safe
@allow("derms.view_event")
@vary_on_headers("HX-Request")
def stage(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    """A stage: a live part with its devices' states and answers, then the devices that match the filter."""
    event = get_object_or_404(Event.objects.select_related("zone", "type"), number=number)
    found = get_object_or_404(Stage.objects.select_related("program"), event=event, number=stage_number)
    show_in(event.zone.time_zone)
    form = known(StageDeviceForm(request.GET, stage=found))
    reports = answers(found)
    context: dict[str, Any] = {
        "event": event,
        "stage": found,
        "answers": reports,
        "states": devices_by_state(found, reports[-1] if reports else None),
        "feeders": devices_by_feeder(found)[:FEEDERS_SHOWN],
        "feeders_left": max(0, len(found.feeders) - FEEDERS_SHOWN),
    }
    if request.htmx:
        return render(request, "derms/stage.html#stage-live", context)
    rows = stage_devices(found, form.chosen, after=place_after(request.GET), limit=PAGE + 1)
    page = page_of(rows, request.GET, str(rows[:PAGE][-1].device_id) if rows else "", size=PAGE)
    context |= {"form": form, "columns": STAGE_DEVICES, "page": page, "is_narrowed": any(form.chosen)}
    return render(request, "derms/stage.html", context)


@require_safe
@allow("derms.view_event")
def stage_export(request: SignedInRequest, number: str, stage_number: int) -> HttpResponseBase:
    """Export the stage's reserved devices that match the filter, with what each did."""
    found = get_object_or_404(Stage, event__number=number, number=stage_number)
    chosen = known(StageDeviceForm(request.GET, stage=found)).chosen

    def next_page(last: StageDevice | None) -> list[StageDevice]:
        return stage_devices(found, chosen, after=last.device_id if last else 0, limit=EXPORT_PAGE)

    def count(most: int) -> int:
        return stage_device_count(found, chosen, most=most)

    columns = STAGE_DEVICES.in_file(request.user)
    file = listing(f"{number}-{stage_number}-devices", columns, next_page, count)
    return export(request, file)
