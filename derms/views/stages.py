"""The page of one stage."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.access import allow
from integration.exports import PAGE as EXPORT_PAGE
from integration.exports import Listing, export
from integration.http import SignedInRequest

from ..models import Event, Stage
from ..queries import StageDevice, stage_devices

PAGE = 50


@require_safe
@allow("derms.view_event")
def stage(request: SignedInRequest, number: str, stage_number: int) -> HttpResponse:
    """A stage: its devices with what they did, who was left out and why."""
    event = get_object_or_404(Event.objects.select_related("zone", "type"), number=number)
    found = get_object_or_404(Stage.objects.select_related("program"), event=event, number=stage_number)
    after = request.GET.get("after", "0")
    rows = stage_devices(found, after=int(after) if after.isdigit() else 0, limit=PAGE + 1)
    context = {
        "event": event,
        "stage": found,
        "devices": rows[:PAGE],
        "next_url": f"?after={rows[PAGE - 1].device_id}" if len(rows) > PAGE else "",
        "first_url": "?" if after != "0" else "",
    }
    return render(request, "derms/stage.html", context)


@require_safe
@allow("derms.view_event")
def stage_export(request: SignedInRequest, number: str, stage_number: int) -> HttpResponseBase:
    """Every device reserved for the stage, with what it did."""
    found = get_object_or_404(Stage, event__number=number, number=stage_number)

    def next_page(last: StageDevice | None) -> list[StageDevice]:
        return stage_devices(found, after=last.device_id if last else 0, limit=EXPORT_PAGE)

    header = [
        _("Head end"), _("NIC id"), _("Class"), _("Feeder"), _("Expected (W)"), _("Outcome"), _("Reduction (W)"),
        _("Actual start"), _("Actual end"), _("Error"),
    ]  # fmt: skip
    return export(request, Listing(f"{number}-{stage_number}-devices", header, next_page, lambda row: row[1:]))
