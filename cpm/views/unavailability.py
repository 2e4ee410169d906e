"""Unavailability: Program Subscription, its Device Location, and the periods scheduled there."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.models.customers import Customer, Device, Subscription
from cpm.models.unavailability import Unavailability
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.pages.moments import show_in
from integration.pages.numbers import whole
from integration.seam import clock

from .. import operations
from ..choices import UnavailabilityState
from ..columns import ENROLLED_DEVICES, PERIODS
from ..forms import PeriodForm, UnavailabilityForm
from ..pages.standings import standings_of
from ..queries import (
    ParticipationRow,
    devices_of,
    enrollment_of,
    month_ahead,
    periods_of,
    releases_of,
    reservations_in,
    unavailability_changes,
)


@require_safe
@allow("cpm.view_customer")
def subscription(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Program Subscription: one enrollment of a customer."""
    found = get_object_or_404(Customer, number=number)
    enrollment = enrollment_of(found, pk)
    if enrollment is None:
        raise Http404(_("%(number)s has no open subscription %(pk)s.") % {"number": number, "pk": pk})
    show_in(enrollment.subscription.location.time_zone)
    context = {
        "customer": found,
        "enrollment": enrollment,
        "reservations": standings_of(enrollment.reservations, clock.now()),
        "device_columns": ENROLLED_DEVICES,
    }
    return render(request, "cpm/subscription.html", context)


@ACTING
@allow("cpm.change_unavailability")
@vary_on_headers("HX-Request")
@acts_once
def location(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Device Location: what is scheduled for the devices there, and the form that schedules more."""
    found = subscription_for_periods(number, pk)
    devices, now = devices_of(found.location), clock.now()
    zone = found.location.time_zone
    show_in(zone)
    form = UnavailabilityForm(request.POST or None, devices=devices_enrolled(found), time_zone=zone, now=now)
    released: list[ParticipationRow] = []
    if request.method == "POST" and form.is_valid():
        released = would_be_released(form, form.chosen)
        if has_seen(request, released) and schedule(form, request.user.username):
            messages.success(request, _("The unavailability is saved; DERMS is notified."))
            return redirect("cpm:location", number, pk)
    periods = periods_of([device.pk for device in devices], now)
    context = {
        "subscription": found,
        "customer": found.customer,
        "zone": zone,
        "devices": devices,
        "form": form,
        "would_release": released,
        "seen": seen_key(released),
        "is_asked_again": bool(released),
        "periods": periods,
        "period_columns": PERIODS,
        "releases": releases_of(devices, periods),
        "now": now,
    }
    if request.htmx:
        return render(request, "cpm/location.html#releases", context)
    context["month"] = month_ahead([device.pk for device in devices], periods, now, zone)
    return render(request, "cpm/location.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@allow("cpm.change_unavailability")
def would_release(request: SignedInRequest, number: str) -> HttpResponse:
    """What saving the form now would release: a part of the pages that schedule and edit."""
    devices = Device.objects.filter(location__customer__number=number, ended_at=None)
    chosen = [pk for pk in map(whole, request.GET.getlist("devices")) if pk is not None]
    theirs = devices.filter(pk__in=chosen).select_related("location")
    rows: list[ParticipationRow] = []
    is_checked = False
    if theirs:
        zone = theirs[0].location.time_zone
        show_in(zone)
        form = PeriodForm({**request.GET.dict(), "reason": "-"}, time_zone=zone, now=clock.now())
        is_checked = form.is_valid()
        rows = would_be_released(form, [device.pk for device in theirs])
    context = {"would_release": rows, "seen": seen_key(rows), "is_checked": is_checked}
    return render(request, "cpm/would_release.html", context)


@ACTING
@allow("cpm.change_unavailability")
@acts_once
def unavailability_edit(request: SignedInRequest, number: str, uid: UUID) -> HttpResponse:
    """Change a period; what was released because of it stays released."""
    period = open_period(number, uid)
    zone = period.device.location.time_zone
    show_in(zone)
    now = clock.now()
    editing = Editing(request, period, lambda typed, row: [PeriodForm(typed, time_zone=zone, now=now, period=row)])
    form: PeriodForm = editing.forms[0]
    released: list[ParticipationRow] = []
    if editing.is_valid():
        released = would_be_released(form, [period.device_id])
        change = partial(_change, period, form, request.user.username)
        if has_seen(request, released) and editing.is_saved(change) and form.is_valid():
            messages.success(request, _("The period is changed; DERMS is notified."))
            return redirect(_back(period))
        form = editing.forms[0]
    context = {
        "editing": editing,
        "period": editing.row,
        "customer": period.device.location.customer,
        "zone": zone,
        "form": form,
        "back": _back(period),
        "would_release": released,
        "seen": seen_key(released),
        "is_asked_again": bool(released),
        "changes": unavailability_changes(period),
    }
    return render(request, "cpm/unavailability_edit.html", context, status=editing.status)


@ACTING
@allow("cpm.change_unavailability")
@acts_once
def unavailability_cancel(request: SignedInRequest, number: str, uid: UUID) -> HttpResponse:
    period = open_period(number, uid)
    if request.method == "POST":
        version = seen_version(request.POST, period)
        operations.cancel_unavailability(uid=uid, by=request.user.username, now=clock.now(), version=version)
        messages.success(request, _("The period is canceled; DERMS may choose the device again."))
        return redirect(_back(period))
    return confirm(
        request,
        title=_("Cancel the unavailability of %(device)s?") % {"device": period.device.nic_id},
        consequences=[
            _("DERMS may choose the device for new events in this period."),
            _("The device is not reserved again for events it was released from."),
        ],
        act=_("Cancel the period"),
        keep=_("Keep the period"),
        hidden=[(VERSION, str(period.version))],
        keep_url=_back(period),
        dangerous=True,
    )


def seen_key(rows: list[ParticipationRow]) -> str:
    """Identify the reservations that a person was shown, so that Save releases no others."""
    return ",".join(f"{row.program_event.pk}-{row.device.pk}" for row in rows)


def has_seen(request: Any, rows: list[ParticipationRow]) -> bool:
    return bool(request.POST.get("seen", "") == seen_key(rows))


def would_be_released(form: PeriodForm, devices: list[int]) -> list[ParticipationRow]:
    if form.errors:
        return []
    return reservations_in(devices, form.cleaned_data["starts_at"], form.cleaned_data["ends_at"])


def schedule(form: UnavailabilityForm, by: str) -> bool:
    """Save the form; a refusal becomes its error. Whether it was saved."""
    given = form.cleaned_data
    try:
        operations.schedule_unavailability(
            device_ids=form.chosen,
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            reason=given["reason"],
            by=by,
            now=form.now,
        )
    except operations.UnavailabilityNotAllowed as refused:
        form.add_error(None, str(refused))
    return form.is_valid()


def _change(period: Unavailability, form: PeriodForm, by: str, version: int | None) -> None:
    """Save the form; a refusal becomes its error."""
    given = form.cleaned_data
    try:
        operations.change_unavailability(
            uid=period.uid,
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            reason=given["reason"],
            by=by,
            now=form.now,
            version=version,
        )
    except operations.UnavailabilityNotAllowed as refused:
        form.add_error(None, str(refused))


def subscription_for_periods(number: str, pk: int) -> Subscription:
    """An open subscription whose program allows customer unavailability."""
    found = get_object_or_404(
        Subscription.objects.select_related("customer", "program__type", "location"),
        customer__number=number,
        pk=pk,
        ends_at=None,
    )
    if not found.program.allow_customer_unavailability:
        raise operations.UnavailabilityNotAllowed(
            _("%(program)s does not allow customer unavailability. Change this in Program Configuration.")
            % {"program": found.program}
        )
    return found


def devices_enrolled(subscription: Subscription) -> Any:
    return devices_of(subscription.location).filter(subscribed__subscription=subscription)


def open_period(number: str, uid: UUID) -> Unavailability:
    periods = Unavailability.objects.select_related("device__location__customer")
    period = get_object_or_404(periods, uid=uid, device__location__customer__number=number)
    if period.state != UnavailabilityState.ACTIVE:
        raise operations.UnavailabilityNotAllowed(_("The period is canceled; schedule a new one."))
    return period


def _back(period: Unavailability) -> str:
    """The Device Location page that shows a period, or else its customer's page."""
    found = Subscription.objects.filter(
        subscribed_devices__device=period.device, ends_at=None, program__allow_customer_unavailability=True
    ).first()
    number = period.device.location.customer.number
    return str(redirect("cpm:location", number, found.pk).url if found else redirect("cpm:customer", number).url)
