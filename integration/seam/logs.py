"""Structured logging: each line also names its request, person and event.

Lines contain no customer data. A request is named by its route, never by its address, which may contain a link's secret
or a name. Of a database error only the error is logged, not the row it concerns; of any other, nothing that it quotes.
"""

import asyncio
import logging
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from time import perf_counter
from traceback import format_tb
from types import TracebackType
from typing import Any

import psycopg2
from django.db import DatabaseError, DataError
from django.http import HttpRequest, HttpResponse
from structlog import dev, processors, stdlib
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars
from structlog.types import EventDict, Processor

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
CLIENT_LEFT = 499  # the status of a request whose client left before it was answered
TOLD_EVERY_S = 10.0
LOGGED = "gridcall.logged"  # in the scope of a request that RequestLog has seen
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
EVENT_NUMBER = re.compile(r"DR-[0-9]{4}-[0-9]{4,9}")
QUOTED = re.compile("[\"'\u2018\u201c].*[\"'\u2019\u201d]", re.DOTALL)  # from the first quotation mark to the last
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
        getattr(request, "scope", {})[LOGGED] = True
        began, status = perf_counter(), CLIENT_LEFT
        try:
            response = self.get_response(request)
            response.headers[HEADER] = str(request_id())
            status = response.status_code
        finally:
            ms = round(1000 * (perf_counter() - began))
            _say_request(request.method or "", status, ms=ms)
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> None:
        route = request.resolver_match.route if request.resolver_match else ""
        bind_contextvars(route=route, actor=request.user.get_username() or None)
        if event := kwargs.get("event_number") or (route.startswith("events/") and kwargs.get("number")):
            bind_event(event)


def bind_event(number: object) -> None:
    """Name the event in the lines that follow; any text that isn't an event's number may be a name and is left out."""
    if isinstance(number, str) and EVENT_NUMBER.fullmatch(number):
        bind_contextvars(event_number=number)


def note_request(scope: MutableMapping[str, Any], status: int = CLIENT_LEFT) -> None:
    """Log a line about a request that was answered, or whose client left, before RequestLog saw it."""
    if not scope.get(LOGGED):
        _say_request(scope["method"], status)


def _say_request(method: str, status: int, **more: int) -> None:
    known = method if method in METHODS else "other"  # a client may name a method as it likes
    log.info("request", extra={"method": known, "status": status, **more})


class Tally:
    """Requests that come so often that a line for each would be most of their cost: a line for many of each actor."""

    def __init__(self, what: str, **more: int) -> None:
        self._what, self._more = what, more
        self._counts: Counter[str] = Counter()

    def add(self, actor: str) -> None:
        """Count one; called in an event loop."""
        if not self._counts:
            asyncio.get_running_loop().call_later(TOLD_EVERY_S, self._say)
        self._counts[actor] += 1

    def _say(self) -> None:
        counts, self._counts = self._counts, Counter()
        for actor, count in counts.items():
            log.info(self._what, extra={"actor": actor, "count": count, **self._more})


def formatter(*, style: str) -> logging.Formatter:
    """A formatter for lines of JSON or, with the same content, lines for a terminal."""
    render: list[Processor] = [dev.ConsoleRenderer(colors=False, event_key="message")]
    if style == "json":
        render = [processors.JSONRenderer(default=str, ensure_ascii=False)]
    return stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            merge_contextvars,
            stdlib.ExtraAdder(allow={"method", "status", "ms", "actor", "count"}),
            stdlib.add_log_level,
            stdlib.add_logger_name,
            processors.TimeStamper(fmt="iso", utc=True),
            processors.ExceptionRenderer(_traceback),
            _without_addresses,
            _without_row_values,
            processors.EventRenamer("message"),
        ],
        processors=[stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def _traceback(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    """The places in the code that led to a problem, of each problem behind it first."""
    parts = [f"{''.join(format_tb(each.__traceback__))}{_named(each)}" for each in _behind(exc_info[1])]
    return "\n\n".join(reversed(parts))


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    while problem:
        yield problem
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _named(problem: BaseException) -> str:
    """A problem's type and message. What it quotes may have been typed; the database's own errors quote its rules."""
    kept = isinstance(problem, DatabaseError | psycopg2.Error) and not isinstance(
        problem, DataError | psycopg2.DataError
    )
    return f"{type(problem).__name__}: {problem if kept else QUOTED.sub('“…”', str(problem))}"


def _without_addresses(logger: object, method: str, line: EventDict) -> EventDict:
    """Remove addresses from Django's own lines about requests: their own at the end, and where they came from."""
    if line["logger"].startswith(("django.request", "django.security")):
        line["event"] = re.split(": | - ", line["event"], maxsplit=1)[0]
    return line


def _without_row_values(logger: object, method: str, line: EventDict) -> EventDict:
    for key in ("event", "exception"):
        if key in line:
            kept = [each for each in str(line[key]).splitlines() if not each.lstrip().startswith(ROW_VALUES)]
            line[key] = "\n".join(kept)
    return line
