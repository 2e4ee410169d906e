"""Event Participation: each device's reservations and outcomes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.columns import Columns
from integration.pages.exports import PAGE, export, listing
from integration.pages.filters import has_known_values
from integration.pages.http import SignedInRequest
from integration.pages.keyset import AFTER, SIZE, Page, join_key, page_of
from integration.pages.moments import show_in
from integration.pages.numbers import whole
from integration.seam import clock

from .. import operations
from ..choices import ProgramEventState
from ..columns import participation_columns
from ..forms import OptOutForm, ParticipationFilter
from ..pages.measured import shown_result
from ..pages.standings import opt_out_refusal, standings_of
from ..queries import (
    NEWEST_FIRST,
    ParticipationKey,
    ParticipationRow,
    Place,
    Total,
    Wanted,
    is_settled,
    loads_under_way,
    participation_count,
    participation_history,
    participation_total,
    participations,
    program_events,
    row_order,
)
from ..queries.measured import result_of

SEES_CUSTOMERS = "cpm.view_customer"


@require_safe
@allow("cpm.view_participation")
@vary_on_headers("HX-Request")
def participation_list(request: SignedInRequest) -> HttpResponse:
    """All participations, or those that match a filter; with a program event chosen, also its counters."""
    form = _filter(request)
    if not has_known_values(form):
        return _refuse(request, form)
    context = _chosen(form.cleaned_data["program_event"])
    if request.htmx and context:
        return render(request, "cpm/participation_list.html#counters", context)
    columns = _columns(request, form.cleaned_data["program_event"])
    sort = _sort(request, columns)
    page = participation_page(request, form, sort)
    context |= {"form": form, "page": page, "columns": columns, "sort": sort}
    is_whole = not page.first_url and not page.next_url
    context["total"] = Total(len(page.rows)) if is_whole else _total(form)
    context |= {"query": request.GET.urlencode(), "is_filtered": form.has_changed()}
    return render(request, "cpm/participation_list.html", context)


def participation_page(
    request: SignedInRequest, form: ParticipationFilter, sort: str, *, size: int | None = None
) -> Page[ParticipationRow]:
    """The page of a valid filter that the address names. Raises BadRequest if it names none."""
    size = size or SIZE
    found = participations(form.wanted, sort=sort, after=_after(request, sort), limit=size + 1)
    return page_of(found, request.GET, _key(found[:size][-1].place(sort), sort) if found else "", size=size)


@require_safe
@allow("cpm.view_participation")
def participation_export(request: SignedInRequest) -> HttpResponseBase:
    """Every participation that matches the filter, in the list's order; customers only for people who may see them."""
    form = _filter(request)
    if not has_known_values(form):
        return _refuse(request, form)
    wanted, columns = form.wanted, _columns(request).in_file(request.user)
    sort = _sort(request, _columns(request, form.cleaned_data["program_event"]))

    def next_page(last: ParticipationRow | None) -> list[ParticipationRow]:
        return participations(wanted, sort=sort, after=last.place(sort) if last else None, limit=PAGE)

    def count(most: int) -> int:
        return participation_count(wanted, most=most)

    return export(request, listing("event-participation", columns, next_page, count))


@require_safe
@allow("cpm.view_participation")
@vary_on_headers("HX-Request")
def participation(
    request: SignedInRequest, event_number: str, stage_number: int, head_end: str, nic_id: str
) -> HttpResponse:
    """The record of one device in one program event."""
    row = participation_row(event_number, stage_number, head_end, nic_id)
    template = "cpm/participation.html"
    return render(request, f"{template}#record" if request.htmx else template, _record(row))


@ACTING
@allow("cpm.opt_out")
@acts_once
def participation_opt_out(
    request: SignedInRequest, event_number: str, stage_number: int, head_end: str, nic_id: str
) -> HttpResponse:
    """Save Preemptive Opt-Out on the record, for its stage or for all coming stages of the event."""
    row = participation_row(event_number, stage_number, head_end, nic_id)
    if request.method != "POST":
        return redirect("cpm:participation", event_number, stage_number, head_end, nic_id)
    form = OptOutForm(request.POST, stages=len(coming_stages(row)))
    if not form.is_valid():
        return render(request, "cpm/participation.html", {**_record(row), "opt_out_form": form}, status=422)
    if form.cleaned_data["preemptive_opt_out"] == "no":
        messages.info(request, _("Preemptive Opt-Out is still No; nothing was changed."))
    else:
        _opt_out(request, row, whole_event=form.cleaned_data["scope"] == "event")
    if "to_customer" in request.POST:
        return redirect("cpm:customer", row.device.location.customer.number)
    return redirect("cpm:participation", event_number, stage_number, head_end, nic_id)


def _opt_out(request: SignedInRequest, row: ParticipationRow, *, whole_event: bool) -> None:
    event, by, now = row.program_event, request.user.username, clock.now()
    if whole_event:
        for sentence in operations.opt_out_of_event(event_uid=event.event_uid, device_id=row.device.pk, by=by, now=now):
            messages.warning(request, sentence)
    else:
        operations.opt_out_device(program_event_id=event.pk, device_id=row.device.pk, by=by, now=now)
    messages.success(request, _("The opt-out is saved and sent to DERMS; this page shows the answer."))


def participation_row(event_number: str, stage_number: int, head_end: str, nic_id: str) -> ParticipationRow:
    event = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    devices = list(Device.objects.filter(head_end=head_end, nic_id=nic_id).values_list("pk", flat=True))
    found = participations(Wanted(program_events=Q(pk=event.pk), device_ids=devices), limit=1)
    if not found:
        raise Http404(
            _("%(head_end)s/%(nic)s has no participation in %(event)s.")
            % {"head_end": head_end, "nic": nic_id, "event": event}
        )
    show_in(found[0].device.location.time_zone)
    return found[0]


def _record(row: ParticipationRow) -> dict[str, Any]:
    """The context of the record; it has the form only if the device can still opt out."""
    now, zone = clock.now(), row.device.location.time_zone
    (standing,) = standings_of([row], now)
    refusal = opt_out_refusal(row.program_event, is_reserved=row.facts.reservation_flag, zone=zone, now=now)
    opt_out, coming = standing.removal if row.facts.preemptive_opt_out else None, coming_stages(row)
    measured = result_of(row.program_event, row.device.pk)
    return {
        "row": row,
        "measured": measured and shown_result(*measured),
        "standing": standing,
        "happened": participation_history(row),
        "opt_out": opt_out,
        "is_waiting": bool(opt_out and not opt_out.answer),
        "refusal": refusal,
        "coming_stages": coming,
        "opt_out_form": None if refusal or opt_out else OptOutForm(stages=len(coming)),
    }


def coming_stages(row: ParticipationRow) -> list[ParticipationRow]:
    """The coming stages of the event that this device is reserved for."""
    coming = Q(event_uid=row.program_event.event_uid, state=ProgramEventState.SCHEDULED)
    found = participations(Wanted(program_events=coming, device_ids=[row.device.pk]), limit=SIZE)
    return [other for other in found if other.facts.reservation_flag]


def _refuse(request: SignedInRequest, form: ParticipationFilter) -> HttpResponse:
    """The page without rows, with the errors of the filter."""
    context = {"form": form, "page": Page([]), "query": request.GET.urlencode()}
    return render(request, "cpm/participation_list.html", context, status=422)


def _filter(request: SignedInRequest) -> ParticipationFilter:
    return ParticipationFilter(request.GET, sees_customers=request.user.has_perm(SEES_CUSTOMERS))


def _columns(request: SignedInRequest, event: ProgramEvent | None = None) -> Columns[ParticipationRow]:
    return participation_columns(sees_customers=request.user.has_perm(SEES_CUSTOMERS), of_one_event=event is not None)


def _chosen(event: ProgramEvent | None) -> dict[str, Any]:
    """What the page shows of the chosen program event; nothing if none is chosen."""
    if event is None:
        return {}
    return {"program_event": event, "is_settled": is_settled(event), "loads": loads_under_way(event.stage_uid)}


def _total(form: ParticipationFilter) -> Total | None:
    return participation_total(form.wanted, of_one_event=form.cleaned_data["program_event"] is not None)


def _sort(request: SignedInRequest, columns: Columns[ParticipationRow]) -> str:
    """The order that the address names, if the list has it; else the newest program events first."""
    sort = request.GET.get("sort", "")
    return sort if sort.removeprefix("-") in columns.sort_fields() else NEWEST_FIRST


def _key(place: Place, sort: str) -> str:
    value = ("" if place.value is None else place.value,) if row_order(sort) else ()
    return join_key((*place.key, *value))


def _after(request: SignedInRequest, sort: str) -> Place | None:
    """The place that the address names, as `_key` wrote it. Raises BadRequest if it names none."""
    text, order = request.GET.get(AFTER, ""), row_order(sort)
    if not text:
        return None
    first, *others = text.split("~", 2 if order else -1)
    event, device = whole(first), whole(others[0]) if others else None
    value = order.read(others[1]) if order and others[1:] and others[1] else None
    if event is None or device is None or len(others) != (2 if order else 1) or (order and others[1] and value is None):
        raise BadRequest(_("This address does not lead to a place in the list."))
    return Place(ParticipationKey(event, device), value)
