"""Making, changing and deleting customers, device locations and devices."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cpm.models.customers import Customer, Device, DeviceLocation, Kept
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..forms import CustomerForm, KeptDeviceForm, LocationForm
from ..queries import last_heard

CHANGE = "cpm.change_customer"


@ACTING
@allow(CHANGE)
@acts_once
def customer_new(request: SignedInRequest) -> HttpResponse:
    return _customer_page(request, None)


@ACTING
@allow(CHANGE)
@acts_once
def customer_edit(request: SignedInRequest, number: str) -> HttpResponse:
    return _customer_page(request, get_object_or_404(Customer, number=number))


@ACTING
@allow(CHANGE)
@acts_once
def customer_delete(request: SignedInRequest, number: str) -> HttpResponse:
    found = get_object_or_404(Customer, number=number)
    page, after = reverse("cpm:customer_edit", args=[number]), "cpm:customer_list"
    return _delete(request, found, page, reverse(after) if request.user.has_perm("cpm.view_customer") else "/")


@ACTING
@allow(CHANGE)
@acts_once
def location_new(request: SignedInRequest, number: str) -> HttpResponse:
    return _location_page(request, get_object_or_404(Customer, number=number), None)


@ACTING
@allow(CHANGE)
@acts_once
def location_edit(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    found = _location(number, pk)
    operations.require_lived_in(found)
    return _location_page(request, found.customer, found)


@ACTING
@allow(CHANGE)
@acts_once
def location_delete(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    page = reverse("cpm:location_edit", args=[number, pk])
    return _delete(request, _location(number, pk), page, _home(request, number))


@ACTING
@allow(CHANGE)
@acts_once
def device_new(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    found = _location(number, pk)
    operations.require_lived_in(found)
    return _device_page(request, found, None)


@ACTING
@allow(CHANGE)
@acts_once
def device_edit(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    found = _device(number, pk)
    return _device_page(request, found.location, found)


@ACTING
@allow(CHANGE)
@acts_once
def device_delete(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    page = reverse("cpm:device_edit", args=[number, pk])
    return _delete(request, _device(number, pk), page, _home(request, number))


def _customer_page(request: SignedInRequest, customer: Customer | None) -> HttpResponse:
    def save(fields: dict[str, Any], **who: Any) -> str:
        pk = customer.pk if customer else None
        return _home(request, operations.save_customer(customer_id=pk, fields=fields, **who).number)

    return _page(request, customer, CustomerForm, save, kind="customer", title=_("New customer"), customer=customer)


def _location_page(request: SignedInRequest, customer: Customer, location: DeviceLocation | None) -> HttpResponse:
    def save(fields: dict[str, Any], **who: Any) -> str:
        pk = location.pk if location else None
        operations.save_location(location_id=pk, customer_id=customer.pk, fields=fields, **who)
        return _home(request, customer.number)

    title = _("New device location")
    return _page(request, location, LocationForm, save, kind="device location", title=title, customer=customer)


def _device_page(request: SignedInRequest, location: DeviceLocation, device: Device | None) -> HttpResponse:
    def save(fields: dict[str, Any], **who: Any) -> str:
        pk = device.pk if device else None
        operations.save_device(device_id=pk, location_id=location.pk, fields=fields, **who)
        return _home(request, location.customer.number)

    shown = {"title": _("New device"), "customer": location.customer}
    heard_at = last_heard([device]).get(device.pk) if device else None
    return _page(request, device, KeptDeviceForm, save, kind="device", heard_at=heard_at, **shown)


def _page(
    request: SignedInRequest, row: Kept | None, form: Any, save: Callable[..., str], *, kind: str, **shown: Any
) -> HttpResponse:
    """The page of a row, or of a new one; `save` saves what was typed and returns the address to go on to."""
    address = ""

    def save_typed(version: int | None) -> None:
        nonlocal address
        fields = editing.forms[0].cleaned_data
        address = save(fields, by=request.user.username, now=clock.now(), version=version)

    editing = Editing[Kept](request, row, lambda typed, known: [form(typed, instance=known)])
    if editing.is_valid() and editing.is_saved(save_typed):
        messages.success(request, _("It is saved."))
        return redirect(address)
    context = {"row": editing.row, "kind": kind, "form": editing.forms[0], "editing": editing, **shown}
    return render(request, "cpm/keep.html", context, status=editing.status)


def _delete(request: SignedInRequest, row: Customer | DeviceLocation | Device, page: str, after: str) -> HttpResponse:
    """Delete a row that nothing refers to."""
    if request.method == "POST":
        operations.delete_kept(of=type(row), pk=row.pk, version=seen_version(request.POST, row))
        messages.success(request, _("“%(code)s” is deleted.") % {"code": row})
        return redirect(after)
    referring = ", ".join(operations.referring_to(row))
    return confirm(
        request,
        title=_("Delete “%(code)s”?") % {"code": row},
        consequences=[_("Nothing refers to it. Its history stays.")],
        hidden=[(VERSION, str(row.version))],
        impossible=referring
        and _("It can't be deleted, because there is something that refers to it: %(what)s.") % {"what": referring},
        act=_("Delete"),
        keep=_("Keep it"),
        keep_url=page,
    )


def _location(number: str, pk: int) -> DeviceLocation:
    return get_object_or_404(DeviceLocation.objects.select_related("customer"), pk=pk, customer__number=number)


def _device(number: str, pk: int) -> Device:
    rows = Device.objects.select_related("location__customer", "status")
    return get_object_or_404(rows, pk=pk, location__customer__number=number)


def _home(request: SignedInRequest, number: str) -> str:
    """The customer's page; for people who may not see it, the form that they can open."""
    name = "cpm:customer" if request.user.has_perm("cpm.view_customer") else "cpm:customer_edit"
    return reverse(name, args=[number])
