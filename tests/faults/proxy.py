"""A connection that can be cut: TCP on one side, an engine's Unix socket on the other."""

import asyncio
import socket
import threading
import time
from contextlib import suppress

CHUNK = 1 << 16


class Wire:
    """Carries bytes between processes and an engine until it is cut; then nothing arrives, without any error."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.is_cut = False
        self.asked_at: dict[bytes, float] = {}  # a command that a client sends: when it last did
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        threading.Thread(target=self._loop.run_forever, name="wire", daemon=True).start()

    def watch(self, command: bytes) -> None:
        """Record from now on when a client sends this command."""
        self.asked_at[command] = 0.0

    def cut(self) -> None:
        self.is_cut = True

    def mend(self) -> None:
        """Reset what was open, as after a router's restart, and carry new connections."""
        self.is_cut = False
        self._loop.call_soon_threadsafe(self._reset)

    def _reset(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _mended(self) -> None:
        while self.is_cut:
            await asyncio.sleep(0.1)

    async def _carry(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self._writers.add(answer)
        try:
            await self._mended()  # the kernel has accepted it; no data flows before this
            with suppress(OSError):
                far, ask = await asyncio.open_unix_connection(self.engine)
                self._writers.add(ask)
                await asyncio.gather(self._pump(near, ask, listen=True), self._pump(far, answer))
                self._writers.discard(ask)
        finally:
            self._writers.discard(answer)
            answer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, listen: bool = False) -> None:
        with suppress(OSError):
            while block := await reader.read(CHUNK):
                if self.is_cut:
                    await self._mended()
                    break  # what was swallowed is lost, so the connection is useless
                if listen:
                    self._note(block)
                writer.write(block)
                await writer.drain()
        writer.close()

    def _note(self, block: bytes) -> None:
        for command in self.asked_at:
            if command in block:
                self.asked_at[command] = time.monotonic()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
