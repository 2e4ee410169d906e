"""What a CSR does on a customer's page: Enroll, Replace Device, Move Out."""

import hashlib

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.customers import Customer, Device, DeviceLocation
from cpm.models.programs import Program
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..columns import OFFERS
from ..forms import EnrollForm, ReplacementForm
from ..pages.leaving import reservations_of, what_is_reserved, what_moves_out
from ..planning import Application, Check, checks_of, offers_of
from ..queries import devices_to_enroll


@require_safe
@allow("cpm.add_enrollment")
def enroll_choose(request: SignedInRequest, number: str) -> HttpResponse:
    """Enroll, first step: every program at every place of the customer, and why one is not possible."""
    found = get_object_or_404(Customer, number=number)
    context = {"customer": found, "offers": offers_of(found), "columns": OFFERS}
    return render(request, "cpm/enroll_choose.html", context)


@ACTING
@allow("cpm.add_enrollment")
@acts_once
def enroll(request: SignedInRequest, number: str, pk: int, code: str) -> HttpResponse:
    """Enroll, second and third step: the devices, then what the checks say; only then it is saved."""
    place = get_object_or_404(DeviceLocation.objects.select_related("customer"), pk=pk, customer__number=number)
    operations.require_lived_in(place)
    program = get_object_or_404(Program.objects.select_related("type"), code=code)
    devices = devices_to_enroll(place.pk, program.pk)
    form = EnrollForm(request.POST or None, devices=devices, program=program, referred=place.customer)
    checks: list[Check] = []
    if request.method == "POST" and form.is_valid():
        checks = checks_of(Application(program, place, form.chosen, answers=form.answers, is_supplied=form.is_supplied))
        if request.POST.get("seen", "") == seen_checks(checks):
            made = operations.enroll(
                customer_id=place.customer_id,
                location_id=place.pk,
                program_id=program.pk,
                device_ids=[device.pk for device in form.chosen],
                supply=form.cleaned_data["supply"],
                answers=form.answers,
                referred_by=form.cleaned_data["referrer"],
                by=request.user.username,
                now=clock.now(),
            )
            return redirect("cpm:enrollment", made.pk)
    context = {
        "customer": place.customer,
        "place": place,
        "program": program,
        "form": form,
        "checks": checks,
        "seen": seen_checks(checks),
        "is_met": all(check.is_met for check in checks),
    }
    return render(request, "cpm/enroll.html", context, status=422 if form.errors else 200)


@ACTING
@allow("cpm.add_enrollment")
@acts_once
def device_replace(request: SignedInRequest, number: str, head_end: str, nic_id: str) -> HttpResponse:
    """Replace Device: the new one takes over programs and coming unavailability."""
    old = get_object_or_404(Device, head_end=head_end, nic_id=nic_id, ended_at=None, location__customer__number=number)
    form = ReplacementForm(request.POST or None, initial={"make": old.make, "model": old.model, "rated_w": old.rated_w})
    if request.method == "POST" and form.is_valid():
        operations.replace_device(device_id=old.pk, by=request.user.username, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("The device is replaced; DERMS is notified."))
        return redirect("cpm:customer", number)
    return confirm(
        request,
        title=_("Replace device %(device)s?") % {"device": old.nic_id},
        act=_("Replace Device"),
        keep=_("Keep the device"),
        keep_url=reverse("cpm:customer", args=[number]),
        consequences=[
            _("The new device joins the same programs, if they take it, and takes over coming unavailability."),
            _("The old device leaves coming events. The new one does not take its place in stages that are reserved."),
            _("A stage that runs now ends with the old device."),
            *what_is_reserved(reservations_of([old])),
        ],
        form=form,
    )


@ACTING
@allow("cpm.add_enrollment")
@acts_once
def location_move_out(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Move Out: every enrollment at a place ends, and its devices are taken out."""
    place = get_object_or_404(DeviceLocation, pk=pk, customer__number=number)
    operations.require_lived_in(place)
    if request.method == "POST":
        operations.move_out(location_id=pk, customer_id=place.customer_id, by=request.user.username, now=clock.now())
        messages.success(request, _("The customer moved out; DERMS is notified of each device."))
        return redirect("cpm:customer", number)
    return confirm(
        request,
        title=_("Has the customer moved out of %(place)s?") % {"place": place},
        act=_("Move Out"),
        keep=_("The customer stays"),
        keep_url=reverse("cpm:customer", args=[number]),
        consequences=[
            *what_moves_out(place),
            _("The service point becomes free; the next customer there sees nothing of this one."),
            _("This can't be undone."),
        ],
        dangerous=True,
    )


def seen_checks(checks: list[Check]) -> str:
    """Identify the checks that a person was shown, so that Save stores what they saw.

    A digest, since browsers change the ends of lines that a form holds.
    """
    return hashlib.sha256("\n".join(check.sentence for check in checks).encode()).hexdigest()
