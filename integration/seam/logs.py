"""Structured logging: each line also names its request, person and event.

Lines contain no customer data. A request is named by its route, never by its address, which may contain a link's secret
or a name. Of a database error only the error is logged, not the row it concerns.
"""

import logging
import uuid
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from structlog import dev, processors, stdlib
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars
from structlog.types import EventDict, Processor

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
ROW_VALUES = ("DETAIL:", "CONTEXT:", "LINE ")  # the starts of lines in which PostgreSQL quotes rows and statements


def request_id() -> uuid.UUID | None:
    """The id of the request being answered; None outside a request."""
    found: uuid.UUID | None = get_contextvars().get("request_id")
    return found


class RequestLog:
    """Assigns each request an id, and logs a line about it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        bind_contextvars(request_id=uuid.uuid4())
        began = perf_counter()
        response = self.get_response(request)
        response.headers[HEADER] = str(request_id())
        ms = round(1000 * (perf_counter() - began))
        log.info("request", extra={"method": request.method, "status": response.status_code, "ms": ms})
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> None:
        route = request.resolver_match.route if request.resolver_match else ""
        bind_contextvars(route=route, actor=request.user.get_username() or None)
        if event := kwargs.get("event_number") or (route.startswith("events/") and kwargs.get("number")):
            bind_contextvars(event_number=event)


def formatter(*, style: str) -> logging.Formatter:
    """A formatter for lines of JSON or, with the same content, lines for a terminal."""
    render: list[Processor] = [dev.ConsoleRenderer(colors=False, event_key="message")]
    if style == "json":
        render = [processors.JSONRenderer(default=str, ensure_ascii=False)]
    return stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            merge_contextvars,
            stdlib.ExtraAdder(allow={"method", "status", "ms"}),
            stdlib.add_log_level,
            stdlib.add_logger_name,
            processors.TimeStamper(fmt="iso", utc=True),
            processors.format_exc_info,
            _without_addresses,
            _without_row_values,
            processors.EventRenamer("message"),
        ],
        processors=[stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def _without_addresses(logger: object, method: str, line: EventDict) -> EventDict:
    """Remove the address, with which Django's own lines about requests end."""
    if line["logger"].startswith(("django.request", "django.security")):
        line["event"] = line["event"].partition(": ")[0]
    return line


def _without_row_values(logger: object, method: str, line: EventDict) -> EventDict:
    for key in ("event", "exception"):
        if key in line:
            kept = [each for each in str(line[key]).splitlines() if not each.lstrip().startswith(ROW_VALUES)]
            line[key] = "\n".join(kept)
    return line
