"""The web process around Django: bodies and slow readers wait outside, and requests that use the database are limited.

Whoever sends or reads slowly costs one connection, never a permit to use the database: a request's body is read,
bounded in size and time, before a permit is taken, and a page is sent after the permit has been returned. Streams of
nudges are served here, too.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from django.conf import settings

from integration.pages.downloads import Downloads
from integration.pages.hub import Hub, lines
from integration.pages.listening import PollsWatch, RightsWatch
from integration.pages.polls import Unchanged, unchanged
from integration.pages.problems import is_api
from integration.pages.streams import HOLDER, Streams, TooManyStreams
from integration.seam import tokens
from integration.seam.logs import Tally, note_request

from .bodies import Bodies, BodyRefused
from .readers import LONGEST_SEND_S
from .refusing import refuse
from .shares import Shares

PATH = "/live/"
LIVEZ = "/livez"
POLLED = "/openadr3/"  # a poll that is answered “not modified” needs no permit and no Django
LONGEST_STREAM_S = 15 * 60.0  # then the browser reconnects and is authenticated again
MOST_HELD = 5_000_000  # bytes; every page is shorter
REQUESTS_AT_ONCE = 12  # requests per process that may use the database at once
# Of these, so many may be of one address or one session: the rest is left for everybody else.
OF_AN_ADDRESS, OF_A_SESSION = 8, 4

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[..., Awaitable[None]]


class ReadsTooSlowly(OSError):
    """The client took nothing of the response for LONGEST_SEND_S."""


class Web:
    """Django, with limits on what one client can hold, and with streams.

    Django's view of PATH decides who may open a stream; its empty 200 response is then kept open here.
    """

    def __init__(self, django: Application) -> None:
        self.django, self.hub, self.bodies, self.downloads = django, Hub(), Bodies(), Downloads()
        self.streams, self.rights, self.polls = Streams(), RightsWatch(), PollsWatch()
        self.polled = Tally("polls", status=304)
        self.free = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self.addresses, self.sessions = Shares(OF_AN_ADDRESS), Shares(OF_A_SESSION)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.django(scope, receive, send)
            return
        if is_api(scope["path"]):
            self.rights.start()
        if scope["path"].startswith(POLLED):
            self.polls.start()
        if poll := _unchanged(scope):
            self.polled.add(poll.actor)
            with suppress(TimeoutError):
                await _not_modified(poll.etag, send)
            return
        statuses: list[int] = []
        send = _noting(_hurried(send), statuses)
        try:
            # A client that reads too slowly or is gone gets nothing more; uvicorn closes its connection.
            with suppress(ReadsTooSlowly):
                await self._read_and_answer(scope, receive, send)
        finally:
            if not _is_quiet(scope["path"]):
                note_request(scope, *statuses)

    async def _read_and_answer(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            async with self.bodies.read(scope, receive) as body:
                await self._answer(scope, body, send)
        except BodyRefused as refused:
            await refuse(scope, send, refused.status, str(refused), receive if refused.has_more else None)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if _is_quiet(scope["path"]):
            await self.django(scope, receive, send)
            return
        async with AsyncExitStack() as permits:
            # The narrowest comes first, so that nobody waits with what others could use in hand.
            await permits.enter_async_context(self.sessions.of(_session(scope)))
            await permits.enter_async_context(self.addresses.of(_address(scope)))
            await permits.enter_async_context(self.free)
            response = Response(send, permits.aclose)
            with self.downloads.visit():
                await self.django(scope, receive, response.take)
        if scope["path"] == PATH and response.is_ok:
            try:
                with self.streams.hold(scope[HOLDER]) as must_end:
                    await self._stream(response.held[0], receive, send, must_end)
            except TooManyStreams as refused:
                await refuse(scope, send, 429, str(refused))
            return
        await response.send_held()

    async def _stream(self, start: Message, receive: Receive, send: Send, must_end: asyncio.Event) -> None:
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await send({**start, "headers": headers})
        speaking = asyncio.create_task(self._speak(send))
        leaving = asyncio.create_task(_until_gone(receive))
        ending = asyncio.create_task(must_end.wait())
        tasks = {speaking, leaving, ending}
        try:
            await asyncio.wait(tasks, timeout=LONGEST_STREAM_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _speak(self, send: Send) -> None:
        async for text in lines(self.hub):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


class Response:
    """Django's response, held until it is complete. A file, which may not fit into memory, goes out as it is made.

    A file's permits are returned when it begins.
    """

    def __init__(self, send: Send, release: Callable[[], Awaitable[None]]) -> None:
        self.held: list[Message] = []
        self._send, self._release, self._is_streaming = send, release, False

    @property
    def is_ok(self) -> bool:
        return bool(self.held) and self.held[0]["status"] == 200

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _length(message) > MOST_HELD:
            self._is_streaming = True
            await self._release()
        if self._is_streaming:
            await self._send(message)
        else:
            self.held.append(message)

    async def send_held(self) -> None:
        for message in self.held:
            await self._send(message)


def _unchanged(scope: Message) -> Unchanged | None:
    """The answer to a poll that Django need not see."""
    if scope["method"] != "GET" or not scope["path"].startswith(POLLED):
        return None
    address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    return unchanged(scope["headers"], address, caller_at=_address(scope))


async def _not_modified(etag: str, send: Send) -> None:
    """Raises TimeoutError for a client that reads too slowly."""
    headers = [(b"etag", etag.encode("latin-1")), (b"cache-control", b"private, no-cache"), (b"vary", b"Authorization")]
    async with asyncio.timeout(LONGEST_SEND_S):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _hurried(send: Send) -> Send:
    """Return `send` with a time limit. It raises ReadsTooSlowly."""

    async def hurry(message: Message) -> None:
        try:
            async with asyncio.timeout(LONGEST_SEND_S):
                await send(message)
        except TimeoutError as problem:
            raise ReadsTooSlowly from problem

    return hurry


def _noting(send: Send, statuses: list[int]) -> Send:
    """Return `send`, which also notes the status of the response."""

    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        await send(message)

    return note


def _is_quiet(path: str) -> bool:
    """Whether a path needs no permit and is not logged: probes and static files."""
    return path == LIVEZ or path.startswith(settings.STATIC_URL)


def _session(scope: Message) -> str:
    """The account of a token, or the value of the session's cookie; without either the address.

    The requests of one of these share one session's part, so that programs behind one address don't hold up each other.
    """
    if account := tokens.account_of(scope["headers"]):
        return f"account {account}"
    start = f"{settings.SESSION_COOKIE_NAME}="
    cookies = b";".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1").split(";")
    known = (cookie.strip().removeprefix(start) for cookie in cookies if cookie.strip().startswith(start))
    return next(known, _address(scope))


def _address(scope: Message) -> str:
    """The client's address; behind a proxy, if settings say that there is one, what the proxy saw."""
    seen = [bytes(value) for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if settings.BEHIND_PROXY and seen:
        return seen[-1].rpartition(b",")[2].strip().decode("latin-1")
    return str((scope.get("client") or [""])[0])


def _length(start: Message) -> float:
    """A response's length in bytes; infinite if it is not known in advance."""
    known = (int(value) for name, value in start["headers"] if bytes(name).lower() == b"content-length")
    return next(known, math.inf)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
