"""Files that a web process makes for people: few at once, piece by piece, and only as long as somebody reads.

A request that makes a file holds a place here until it ends, however it ends. Permits of pages are returned when the
file begins (integration/project/web.py), so files and pages don't wait for each other.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock
from time import perf_counter
from typing import Any, TypeVar

import psycopg2
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration.seam.refusals import Refused

T = TypeVar("T")
OF_A_PERSON, AT_ONCE = 1, 2  # per process
RETRY_AFTER_S = 30
LONGEST_REST_S = 0.2  # that a piece waits for pages
LOOK_S = 0.005


class TooManyDownloads(Refused):
    """The person, or everybody together, has as many files under way as a process makes at once."""

    status = 429
    retry_after_s = RETRY_AFTER_S


class Downloads:
    """The files that a process makes now."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._people: dict[Visit, str] = {}
        self._visits = 0

    @contextmanager
    def visit(self) -> Iterator[None]:
        """A request, whose place is free again when it ends."""
        visit = Visit(self)
        token = _visit.set(visit)
        with self._lock:
            self._visits += 1
        try:
            yield
        finally:
            _visit.reset(token)
            self.leave(visit)

    @property
    def pages(self) -> int:
        """How many requests that make no file are being answered."""
        return self._visits - len(self._people)

    def take(self, visit: "Visit", person: str) -> None:
        with self._lock:
            if visit.is_over:
                return  # the client left while its view was still running
            if sum(other == person for other in self._people.values()) >= OF_A_PERSON:
                raise TooManyDownloads(_of_a_person())
            if len(self._people) >= AT_ONCE:
                raise TooManyDownloads(_at_once())
            self._people[visit] = person

    def leave(self, visit: "Visit") -> None:
        with self._lock:
            visit.is_over = True
            self._visits -= 1
            self._people.pop(visit, None)


class Visit:
    """One request."""

    def __init__(self, downloads: Downloads) -> None:
        self.downloads, self.is_over = downloads, False


_visit: ContextVar[Visit] = ContextVar("visit")


def take_place(person: str) -> None:
    """Take a place for this request's file until the request ends. Raises TooManyDownloads.

    Outside a web process nothing is limited.
    """
    if visit := _visit.get(None):
        visit.downloads.take(visit, person)


async def piece(work: Callable[[], T]) -> T:
    """Do a piece of work in the request's thread, then leave the processor to others: for as long as it took, and
    while pages are being answered, at most LONGEST_REST_S.

    If the client leaves meanwhile, the statement that runs is canceled, and the piece has ended when this returns.
    """
    began, raw = perf_counter(), list[Any]()

    def noted() -> T:
        connection.ensure_connection()
        raw.append(connection.connection)
        return work()

    working = asyncio.ensure_future(sync_to_async(noted)())
    try:
        result = await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.to_thread(_cancel_statements, raw)
        await asyncio.wait([working])
        working.exception()  # looked at, else it is logged
        raise
    await _rest(perf_counter() - began)
    return result


async def _rest(seconds: float) -> None:
    until = perf_counter() + LONGEST_REST_S
    await asyncio.sleep(min(seconds, LONGEST_REST_S))
    while (visit := _visit.get(None)) and visit.downloads.pages and perf_counter() < until:
        await asyncio.sleep(LOOK_S)


def _cancel_statements(raw: list[Any]) -> None:
    with suppress(psycopg2.Error):
        for each in raw:
            each.cancel()


def _of_a_person() -> str:
    sentence = ngettext(
        "You already export %(most)s list, the most at once. Wait until its file is complete, or cancel it in your"
        " browser; then export again.",
        "You already export %(most)s lists, the most at once. Wait until a file is complete, or cancel one in your"
        " browser; then export again.",
        OF_A_PERSON,
    )
    return sentence % {"most": OF_A_PERSON}


def _at_once() -> str:
    return _("Other people export %(most)s lists now, the most at once. Try again in %(seconds)s s.") % {
        "most": AT_ONCE,
        "seconds": RETRY_AFTER_S,
    }
