"""What every line of the log says besides its words: which request, which person, which event."""

import uuid
from collections.abc import Callable
from time import perf_counter
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

log = structlog.get_logger("gridcall.requests")

HEADER = "X-Request-ID"


def request_id() -> uuid.UUID | None:
    """The id of the request that is being answered; None outside of one."""
    found: uuid.UUID | None = get_contextvars().get("request_id")
    return found


class RequestLog:
    """Gives each request an id, and writes one line about it.

    The line names the route and never the address: what stands in an address may be a customer's secret or name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        bind_contextvars(request_id=uuid.uuid4())
        began = perf_counter()
        response = self.get_response(request)
        response.headers[HEADER] = str(request_id())
        log.info(
            "request", method=request.method, status=response.status_code, ms=round(1000 * (perf_counter() - began))
        )
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> None:
        route = request.resolver_match.route if request.resolver_match else ""
        bind_contextvars(route=route, actor=request.user.get_username() or None)
        if event := kwargs.get("event_number") or (route.startswith("events/") and kwargs.get("number")):
            bind_contextvars(event=event)
