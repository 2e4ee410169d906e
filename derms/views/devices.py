"""Pages of devices."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from derms.pages.device_states import calls_this_season, coming_stages, device_states, uses_of_limits
from derms.queries.lists import device_stages
from derms.queries.measured_shares import measured_shares
from derms.queries.silence import last_heard
from integration.pages.access import allow
from integration.pages.exports import export, listing_of
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.limit_uses import LIMIT_USES
from integration.pages.moments import show_in
from integration.seam import clock

from ..columns import COMING_STAGES, DEVICES, LAST_CALLS
from ..filters import DeviceFilter
from ..models import Device

CALLS_SHOWN = PERIODS_SHOWN = 10


@require_safe
@allow("derms.view_device")
def device_list(request: SignedInRequest) -> HttpResponse:
    """The list of devices by id, with keyset pagination."""
    devices = Device.objects.select_related("head_end", "zone", "feeder")
    found = DeviceFilter(request.GET, queryset=devices)
    known(found.form)
    page = keyset_page(found.qs, ("id",), request.GET)
    states, heard = device_states(page.rows, clock.now()), last_heard([device.pk for device in page.rows])
    extra = {pk: {"state": state, "heard_at": heard.get(pk)} for pk, state in states.items()}
    context = {"filter": found, "columns": DEVICES, "page": page, "extra": extra}
    return render(request, "derms/device_list.html", context)


@require_safe
@allow("derms.view_device")
def device_export(request: SignedInRequest) -> HttpResponseBase:
    """Export every device that matches the filter, by id."""
    devices = Device.objects.select_related("head_end", "zone", "feeder")
    found = DeviceFilter(request.GET, queryset=devices)
    known(found.form)
    return export(request, listing_of("devices", DEVICES.in_file(request.user), found.qs, ("id",)))


@require_safe
@allow("derms.view_device")
def device(request: SignedInRequest, head_end: str, nic_id: str) -> HttpResponse:
    """One device: its place in the grid, state, programs, response rate, coming stages and last calls."""
    devices = Device.objects.select_related("head_end", "zone", "feeder", "transformer", "heard")
    found = devices.filter(head_end__code=head_end, nic_id=nic_id).order_by("-registered_at").first()
    if found is None:
        found = get_object_or_404(devices, head_end__code=head_end, nic_id=nic_id)
    show_in(found.zone.time_zone)
    now = clock.now()
    enrollments = list(found.enrollments.select_related("program").order_by("-starts_at"))
    programs = [one.program for one in enrollments if one.ends_at is None]
    context = {
        "device": found,
        "known": calls_this_season(found, now),
        "confirmed": measured_shares(now).get((found.head_end_id, found.device_class)),
        "enrollments": enrollments,
        "limited": uses_of_limits(found, programs, now),
        "limit_columns": LIMIT_USES,
        "state": device_states([found], now)[found.pk],
        "heard_at": last_heard([found.pk]).get(found.pk),
        "coming": coming_stages(found, now),
        "coming_columns": COMING_STAGES,
        "periods": found.unavailabilities.filter(canceled=False, ends_at__gt=now).order_by("starts_at")[:PERIODS_SHOWN],
        "calls": [call for call in device_stages(found) if call.stage.started_at][:CALLS_SHOWN],
        "call_columns": LAST_CALLS,
    }
    return render(request, "derms/device.html", context)
