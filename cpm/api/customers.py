"""CPM's part of the API: customers, their places, devices and subscriptions, and when devices must not be used."""

from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.unavailability import Unavailability
from integration.pages.api import Resource, allow_call, fields_of
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page
from integration.pages.limits import MINUTE, is_over
from integration.seam.refusals import Refused

from ..queries import customers, customers_like
from ..queries.customers import subscriptions_of
from ..views.customers import LONGEST_SEARCH, SEARCHES_A_MINUTE
from . import columns, rows

router = Router()
PERMISSION = "cpm.view_customer"


class SearchForm(forms.Form):
    """A search for customers."""

    q = forms.CharField(
        label="Number, account, NIC id, or a part of a name, address or telephone",
        required=False,
        max_length=LONGEST_SEARCH,
    )


class TooManySearches(Refused):
    """The account has searched more often in this minute than anybody may."""

    status, retry_after_s = 429, MINUTE


CUSTOMER = Resource[Any](rows.CustomerRow, columns.CUSTOMERS, fields_of(SearchForm))
LOCATION = Resource[DeviceLocation](rows.LocationRow, columns.LOCATIONS)
DEVICE = Resource[Device](rows.CustomerDeviceRow, columns.DEVICES)
SUBSCRIPTION = Resource[Subscription](rows.SubscriptionRow, columns.SUBSCRIPTIONS)
UNAVAILABILITY = Resource[Unavailability](rows.UnavailabilityRow, columns.UNAVAILABILITY)


@router.get("/customers", summary="Customers, by number", **CUSTOMER.listed)
@allow_call(PERMISSION, is_list=True)
def customer_list(request: SignedInRequest) -> Any:
    CUSTOMER.size(request)
    words = known(SearchForm(request.GET)).cleaned_data["q"]
    if words and is_over("customer-search", request.user.get_username(), per_minute=SEARCHES_A_MINUTE):
        raise TooManySearches(_("At most %(most)s searches in a minute.") % {"most": SEARCHES_A_MINUTE})
    found = customers_like(customers(), words) if words else customers()
    return CUSTOMER.page_or_file(request, found, ("number",))


@router.get("/customers/{customer}", summary="One customer", **CUSTOMER.single)
@allow_call(PERMISSION)
def customer(request: SignedInRequest, customer: str) -> Any:
    return CUSTOMER.row(request.user, get_object_or_404(customers(), number=customer))


@router.get("/customers/{customer}/locations", summary="A customer's device locations", **LOCATION.whole)
@allow_call(PERMISSION)
def locations(request: SignedInRequest, customer: str) -> Any:
    return LOCATION.answer(request, Page(list(_customer(customer).locations.order_by("pk"))))


@router.get(
    "/customers/{customer}/devices", summary="A customer's devices, with those that are taken out", **DEVICE.whole
)
@allow_call(PERMISSION)
def devices(request: SignedInRequest, customer: str) -> Any:
    found = Device.objects.filter(location__customer=_customer(customer))
    return DEVICE.answer(request, Page(list(found.order_by("pk"))))


@router.get(
    "/customers/{customer}/subscriptions", summary="A customer's subscriptions, the latest first", **SUBSCRIPTION.whole
)
@allow_call(PERMISSION)
def subscriptions(request: SignedInRequest, customer: str) -> Any:
    return SUBSCRIPTION.answer(request, Page(list(subscriptions_of(_customer(customer)))))


@router.get(
    "/customers/{customer}/unavailability",
    summary="Periods in which a customer's devices must not be used, the latest first",
    **UNAVAILABILITY.whole,
)
@allow_call(PERMISSION)
def unavailability(request: SignedInRequest, customer: str) -> Any:
    found = Unavailability.objects.filter(device__location__customer=_customer(customer)).select_related("device")
    return UNAVAILABILITY.answer(request, Page(list(found.order_by("-starts_at", "pk"))))


def _customer(customer: str) -> Customer:
    return get_object_or_404(Customer, number=customer)
