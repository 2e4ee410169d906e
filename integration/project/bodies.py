"""The bodies of requests: read before anything else is done for the request, within a size and a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from integration.seam.recorded import recorded

LARGEST_BODY = 2_500_000  # bytes; forms are far smaller, and so are forecast files
LONGEST_BODY_S = 30.0
ALL_BODIES = 50_000_000  # bytes that a process holds for all requests together
MOST_FORGOTTEN = 100_000_000  # bytes that are read of a refused body, so that the client reads the answer

TOO_LARGE = recorded(
    "What was sent has %(bytes)s bytes; at most %(most)s bytes are accepted. Nothing was changed: send a smaller file."
)
LARGER = recorded(
    "What was sent has more than %(most)s bytes, the most that is accepted. Nothing was changed: send a smaller file."
)
TOO_SLOW = recorded("The request's body took longer than %(seconds)s s. Nothing was changed: try again.")
TOO_MUCH = recorded("Too much is being sent at once. Nothing was changed: try again in a moment.")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class BodyRefused(Exception):
    """The body is too large or comes too slowly; `status` is the answer's, `has_more` whether more of it may come."""

    def __init__(self, status: int, sentence: str, *, has_more: bool) -> None:
        super().__init__(sentence)
        self.status, self.has_more = status, has_more


class Bodies:
    """All bodies that a process holds."""

    def __init__(self) -> None:
        self._bytes = 0

    @asynccontextmanager
    async def read(self, scope: Message, receive: Receive) -> AsyncIterator[Receive]:
        """Read a request's body whole and return a `receive` that has it. Raises BodyRefused."""
        if (announced := _announced(scope)) > LARGEST_BODY:
            raise BodyRefused(413, TOO_LARGE(bytes=f"{announced:,}", most=f"{LARGEST_BODY:,}"), has_more=True)
        parts: list[bytes] = []
        try:
            try:
                async with asyncio.timeout(LONGEST_BODY_S):
                    gone = await self._collect(receive, parts)
            except TimeoutError:
                raise BodyRefused(408, TOO_SLOW(seconds=f"{LONGEST_BODY_S:.0f}"), has_more=False) from None
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
            more = message.get("more_body", False)
            if size > LARGEST_BODY:
                raise BodyRefused(413, LARGER(most=f"{LARGEST_BODY:,}"), has_more=more)
            if self._bytes > ALL_BODIES:
                raise BodyRefused(503, TOO_MUCH(), has_more=more)
        return None


def _again(body: bytes, gone: Message | None, receive: Receive) -> Receive:
    """Return a `receive` that begins with the whole body, or with the message that the client is gone."""
    waiting: list[Message] = [gone or {"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def forget_rest(receive: Receive) -> None:
    """Read what the client still sends and forget it, within MOST_FORGOTTEN and LONGEST_BODY_S."""
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_BODY_S):
            while size < MOST_FORGOTTEN:
                message = await receive()
                if not message.get("more_body", False):
                    return
                size += len(message["body"])


def _announced(scope: Message) -> int:
    """The body's length as its header says, which the server has checked; 0 if it says nothing."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() and len(length) < 20 else 0
