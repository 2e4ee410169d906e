"""Enrollments: the list of those that wait for somebody, one of them, and what people do about it."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.models.enrollments import Enrollment
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, seen_version
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.moments import show_in
from integration.seam import clock

from .. import operations
from ..choices import EnrollmentState
from ..columns import DEVICES_OF_ENROLLMENT, ENROLLMENTS
from ..filters import EnrollmentFilter
from ..forms import DeviceForm, LeavingForm, WhyForm
from ..pages.enrollment_steps import next_step
from ..pages.leaving import what_is_reserved
from ..queries import devices_of_enrollment, enrollment_of, enrollments

LONGEST_WAIT_FIRST = ("changed_at", "id")


@require_safe
@allow("cpm.view_enrollment")
def enrollment_list(request: SignedInRequest) -> HttpResponse:
    """Enrollments that wait for somebody, or are in a state; the longest wait first."""
    found = EnrollmentFilter(request.GET, queryset=enrollments())
    known(found.form)
    page = keyset_page(found.qs, LONGEST_WAIT_FIRST, request.GET)
    context = {"filter": found, "columns": ENROLLMENTS, "page": page, "query": request.GET.urlencode()}
    return render(request, "cpm/enrollment_list.html", context)


@require_safe
@allow("cpm.view_enrollment")
@vary_on_headers("HX-Request")
def enrollment(request: SignedInRequest, pk: int) -> HttpResponse:
    """One enrollment: its state, what it waits for, its devices and its history; its live part refreshes itself."""
    found = get_object_or_404(enrollments(), pk=pk)
    show_in(found.location.time_zone)
    context = {
        "enrollment": found,
        "step": next_step(found),
        "is_open": EnrollmentState(found.state) in (EnrollmentState.REGISTERING, EnrollmentState.DEREGISTERING),
        "devices": devices_of_enrollment(found),
        "device_columns": DEVICES_OF_ENROLLMENT,
        "transitions": found.transitions.order_by("-revision"),
    }
    template = "cpm/enrollment_page.html"
    return render(request, f"{template}#enrollment" if request.htmx else template, context)


@ACTING
@allow("cpm.change_enrollment")
@acts_once
def enrollment_validate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Check an application again: the subscription begins if every check is met."""
    return _act(
        request,
        pk,
        operations.validate_enrollment,
        title=_("Check the enrollment now?"),
        act=_("Check"),
        keep=_("Leave it as it is"),
        consequences=[
            _("If every check is met, the subscription begins and DERMS is notified of its devices."),
            _("If not, the enrollment is an Exception, which names each check that is not met."),
        ],
    )


@ACTING
@allow("cpm.change_enrollment")
@acts_once
def enrollment_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send DERMS again what it refused."""
    return _act(
        request,
        pk,
        operations.retry_enrollment,
        title=_("Send the enrollment to DERMS again?"),
        act=_("Send again"),
        keep=_("Leave it as it is"),
        consequences=[_("DERMS is notified of each device that it refused, with what is stored about it now.")],
    )


@ACTING
@allow("cpm.change_enrollment")
@acts_once
def enrollment_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel an enrollment before any device is registered."""
    return _act(
        request,
        pk,
        operations.cancel_enrollment,
        title=_("Cancel the enrollment?"),
        act=_("Cancel the enrollment"),
        keep=_("Keep the enrollment"),
        consequences=[_("No device joins the program. A new enrollment is possible at any time.")],
        form=WhyForm(request.POST or None),
        dangerous=True,
    )


@ACTING
@allow("cpm.change_enrollment")
@acts_once
def enrollment_add_device(request: SignedInRequest, pk: int) -> HttpResponse:
    """Enter a device that was installed for an enrollment."""
    return _act(
        request,
        pk,
        operations.add_device,
        title=_("Enter the device that was installed"),
        act=_("Save and register"),
        keep=_("Back without saving"),
        consequences=[_("The device is installed at the enrollment's place, and DERMS is notified of it.")],
        form=DeviceForm(request.POST or None),
    )


@ACTING
@allow("cpm.add_enrollment")
@acts_once
def enrollment_unenroll(request: SignedInRequest, pk: int) -> HttpResponse:
    """End an enrollment, with a reason."""
    found = get_object_or_404(enrollments(), pk=pk)
    current = enrollment_of(found.customer, found.subscription_id) if found.subscription_id else None
    return _act(
        request,
        pk,
        operations.unenroll,
        title=_("Unenroll the customer from this program?"),
        act=_("Unenroll"),
        keep=_("Keep the enrollment"),
        consequences=[
            _("The devices leave every coming event of the program; a stage that runs now ends as planned."),
            *what_is_reserved(current.reservations if current else []),
            _("This can't be undone; the customer can be enrolled anew."),
        ],
        form=LeavingForm(request.POST or None),
        dangerous=True,
    )


def _act(
    request: SignedInRequest,
    pk: int,
    operation: Callable[..., object],
    *,
    title: str,
    act: str,
    keep: str,
    consequences: Iterable[str],
    form: forms.Form | None = None,
    dangerous: bool = False,
) -> HttpResponse:
    """Ask, or do it as the person saw the enrollment, with what they typed."""
    found = get_object_or_404(enrollments(), pk=pk)
    if request.method == "POST" and (form is None or form.is_valid()):
        typed: dict[str, Any] = form.cleaned_data if form else {}
        seen = seen_version(request.POST, found)
        operation(enrollment_id=pk, by=request.user.username, now=clock.now(), seen=seen, **typed)
        changed = Enrollment.objects.get(pk=pk)
        messages.success(request, _("The enrollment is %(state)s.") % {"state": EnrollmentState(changed.state).label})
        return redirect("cpm:enrollment", pk)
    return confirm(
        request,
        title=title,
        act=act,
        keep=keep,
        keep_url=reverse("cpm:enrollment", args=[pk]),
        about=str(found.program),
        consequences=consequences,
        form=form,
        hidden=[(VERSION, request.POST.get(VERSION, str(found.revision)))],
        dangerous=dangerous,
    )
