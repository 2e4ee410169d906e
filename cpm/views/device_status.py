"""Asking whether devices can be reached."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from integration.pages.access import allow
from integration.pages.acting import acts_once
from integration.pages.http import SignedInRequest
from integration.pages.ids import device_of
from integration.pages.templatetags.gridcall import number
from integration.seam import clock

from .. import operations


@require_http_methods(["POST"])
@allow("cpm.add_devicestatus")
@acts_once
def devices_check(request: SignedInRequest) -> HttpResponse:
    """Ask Live Energy Connect about the chosen devices, whatever page they were chosen on, and return to it."""
    named = [device for key in request.POST.getlist("device") if (device := device_of(key))]
    asked = operations.check_devices(devices=named, by=request.user.username, now=clock.now()) if named else 0
    if asked:
        sentence = ngettext(
            "Live Energy Connect was asked about %(n)s device. Its answer appears here.",
            "Live Energy Connect was asked about %(n)s devices. Its answers appear here.",
            asked,
        )
        messages.success(request, sentence % {"n": number(asked)})
    elif named:
        messages.error(request, _("None of these devices is installed, so nobody was asked."))
    else:
        messages.error(request, _("No device was chosen. Choose devices in the list, then check their status."))
    back = request.POST.get("back", "")
    is_own = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_own else reverse("overview"))
