"""How much of the web process one client may use at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Shares:
    """At most so many at once for each client; further ones wait their turn. Idle clients are forgotten."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._clients: dict[str, tuple[asyncio.Semaphore, int]] = {}  # and how many of the client's are here

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Hold one of a client's share, as soon as one is free."""
        share, here = self._clients.get(client) or (asyncio.Semaphore(self._each), 0)
        self._clients[client] = share, here + 1
        try:
            async with share:
                yield
        finally:
            _, here = self._clients.pop(client)
            if here > 1:
                self._clients[client] = share, here - 1
