"""The bodies of requests: read before anything else is done for the request, within a size and a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

LARGEST_BODY = 2_500_000  # bytes; forms are far smaller, and so are forecast files
LONGEST_BODY_S = 30.0
ALL_BODIES = 50_000_000  # bytes that a process holds for all requests together

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class BodyRefused(Exception):
    """The body is too large or comes too slowly; `status` is the answer's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Bodies:
    """All bodies that a process holds."""

    def __init__(self) -> None:
        self._bytes = 0

    @asynccontextmanager
    async def read(self, scope: Message, receive: Receive) -> AsyncIterator[Receive]:
        """Read a request's body whole and return a `receive` that has it. Raises BodyRefused."""
        if _announced(scope) > LARGEST_BODY:
            raise _too_large()
        parts: list[bytes] = []
        try:
            try:
                async with asyncio.timeout(LONGEST_BODY_S):
                    gone = await self._collect(receive, parts)
            except TimeoutError:
                raise BodyRefused(408, f"The request's body took longer than {LONGEST_BODY_S:.0f} s.") from None
            yield _again(b"".join(parts), gone, receive)
        finally:
            self._bytes -= sum(map(len, parts))

    async def _collect(self, receive: Receive, parts: list[bytes]) -> Message | None:
        """Append the body's parts; returns the message that the client is gone, if it is."""
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return message
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            self._bytes += len(part)
            if size > LARGEST_BODY:
                raise _too_large()
            if self._bytes > ALL_BODIES:
                raise BodyRefused(503, "Too much is being sent at once. Try again in a moment.")
            more = message.get("more_body", False)
        return None


def _again(body: bytes, gone: Message | None, receive: Receive) -> Receive:
    """Return a `receive` that begins with the whole body, or with the message that the client is gone."""
    waiting: list[Message] = [gone or {"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def _announced(scope: Message) -> int:
    """The body's length as its header says, which the server has checked; 0 if it says nothing."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() and len(length) < 20 else 0


def _too_large() -> BodyRefused:
    return BodyRefused(413, f"The request is larger than {LARGEST_BODY:,} bytes, the most that is accepted.")
