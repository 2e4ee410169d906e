"""Meters: the list, one with its days and their pictures, and making, changing and exchanging one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.customers import DeviceLocation
from cpm.models.meters import Meter
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.moments import show_in
from integration.seam import clock

from .. import operations
from ..forms import ExchangeForm, MeterForm
from ..pages.meter_picture import SPANS, picture_of
from ..place_columns import METER_DAYS, METERS
from ..queries import meter_pages as queries

CHANGE = "cpm.change_meter"
LONGEST_SEARCH = 40  # characters


@require_safe
@allow("cpm.view_meter")
def meter_list(request: SignedInRequest) -> HttpResponse:
    """Meters by number; a search finds by how a number or a service point begins."""
    words = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    page = keyset_page(queries.meters_like(words), ("number",), request.GET)
    latest = queries.latest_days(page.rows)
    for row in page.rows:
        row.latest_day = latest.get(row.pk)  # type: ignore[attr-defined]  # for the column
    context = {"columns": METERS, "page": page, "words": words}
    if settings.DEMO:
        context["being_read"] = import_string(settings.DEMO_READINGS)(clock.now())
    return render(request, "cpm/meter_list.html", context)


@require_safe
@allow("cpm.view_meter")
def meter(request: SignedInRequest, number: str) -> HttpResponse:
    """A meter, its days, and the picture of the day or week that the address names: without one, the latest."""
    found = _meter(number)
    show_in(found.location.time_zone)
    latest = queries.latest_days([found]).get(found.pk, clock.now().astimezone(UTC).date())
    day, until = (_day_in(request.GET, name, latest) for name in ("day", "until"))
    span = request.GET.get("span", "day")
    span = span if span in SPANS else "day"
    days = queries.days_of(found, until)
    before = _loaded_at(days, day, request.GET.get("version", ""))
    context = {
        "meter": found,
        "others": queries.meters_at(found),
        "columns": METER_DAYS,
        "days": days,
        "day": day,
        "span": span,
        "until": until,
        "earlier": until - timedelta(days=queries.DAYS_SHOWN),
        "previous": day - timedelta(days=SPANS[span]),
        "next": day + timedelta(days=SPANS[span]),
        "before": before,
        "picture": picture_of(found, day, span, before),
    }
    return render(request, "cpm/meter.html", context)


@ACTING
@allow(CHANGE)
@acts_once
def meter_new(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """A new meter at a place of a customer."""
    rows = DeviceLocation.objects.select_related("customer")
    place = get_object_or_404(rows, pk=pk, customer__number=number)
    operations.require_lived_in(place)

    def make(typed: QueryDict | None, row: Meter | None) -> list[MeterForm]:
        return [MeterForm(typed, instance=row, time_zone=place.time_zone)]

    def save(fields: dict[str, Any], **who: Any) -> Meter:
        return operations.save_meter(meter_id=None, location_id=place.pk, fields=fields, **who)

    return _form_page(request, place, Editing[Meter](request, None, make), save, title=_("New meter"))


@ACTING
@allow(CHANGE)
@acts_once
def meter_edit(request: SignedInRequest, number: str) -> HttpResponse:
    """Change a meter."""
    found = _meter(number)
    zone, is_read = found.location.time_zone, queries.has_readings(found)

    def make(typed: QueryDict | None, row: Meter | None) -> list[MeterForm]:
        return [MeterForm(typed, instance=row, time_zone=zone, has_readings=is_read)]

    def save(fields: dict[str, Any], **who: Any) -> Meter:
        return operations.save_meter(meter_id=found.pk, fields=fields, **who)

    title = _("Meter %(number)s") % {"number": found}
    return _form_page(request, found.location, Editing[Meter](request, found, make), save, title=title)


@ACTING
@allow(CHANGE)
@acts_once
def meter_exchange(request: SignedInRequest, number: str) -> HttpResponse:
    """End a meter and make the one that follows it."""
    found = _meter(number)
    zone, now = found.location.time_zone, clock.now()

    def make(typed: QueryDict | None, row: Meter | None) -> list[MeterForm]:
        return [ExchangeForm(typed, old=found, now=now, time_zone=zone)]

    def save(fields: dict[str, Any], **who: Any) -> Meter:
        at = fields.pop("starts_at")
        return operations.exchange_meter(meter_id=found.pk, at=at, fields=fields, **who)

    title = _("Exchange meter %(number)s") % {"number": found}
    return _form_page(request, found.location, Editing[Meter](request, found, make), save, title=title)


def _form_page(
    request: SignedInRequest, place: DeviceLocation, editing: Editing[Meter], save: Any, *, title: str
) -> HttpResponse:
    saved: list[Meter] = []

    def save_typed(version: int | None) -> None:
        form = editing.forms[0]
        fields = {name: value for name, value in form.cleaned_data.items() if name in form.Meta.fields}
        saved.append(save(fields, by=request.user.username, now=clock.now(), version=version))

    show_in(place.time_zone)
    if editing.is_valid() and editing.is_saved(save_typed):
        messages.success(request, _("It is saved."))
        return redirect("cpm:meter", saved[0].number)
    context = {"place": place, "row": editing.row, "form": editing.forms[0], "editing": editing, "title": title}
    return render(request, "cpm/meter_form.html", context, status=editing.status)


def _meter(number: str) -> Meter:
    return get_object_or_404(Meter.objects.select_related("location__customer"), number=number)


def _day_in(query: QueryDict, name: str, default: date) -> date:
    try:
        day = date.fromisoformat(query.get(name, ""))
    except ValueError:
        return default
    return day if 2000 <= day.year <= 2100 else default


def _loaded_at(days: list[queries.DayOfMeter], day: date, version: str) -> datetime | None:
    """When an earlier version of a day came that the address names."""
    versions = [one for known in days if known.day == day for one in known.earlier]
    return next((one.loaded_at for one in versions if str(one.number) == version), None)
