"""The heads of requests: each must arrive within a time, as bodies must (bodies.py).

The application hears of a request only when its head is complete, so the server's protocol watches this itself.
"""

import asyncio
from typing import Any

import h11

from .bodies import LONGEST_BODY_S
from .readers import TimedReaders

LONGEST_HEAD_S = LONGEST_BODY_S
TOO_SLOW = f"The request's headers took longer than {LONGEST_HEAD_S:.0f} s."


class TimedHeads(TimedReaders):
    """Uvicorn's HTTP, which also closes a connection on which a head doesn't become complete in time."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._head_is_here()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        """Start the time of a head; further pieces of it don't extend it."""
        self._late = self._late or self.loop.call_later(LONGEST_HEAD_S, self._give_up)

    def _head_is_here(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        """Close the connection, with an answer if a part of a head has come."""
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        if self.conn.trailing_data[0]:
            headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
            said = (
                h11.Response(status_code=408, headers=headers),
                h11.Data(data=TOO_SLOW.encode()),
                h11.EndOfMessage(),
            )
            self.transport.write(b"".join(self.conn.send(each) or b"" for each in said))
        self.transport.close()
