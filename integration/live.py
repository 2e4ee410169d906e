"""Nudges: one stream per open page says that something changed, and the page fetches its own fragments again.

Operations NOTIFY `event_changed`; each web process listens on one connection and fans out to its streams. A stream
holds no database connection and no thread, and says no more than what changed: who may see it is asked when it is
fetched. What happened while nobody listened (before a page's stream was open, or while the database was away) is made
up for by one nudge about ANYTHING.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import psycopg2
from django.db import connection, connections

log = logging.getLogger(__name__)

CHANNEL = "event_changed"
ANYTHING = "*"  # said instead of an event's number
PATH = "/live/"
AT_MOST_EVERY = 2.0  # seconds between two nudges about the same event
HEARTBEAT = 15.0
LIFE = 15 * 60.0  # then the browser comes again, and is asked again who it is
AWAY = 2.0  # between two attempts to reach the database
MOST_AT_ONCE = 12  # requests of one process that may use the database at the same time

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[..., Awaitable[None]]


def tell_pages(event: str) -> None:
    """NOTIFY at commit that the event of this number changed; whoever shows it fetches it again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, event])


class Hub:
    """The streams of this process, and the one connection they live on."""

    def __init__(self) -> None:
        self.streams: set[asyncio.Queue[str]] = set()
        self._resting: dict[str, bool] = {}  # event -> whether it changed again while its nudges rest
        self._listener: asyncio.Task[None] | None = None
        self._is_listening = False

    def open(self) -> asyncio.Queue[str]:
        """A new stream's queue of event numbers."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.streams.add(queue)
        if self._is_listening:
            queue.put_nowait(ANYTHING)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        return queue

    def close(self, queue: asyncio.Queue[str]) -> None:
        self.streams.discard(queue)
        if not self.streams and self._listener:
            self._listener.cancel()
            self._listener = None

    def nudge(self, event: str) -> None:
        """Tell every stream at once, or, where it was just told, after the rest."""
        if event in self._resting:
            self._resting[event] = True
            return
        for queue in self.streams:
            queue.put_nowait(event)
        self._resting[event] = False
        asyncio.get_running_loop().call_later(AT_MOST_EVERY, self._rested, event)

    def _rested(self, event: str) -> None:
        if self._resting.pop(event):
            self.nudge(event)

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow(await asyncio.to_thread(connect))
            except psycopg2.Error as problem:
                log.warning("No nudges for now: the database is away (%s).", type(problem).__name__)
            await asyncio.sleep(AWAY)

    async def _follow(self, raw: Any) -> None:
        """Nudge on every notification, until the connection is lost."""
        loop, lost, number = asyncio.get_running_loop(), asyncio.Event(), raw.fileno()

        def read() -> None:
            try:
                raw.poll()
            except psycopg2.Error:
                loop.remove_reader(number)
                lost.set()
                return
            while raw.notifies:
                self.nudge(raw.notifies.pop(0).payload)

        loop.add_reader(number, read)
        self._is_listening = True
        for queue in self.streams:
            queue.put_nowait(ANYTHING)
        try:
            await lost.wait()
        finally:
            self._is_listening = False
            loop.remove_reader(number)
            raw.close()


def connect() -> Any:
    """A connection of psycopg2 that listens for tell_pages."""
    raw = psycopg2.connect(**connections["default"].get_connection_params())
    raw.autocommit = True
    with raw.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    return raw


class Web:
    """Django, with a bound on how many requests use the database at once, and with streams beside it.

    Django's own view of PATH says who may have a stream; its empty answer of 200 is then kept open here.
    """

    def __init__(self, django: Application) -> None:
        self.django, self.hub = django, Hub()
        self.free = asyncio.Semaphore(MOST_AT_ONCE)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.django(scope, receive, send)
            return
        is_stream = scope["path"] == PATH
        started: list[Message] = []

        async def hold_back(message: Message) -> None:
            started.append(message)

        async with self.free:
            await self.django(scope, receive, hold_back if is_stream else send)
        if not is_stream:
            return
        if started[0]["status"] == 200:
            await self._stream(started[0], receive, send)
        else:
            for message in started:
                await send(message)

    async def _stream(self, start: Message, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await send({**start, "headers": headers})
        speaking = asyncio.create_task(self._speak(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({speaking, leaving}, timeout=LIFE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (speaking, leaving):
                task.cancel()
            await asyncio.gather(speaking, leaving, return_exceptions=True)
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _speak(self, send: Send) -> None:
        async for text in lines(self.hub):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def lines(hub: Hub) -> AsyncIterator[str]:
    """What one stream says: ANYTHING once it misses nothing, an event's number each time it changed, else comments."""
    queue = hub.open()
    try:
        yield "retry: 2000\n\n"
        while True:
            try:
                yield f"data: {await asyncio.wait_for(queue.get(), HEARTBEAT)}\n\n"
            except TimeoutError:
                yield ":\n\n"
    finally:
        hub.close(queue)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
