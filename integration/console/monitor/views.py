"""The monitor: every message with its deliveries, dead letters, and alerts for people to look at."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from integration.console.columns import ALERTS, DEAD_LETTERS, DELIVERIES, DELIVERIES_OF_MESSAGE, REFUSED_ROWS
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.exports import export, listing_of
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.streams import HOLDER, holder_of
from integration.seam import clock, queries
from integration.seam.alerts import acknowledge_alert, already_acknowledged, already_archived, archive_alert
from integration.seam.delivery import ATTEMPTS, discard_delivery, retry_delivery, retry_due_work
from integration.seam.models import Alert, Delivery, DueWork, Message

from .filters import AlertFilter, DeliveryFilter
from .forms import AcknowledgeForm, DiscardForm

DEAD_SHOWN = REFUSED_SHOWN = 100
LATEST_FIRST = ("-last_at", "-id")


@require_safe
@allow("derms.view_event", "cpm.view_participation", "integration.view_alert")
def live(request: SignedInRequest) -> HttpResponse:
    """Decide who may open a stream of nudges, and note whose it is; integration.project.web keeps the response open."""
    if isinstance(request, ASGIRequest):
        request.scope[HOLDER] = holder_of(request.user.pk)  # type: ignore[index]  # its stubs make it read-only
    return HttpResponse(
        content_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


@require_safe
@allow("integration.view_message")
@vary_on_headers("HX-Request")
def message_list(request: SignedInRequest) -> HttpResponse:
    """Dead letters and the backlog as live parts of the page; then all messages, newest first."""
    found = _deliveries(request)
    if request.htmx and "hour" in request.GET:
        hour = queries.backlog_by_minute(clock.now())
        return render(request, "console/message_list.html#backlog-hour", {"hour": hour})
    context: dict[str, Any] = {
        "backlog": queries.backlog(),
        "dead": [*queries.dead_deliveries()[:DEAD_SHOWN], *queries.dead_due_work()[:DEAD_SHOWN]],
        "dead_columns": DEAD_LETTERS,
    }
    if request.htmx:
        return render(request, "console/message_list.html#backlog", context)
    context |= {"filter": found, "page": keyset_page(found.qs, ("-id",), request.GET), "query": request.GET.urlencode()}
    context["columns"] = DELIVERIES
    context["hour"] = queries.backlog_by_minute(clock.now())
    return render(request, "console/message_list.html", context)


@require_safe
@allow("integration.view_message")
def message_export(request: SignedInRequest) -> HttpResponseBase:
    """Every delivery that matches the filter, newest first."""
    found = _deliveries(request).qs
    return export(request, listing_of("messages", DELIVERIES.in_file(request.user), found, ("-id",)))


def _deliveries(request: SignedInRequest) -> DeliveryFilter:
    found = DeliveryFilter(request.GET, queryset=queries.deliveries())
    known(found.form)
    return found


@require_safe
@allow("integration.view_message")
def message(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """One message: its payload, its deliveries, and the rows that receivers refused."""
    found = get_object_or_404(Message, uid=uid)
    context = {
        "message": found,
        "payload": json.dumps(found.payload, indent=2, ensure_ascii=False),
        "deliveries": queries.deliveries_of(found),
        "delivery_columns": DELIVERIES_OF_MESSAGE,
        "loads": queries.loads_of(found),
        "refused": queries.refused_rows_of(found)[:REFUSED_SHOWN],
        "refused_columns": REFUSED_ROWS,
    }
    return render(request, "console/message.html", context)


@ACTING
@allow("integration.change_message")
@acts_once
def delivery_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Retry a dead letter, with all its attempts."""
    found = get_object_or_404(queries.deliveries(), pk=pk)
    back = reverse("message", args=[found.message.uid])
    if request.method == "POST":
        retry_delivery(delivery_id=pk)
        _say(request, found, _("It will be retried."))
        return redirect(back)
    return confirm(
        request,
        title=_("Retry “%(delivery)s”?") % {"delivery": found},
        impossible=_not_dead(found),
        consequences=[
            _("It gets %(n)s more attempts, the first one at once.") % {"n": ATTEMPTS},
            _("If it was applied already, applying it again changes nothing."),
        ],
        act=_("Retry"),
        keep=_("Leave it as it is"),
        keep_url=back,
    )


@ACTING
@allow("integration.change_message")
@acts_once
def delivery_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Discard a dead letter, with a reason."""
    found = get_object_or_404(queries.deliveries(), pk=pk)
    back = reverse("message", args=[found.message.uid])
    form = DiscardForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        discard_delivery(delivery_id=pk, by=request.user.username, reason=form.cleaned_data["reason"])
        _say(request, found, _("It is discarded."))
        return redirect(back)
    return confirm(
        request,
        title=_("Discard “%(delivery)s” for good?") % {"delivery": found},
        impossible=_not_dead(found),
        consequences=[_("The receiver will never get it, and it can't be retried.")],
        form=form,
        act=_("Discard"),
        keep=_("Keep it, to retry it later"),
        keep_url=back,
        dangerous=True,
    )


@ACTING
@allow("integration.change_message")
@acts_once
def due_work_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Retry due work that failed for good, with all its attempts."""
    found = get_object_or_404(DueWork, pk=pk)
    if request.method == "POST":
        retry_due_work(work_id=pk)
        messages.success(request, _("“%(work)s” will be retried.") % {"work": found})
        return redirect("message_list")
    return confirm(
        request,
        title=_("Retry “%(work)s”?") % {"work": found},
        impossible="" if found.dead_at else _("It is not a dead letter: nothing has to be done."),
        consequences=[_("It gets %(n)s more attempts, the first one at once.") % {"n": ATTEMPTS}],
        act=_("Retry"),
        keep=_("Leave it as it is"),
        keep_url=reverse("message_list"),
    )


@require_safe
@allow("integration.view_alert")
@vary_on_headers("HX-Request")
def alert_list(request: SignedInRequest) -> HttpResponse:
    """Open alerts, or all of them, that match the filter; the latest first, or in another order."""
    found = _alerts(request)
    sort = request.GET.get("sort", "-last")
    page = keyset_page(found.qs, ALERTS.keyset_order(sort, default="-last"), request.GET)
    context = {
        "filter": found,
        "columns": ALERTS,
        "page": page,
        "view": found.data["view"],
        "sort": sort,
        "query": request.GET.urlencode(),
        "is_narrowed": any(request.GET.get(name) for name in ("q", "priority", "acknowledged", "kind")),
    }
    return render(request, "console/alert_list.html#alerts" if request.htmx else "console/alert_list.html", context)


@require_safe
@allow("derms.view_event", "integration.view_alert")
def alert_unseen(request: SignedInRequest) -> HttpResponse:
    """The live part of every page's header: the forecast's age, how many alerts are unseen, and the newest of them."""
    newest = queries.newest_unseen_alert() if request.user.has_perm("integration.view_alert") else None
    return render(request, "partials/header_live.html", {"newest": newest})


@require_safe
@allow("integration.view_alert")
def alert_export(request: SignedInRequest) -> HttpResponseBase:
    """The alerts that match the filter, the latest first."""
    columns = ALERTS.in_file(request.user)
    return export(request, listing_of("alerts", columns, _alerts(request).qs, LATEST_FIRST))


def _alerts(request: SignedInRequest) -> AlertFilter:
    data = request.GET.copy()
    data.setdefault("view", "open")
    found = AlertFilter(data, queryset=queries.alerts())
    known(found.form)
    return found


@ACTING
@allow("integration.change_alert")
@acts_once
def alert_acknowledge(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take on an alert, so that it no longer counts as unseen; it stays open."""
    found = get_object_or_404(Alert, pk=pk)
    form = AcknowledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        acknowledge_alert(alert_id=pk, by=request.user.username, note=form.cleaned_data["note"])
        messages.success(request, _("You have acknowledged the alert."))
        return redirect("alert_list")
    return confirm(
        request,
        title=_("Acknowledge this alert?"),
        about=found.text,
        impossible=already_archived(found) or already_acknowledged(found),
        consequences=[_("It stays open with your name, and counts again if it becomes more urgent.")],
        form=form,
        act=_("Acknowledge"),
        keep=_("Leave it to others"),
        keep_url=reverse("alert_list"),
    )


@ACTING
@allow("integration.change_alert")
@acts_once
def alert_archive(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close an alert that somebody has looked at."""
    found = get_object_or_404(Alert, pk=pk)
    if request.method == "POST":
        archive_alert(alert_id=pk, by=request.user.username)
        messages.success(request, _("The alert is archived."))
        return redirect("alert_list")
    return confirm(
        request,
        title=_("Archive this alert?"),
        about=found.text,
        impossible=already_archived(found),
        consequences=[_("If it happens again, a new alert opens.")],
        act=_("Archive"),
        keep=_("Keep it open"),
        keep_url=reverse("alert_list"),
    )


def _not_dead(delivery: Delivery) -> str:
    """Why a delivery can be neither retried nor discarded; empty if it can."""
    is_dead = delivery.dead_at and not delivery.discarded_at
    return "" if is_dead else _("It is not a dead letter: nothing has to be done.")


def _say(request: SignedInRequest, delivery: Delivery, sentence: str) -> None:
    """Tell the person what was done, or that somebody else was faster."""
    if delivery.state == "Dead":
        messages.success(request, sentence)
    else:
        state = _(delivery.state).lower()
        messages.info(request, _("Nothing was done: the delivery is no longer a dead letter, it is %s.") % state)
