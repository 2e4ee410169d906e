"""The web process around Django: it limits the requests that use the database, and serves the streams of nudges."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from integration.pages.hub import Hub, lines

PATH = "/live/"
LONGEST_STREAM_S = 15 * 60.0  # then the browser reconnects and is authenticated again
REQUESTS_AT_ONCE = 12  # requests per process that may use the database at once

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[..., Awaitable[None]]


class Web:
    """Django, with a limit on requests that use the database at once, and with streams.

    Django's view of PATH decides who may open a stream; its empty 200 response is then kept open here.
    """

    def __init__(self, django: Application) -> None:
        self.django, self.hub = django, Hub()
        self.free = asyncio.Semaphore(REQUESTS_AT_ONCE)

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
            await asyncio.wait({speaking, leaving}, timeout=LONGEST_STREAM_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (speaking, leaving):
                task.cancel()
            await asyncio.gather(speaking, leaving, return_exceptions=True)
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _speak(self, send: Send) -> None:
        async for text in lines(self.hub):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
