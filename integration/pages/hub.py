"""The hub of live pages: one stream per open page, and one listening connection per web process for all of them.

A stream holds neither a database connection nor a thread. After a gap in listening (before a page's stream was open, or
while the database was unreachable), one nudge about ANYTHING makes up for what was missed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import psycopg2

from integration.seam.nudges import ANYTHING, CHANNEL

from .listening import AWAY, connect, follow

log = logging.getLogger(__name__)

AT_MOST_EVERY = 2.0  # seconds between two nudges about the same event
HEARTBEAT_S = 15.0


class Hub:
    """The streams of this process, and the one connection that feeds them."""

    def __init__(self) -> None:
        self.streams: set[asyncio.Queue[str]] = set()
        self._resting: dict[str, bool] = {}  # event -> whether it changed again during the pause between its nudges
        self._listener: asyncio.Task[None] | None = None
        self._is_listening = False

    def open(self) -> asyncio.Queue[str]:
        """Open a stream: its queue of event numbers."""
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
        """Nudge every stream at once; if the event was just nudged, when its pause is over."""
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
                await self._follow(await asyncio.to_thread(connect, CHANNEL))
            except psycopg2.Error as problem:
                log.warning("No nudges for now: the database is away (%s).", type(problem).__name__)
            await asyncio.sleep(AWAY)

    async def _follow(self, raw: Any) -> None:
        """Nudge on every notification until the connection is lost."""
        self._is_listening = True
        for queue in self.streams:
            queue.put_nowait(ANYTHING)
        try:
            await follow(raw, self.nudge)
        finally:
            self._is_listening = False


async def lines(hub: Hub) -> AsyncIterator[str]:
    """The lines of one stream: ANYTHING once it listens, the number of each event that changes, else comments."""
    queue = hub.open()
    try:
        yield "retry: 2000\n\n"
        while True:
            try:
                yield f"data: {await asyncio.wait_for(queue.get(), HEARTBEAT_S)}\n\n"
            except TimeoutError:
                yield ":\n\n"
    finally:
        hub.close(queue)
