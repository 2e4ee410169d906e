"""Customers: the search, Customer Program Summary, and links to a customer's own page."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.models import Meter, SelfServiceLink
from cpm.models.customers import Customer, Device
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page, keyset_page
from integration.pages.limits import is_over
from integration.pages.moments import show_in
from integration.seam import clock
from integration.seam.outcomes import CODES

from .. import operations
from ..columns import CUSTOMERS, ENDED_ENROLLMENTS, ENROLLED_DEVICES, OUTSTANDING
from ..operations import OptOutNotAllowed
from ..pages.standings import standings_of
from ..place_columns import LOCATIONS
from ..queries import (
    Total,
    brought_by,
    current_enrollments,
    customers,
    customers_like,
    emails_are_sent,
    ended_enrollments,
    enrollment_of,
    enrollments_under_way,
    last_heard,
    links_of,
    notifications_of,
    own_participations,
    past_participations,
    prior_participations,
    unavailability_ahead,
)
from ..queries.search import MOST_FOUND

HISTORY = 20
LAST_EVENTS = 12
SEARCHES_A_MINUTE = 60
LONGEST_SEARCH = 120  # characters
RECENT, MOST_RECENT = "recent_customers", 8


@require_safe
@allow("cpm.view_customer")
def customer_list(request: SignedInRequest) -> HttpResponse:
    """Customers by number; a search with a single match opens it."""
    words = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    if words and is_over("customer-search", str(request.user.pk), per_minute=SEARCHES_A_MINUTE):
        context = {"page": Page([]), "words": words, "too_often": SEARCHES_A_MINUTE}
        return render(request, "cpm/customer_list.html", context, status=429)
    found = customers_like(customers(), words) if words else customers()
    page = keyset_page(found, ("number",), request.GET)
    if words and len(page.rows) == 1 and not page.first_url:
        return redirect("cpm:customer", page.rows[0].number)
    context = {"columns": CUSTOMERS, "page": page, "words": words, "recent": _recent(request)}
    if words and (page.next_url or page.first_url):
        rows = found.count()
        context["total"] = Total(min(rows, MOST_FOUND), is_more=rows > MOST_FOUND)
    return render(request, "cpm/customer_list.html", context)


@require_safe
@allow("cpm.view_customer")
@vary_on_headers("HX-Request")
def customer(request: SignedInRequest, number: str) -> HttpResponse:
    """Customer Program Summary: a customer's enrollments, coming reservations and history."""
    found = get_object_or_404(Customer, number=number)
    _show_in_zone_of(found)
    now, rows = clock.now(), own_participations(found)
    if request.htmx and request.GET.get("part") == "locations":
        return render(request, "cpm/customer.html#locations", _places(found))
    context = {
        "customer": found,
        "enrollments": current_enrollments(found, rows),
        "reservations": standings_of(rows, now),
        "device_columns": ENROLLED_DEVICES,
        "under_way": enrollments_under_way(found),
        "unavailability": unavailability_ahead(found, now),
    }
    if request.htmx:
        return render(request, "cpm/customer.html#current-enrollment", context)
    history = past_participations(found, limit=HISTORY)
    context |= _places(found) | {
        "ended": ended_enrollments(found),
        "ended_columns": ENDED_ENROLLMENTS,
        "history": history,
        "brought": brought_by(history),
        "prior": prior_participations(found, limit=HISTORY),
        "outcome_codes": CODES,
        "last_events": history[:LAST_EVENTS][::-1],
        "notifications": notifications_of(found),
        "links": links_of(found),
        "emails_are_sent": emails_are_sent(),
        "now": now,
    }
    _remember(request, number)
    return render(request, "cpm/customer.html", context)


@require_safe
@allow("cpm.view_customer")
def outstanding(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Opt Out: the reservations of one enrollment that the customer can still opt out of."""
    if not request.user.has_perm("cpm.opt_out"):
        raise PermissionDenied(_("Your roles do not include opting out. Ask an administrator for the role you need."))
    found = get_object_or_404(Customer, number=number)
    enrollment = enrollment_of(found, pk)
    if enrollment is None:
        raise Http404(_("%(number)s has no open subscription %(pk)s.") % {"number": number, "pk": pk})
    if not enrollment.subscription.program.type.allow_to_opt_out:
        raise OptOutNotAllowed(
            _("%(type)s programs do not allow customers to opt out.") % {"type": enrollment.subscription.program.type}
        )
    show_in(enrollment.subscription.location.time_zone)
    context = {"customer": found, "enrollment": enrollment, "columns": OUTSTANDING, "now": clock.now()}
    return render(request, "cpm/outstanding.html", context)


def _places(customer: Customer) -> dict[str, Any]:
    """The customer's device locations and their devices, and whether an answer about one of these is on its way."""
    devices = Device.objects.select_related("status").order_by("pk")
    places = list(
        customer.locations.prefetch_related(
            Prefetch("devices", devices), Prefetch("meters", Meter.objects.order_by("starts_at"))
        ).order_by("pk")
    )
    installed = [device for place in places for device in place.devices.all()]
    statuses = [getattr(device, "status", None) for device in installed]
    return {
        "customer": customer,
        "locations": places,
        "heard": last_heard(installed),
        "location_columns": LOCATIONS,
        "waits_for_status": any(status and status.is_waiting for status in statuses),
    }


def _remember(request: SignedInRequest, number: str) -> None:
    """Keep in the person's session which customers they opened last; it ends with the session."""
    others = [other for other in request.session.get(RECENT, []) if other != number]
    if (opened := [number, *others][:MOST_RECENT]) != request.session.get(RECENT):
        request.session[RECENT] = opened


def _recent(request: SignedInRequest) -> list[Customer]:
    """The customers whom this person opened last, the latest first."""
    numbers: list[str] = request.session.get(RECENT, [])
    found = {one.number: one for one in Customer.objects.filter(number__in=numbers)} if numbers else {}
    return [found[number] for number in numbers if number in found]


def _show_in_zone_of(customer: Customer) -> None:
    """The page has the zone of the customer's first home; a home in another zone names its own."""
    if home := customer.locations.order_by("pk").first():
        show_in(home.time_zone)


@require_http_methods(["POST"])
@allow("cpm.add_selfservicelink")
@acts_once
def link_add(request: SignedInRequest, number: str) -> HttpResponse:
    """Create a link to this customer's own page, to be sent to them."""
    found = get_object_or_404(Customer, number=number)
    link = operations.make_link(customer_id=found.pk, by=request.user.username, now=clock.now())
    return redirect("cpm:link", number, link.uid)


@require_safe
@allow("cpm.add_selfservicelink")
@never_cache
def link(request: SignedInRequest, number: str, uid: UUID) -> HttpResponse:
    """A link to a customer's own page, to be copied. It is made from its row; nothing stores its text."""
    found = get_object_or_404(SelfServiceLink.objects.select_related("customer"), uid=uid, customer__number=number)
    address = settings.PUBLIC_URL + reverse("cpm:self_service", args=[found.token])
    context = {"customer": found.customer, "link": found, "address": address, "is_open": found.is_open(clock.now())}
    return render(request, "cpm/link.html", context)


@ACTING
@allow("cpm.add_selfservicelink")
@acts_once
def link_revoke(request: SignedInRequest, number: str, uid: UUID) -> HttpResponse:
    link = get_object_or_404(SelfServiceLink, uid=uid, customer__number=number)
    if request.method == "POST":
        operations.revoke_link(uid=link.uid, by=request.user.username, now=clock.now())
        messages.success(request, _("The link is revoked."))
        return redirect("cpm:customer", number)
    return confirm(
        request,
        title=_("Revoke this self-service link?"),
        consequences=[_("Anyone who opens it sees that it no longer works. You can create a new one at any time.")],
        act=_("Revoke the link"),
        keep=_("Keep the link"),
        keep_url=reverse("cpm:customer", args=[number]),
        dangerous=True,
    )
