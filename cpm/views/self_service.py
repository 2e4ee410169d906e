"""A customer's own page: no account; a signed link that expires, can be revoked and shows only that customer."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cpm.models import SelfServiceLink
from cpm.models.customers import Customer, Device
from cpm.models.unavailability import Unavailability
from integration.pages.access import allow_anyone
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import seen_version
from integration.pages.limits import is_over
from integration.seam import clock
from integration.seam.recorded import in_words, recorded
from integration.seam.refusals import Refused
from integration.seam.versions import SavedMeanwhile

from .. import operations
from ..choices import UnavailabilityState
from ..forms import EnrollForm, UnavailabilityForm
from ..pages.standings import opt_out_refusal, standings_of
from ..planning import Application, Offer, checks_of, failures, offers_of
from ..queries import (
    ParticipationRow,
    Wanted,
    brought_by,
    devices_to_enroll,
    enrollments_shown_to,
    own_participations,
    participations,
    past_participations,
    periods_of,
    reservations_in,
)
from .unavailability import has_seen, schedule, seen_key

REQUESTS_A_MINUTE = 60
PAST = 12  # participations
BY = recorded("customer")()
FOLDER = "cpm/self_service"
View = Callable[..., HttpResponseBase]


def for_customer(view: View) -> View:
    """Open a view to anyone with a valid link, which the view receives. It reveals nothing about other customers."""

    @allow_anyone
    @ACTING
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        uid = SelfServiceLink.uid_of(token)
        link = uid and SelfServiceLink.objects.select_related("customer").filter(uid=uid).first()
        if not link:
            return _say(request, _("This link is incomplete. Open it again from the e-mail, or copy all of it."), 404)
        if not link.is_open(clock.now()):
            return _say(request, _("This link no longer works. The next e-mail contains a new one, or call us."), 410)
        if is_over("self-service", link.uid.hex, per_minute=REQUESTS_A_MINUTE):
            return _say(request, _("This page was opened too often. Wait a minute, then try again."), 429)
        try:
            answer = acts_once(view)(request, link, **kwargs)
        except Refused as refused:
            return _say(request, str(refused), 409, token)
        except Http404:
            return _say(request, _("There is nothing of yours at this address."), 404, token)
        answer["X-Robots-Tag"] = "noindex"
        return answer

    return guarded


@for_customer
def self_service(request: HttpRequest, link: SelfServiceLink) -> HttpResponse:
    """Coming reservations, with Opt out if that is possible, and the periods of unavailability."""
    now, customer = clock.now(), link.customer
    standings = standings_of(own_participations(customer), now)
    context = {
        "link": link,
        "reservations": standings,
        "is_waiting": any(standing.is_waiting for standing in standings),
        "periods": [p for p in periods_of(_devices(customer), now) if _is_ahead(p, now)],
        "can_be_unavailable": _may_be_unavailable(customer).exists(),
        "enrollments": enrollments_shown_to(customer),
        "offers": [offer for offer in offers_of(customer) if offer.is_possible],
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, f"{FOLDER}/page.html#reservations", context)
    past = past_participations(customer, limit=PAST)
    return render(request, f"{FOLDER}/page.html", context | {"past": past, "brought": brought_by(past)})


@for_customer
def self_service_apply(request: HttpRequest, link: SelfServiceLink, pk: int, code: str) -> HttpResponse:
    """Apply for a program; the application waits until somebody of the utility has checked it."""
    offers = {(offer.location.pk, offer.program.code): offer for offer in offers_of(link.customer)}
    offer = offers.get((pk, code))
    if offer is None:
        raise Http404
    if not offer.is_possible:
        raise operations.EnrollmentNotAllowed(in_words(offer.sentence))
    form = EnrollForm(request.POST or None, devices=devices_to_enroll(pk, offer.program.pk), program=offer.program)
    if request.method == "POST" and form.is_valid() and _meets_checks(form, offer):
        operations.enroll(
            customer_id=link.customer.pk,
            location_id=pk,
            program_id=offer.program.pk,
            device_ids=[device.pk for device in form.chosen],
            supply=form.cleaned_data["supply"],
            answers=form.answers,
            by=BY,
            now=clock.now(),
            validates=False,
        )
        return redirect("cpm:self_service", link.token)
    context = {"link": link, "form": form, "offer": offer}
    return render(request, f"{FOLDER}/apply.html", context, status=422 if form.errors else 200)


@for_customer
def self_service_opt_out(
    request: HttpRequest, link: SelfServiceLink, event_number: str, stage_number: int, head_end: str, nic_id: str
) -> HttpResponse:
    """Opt one device out of one stage."""
    wanted = Wanted(
        program_events=Q(event_number=event_number, stage_number=stage_number),
        device_ids=list(_own(link.customer).filter(head_end=head_end, nic_id=nic_id).values_list("pk", flat=True)),
    )
    found = participations(wanted, limit=1)
    if not found:
        raise Http404
    if request.method == "POST":
        operations.opt_out_device(
            program_event_id=found[0].program_event.pk, device_id=found[0].device.pk, by=BY, now=clock.now()
        )
        return redirect("cpm:self_service", link.token)
    if why_not := _why_not(found[0], clock.now()):
        raise operations.OptOutNotAllowed(why_not)
    return render(request, f"{FOLDER}/opt_out.html", {"link": link, "row": found[0]})


@for_customer
def self_service_unavailability(request: HttpRequest, link: SelfServiceLink) -> HttpResponse:
    """Set when devices must not be used; shows what that would release before saving."""
    devices = _may_be_unavailable(link.customer)
    first = devices.select_related("location").first()
    if first is None:
        raise operations.UnavailabilityNotAllowed(_("Your programs do not let you set unavailability."))
    # The form has one time zone; customers with homes in several have to call.
    zone, now = first.location.time_zone, clock.now()
    devices = devices.filter(location__time_zone=zone)
    form = UnavailabilityForm(request.POST or None, devices=devices, time_zone=zone, now=now)
    released: list[ParticipationRow] = []
    if request.method == "POST" and form.is_valid():
        released = reservations_in(form.chosen, form.cleaned_data["starts_at"], form.cleaned_data["ends_at"])
        if has_seen(request, released) and schedule(form, BY):
            return redirect("cpm:self_service", link.token)
    context = {"link": link, "form": form, "zone": zone, "would_release": released, "seen": seen_key(released)}
    context["is_asked_again"] = bool(released)
    status = 422 if request.method == "POST" else 200
    return render(request, f"{FOLDER}/unavailability.html", context, status=status)


@for_customer
def self_service_cancel(request: HttpRequest, link: SelfServiceLink, uid: UUID) -> HttpResponse:
    """Cancel a period."""
    periods = Unavailability.objects.filter(device__in=_own(link.customer)).select_related("device__location")
    period = get_object_or_404(periods, uid=uid)
    if request.method == "POST":
        version = seen_version(request.POST, period)
        try:
            operations.cancel_unavailability(uid=period.uid, by=BY, now=clock.now(), version=version)
        except SavedMeanwhile as changed:  # its sentence names a person of the utility
            raise Refused(_("This period was changed after you opened it. Look at it again.")) from changed
        return redirect("cpm:self_service", link.token)
    return render(request, f"{FOLDER}/cancel.html", {"link": link, "period": period})


def _meets_checks(form: EnrollForm, offer: Offer) -> bool:
    """The checks that the utility makes, too; each that is not met is an error of the form."""
    for sentence in failures(
        checks_of(
            Application(offer.program, offer.location, form.chosen, answers=form.answers, is_supplied=form.is_supplied)
        )
    ):
        form.add_error(None, in_words(sentence))
    return not form.errors


def _say(request: HttpRequest, sentence: str, status: int, token: str = "") -> HttpResponse:
    return render(request, f"{FOLDER}/sentence.html", {"sentence": sentence, "token": token}, status=status)


def _own(customer: Customer) -> Any:
    return Device.objects.filter(location__customer=customer, ended_at=None)


def _devices(customer: Customer) -> list[int]:
    return list(_own(customer).values_list("pk", flat=True))


def _may_be_unavailable(customer: Customer) -> Any:
    """Devices in a program that allows customer unavailability."""
    allowed = _own(customer).filter(
        subscribed__subscription__ends_at=None, subscribed__subscription__program__allow_customer_unavailability=True
    )
    return allowed.distinct().order_by("nic_id")


def _is_ahead(period: Unavailability, now: Any) -> bool:
    return period.state == UnavailabilityState.ACTIVE and period.ends_at > now


def _why_not(row: ParticipationRow, now: Any) -> str:
    """Why a customer can't opt out of a reservation now; empty if they can."""
    zone = row.device.location.time_zone
    return opt_out_refusal(row.program_event, is_reserved=row.facts.reservation_flag, zone=zone, now=now)
