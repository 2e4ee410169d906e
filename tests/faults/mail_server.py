"""A mail server that may be away, and counts what it receives."""

import logging
import socket
from collections import Counter
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

logging.getLogger("mail.log").setLevel(logging.WARNING)
UNKNOWN = "550 5.1.1 <%s>: nobody here has this address"


class Sink(Message):
    """Takes every e-mail, except for an address that it does not know."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.ids: Counter[str] = Counter()
        self.unknown = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address == self.unknown:
            return UNKNOWN % address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: Any) -> None:
        self.ids[str(message["Message-ID"]).strip("<>").partition("@")[0]] += 1


class MailServer:
    """A mail server at a port; it is there, away, or silent."""

    def __init__(self, port: int) -> None:
        self.port, self.sink = port, Sink()
        self._controller: Controller | None = None
        self._silent: socket.socket | None = None

    def start(self) -> None:
        self.leave()
        self._controller = Controller(self.sink, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def leave(self) -> None:
        if self._controller:
            self._controller.stop()
        if self._silent:
            self._silent.close()
        self._controller = self._silent = None

    def fall_silent(self) -> None:
        """The kernel accepts connections, and nobody ever answers."""
        self.leave()
        self._silent = socket.create_server(("127.0.0.1", self.port))
