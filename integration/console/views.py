"""The Overview, and the page for server errors."""

import sys
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from derms.queries.available import available_power
from integration.pages.access import allow
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.logs import request_id
from integration.seam.queries import backlog, open_alerts

from .columns import AVAILABLE, RUNNING_EVENTS, WAITING, ZONES
from .overview import day_ahead, plans_past_start, waiting_for, zones
from .running import delivering, next_event, running_events
from .set_up import Step, steps

ALERTS_SHOWN = 5


@require_safe
@allow()
@vary_on_headers("HX-Request")
def overview(request: SignedInRequest) -> HttpResponse:
    """What is going on, as far as this person may see it."""
    context = {**_events(request), **_alerts(request), **_messages(request)}
    context["to_set_up"] = _to_set_up(request)
    context["has_role"] = bool(request.user.get_all_permissions())
    return render(request, "console/overview.html#overview" if request.htmx else "console/overview.html", context)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of last resort: it needs no database, and shows the request's id so that it can be found in the log.

    503 if the database can't be reached: then a retry may work soon.
    """
    is_away = isinstance(sys.exc_info()[1], (OperationalError, InterfaceError))
    page = render_to_string("500.html", {"request_id": request_id(), "is_away": is_away})
    return HttpResponse(page, status=503 if is_away else 500)


def _events(request: SignedInRequest) -> dict[str, Any]:
    if not request.user.has_perm("derms.view_event"):
        return {}
    now = clock.now()
    running = running_events(now)
    return {
        "running": running,
        "delivering": delivering(running),
        "next_event": next_event(),
        "available": available_power(),
        "available_columns": AVAILABLE,
        "running_columns": RUNNING_EVENTS,
        "waiting": waiting_for(request.user, now),
        "waiting_columns": WAITING,
        "past_start": plans_past_start(now) if request.user.has_perm("derms.plan_event") else [],
        "day": day_ahead(now),
        "zones": zones(now),
        "zone_columns": ZONES,
    }


def _to_set_up(request: SignedInRequest) -> list[Step]:
    """The checklist's lines until all are done; nothing in a demo, which has no mail server of its own."""
    if settings.DEMO or not request.user.has_perm("config.change_user"):
        return []
    lines = steps(request.user)
    return [] if all(line.is_done for line in lines) else lines


def _alerts(request: SignedInRequest) -> dict[str, Any]:
    if not request.user.has_perm("integration.view_alert"):
        return {}
    return {"alerts": open_alerts()[:ALERTS_SHOWN], "alerts_open": open_alerts().count()}


def _messages(request: SignedInRequest) -> dict[str, Any]:
    return {"backlog": backlog()} if request.user.has_perm("integration.view_message") else {}
