"""Customers: the search, and Customer Program Summary."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from integration.access import allow
from integration.http import SignedInRequest
from integration.keyset import keyset_page

from ..models import Customer
from ..queries import current_enrollments, customers, customers_like, ended_enrollments, past_participations

HISTORY = 20


@require_safe
@allow("cpm.view_customer")
def customer_list(request: SignedInRequest) -> HttpResponse:
    """Customers by number; a search that finds a single one opens it."""
    words = request.GET.get("q", "").strip()[:120]
    found = customers_like(customers(), words) if words else customers()
    page = keyset_page(found, ("number",), request.GET)
    if words and len(page.rows) == 1 and not page.first_url:
        return redirect("cpm:customer", page.rows[0].number)
    return render(request, "cpm/customer_list.html", {"page": page, "words": words})


@require_safe
@allow("cpm.view_customer")
def customer(request: SignedInRequest, number: str) -> HttpResponse:
    """Customer Program Summary: what they are enrolled in, what comes next, and what was."""
    found = get_object_or_404(Customer, number=number)
    context = {
        "customer": found,
        "locations": found.locations.prefetch_related("devices").order_by("pk"),
        "enrollments": current_enrollments(found),
        "ended": ended_enrollments(found),
        "history": past_participations(found, limit=HISTORY),
    }
    return render(request, "cpm/customer.html", context)
