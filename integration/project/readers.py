"""Those who read responses: what they don't take in time is thrown away, with their connection.

The application's time limit (web.py) ends when a response is in the connection's buffer. From there it would only go
out as fast as the client reads, and hold the connection for hours after everything else has let go of it.
"""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_SEND_S = 30.0  # for what a connection's buffer can't hold; then the client counts as gone
FORGET = struct.pack("ii", 1, 0)  # linger for 0 s: the kernel, too, throws away what it has not sent


class TimedReaders(H11Protocol):
    """Uvicorn's HTTP, which ends a connection whose buffer is full, or holds an ended response, for LONGEST_SEND_S."""

    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_expecting()

    def on_response_complete(self) -> None:
        if self.transport.get_write_buffer_size():
            self._expect_reading()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def _expect_reading(self) -> None:
        self._stop_expecting()
        self._unread = self.loop.call_later(LONGEST_SEND_S, self._end, self.cycle)

    def _stop_expecting(self) -> None:
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def _end(self, response: Any) -> None:
        """End the connection, unless the response was read and the next one is on its way."""
        is_left = self.transport.get_write_buffer_size() and self.cycle is response
        if is_left or self.flow.write_paused:
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FORGET)
            self.transport.abort()
