"""A mail server that receives e-mails over SMTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tests.browser.conftest import free_port

SinkT = TypeVar("SinkT", bound="Sink")


class Sink(Message):
    """What a mail server received."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.received: list[EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        self.received.append(message)

    def recipients(self) -> list[str]:
        return sorted(str(one["To"]) for one in self.received)


@contextmanager
def receiving(settings: Any, sink: SinkT) -> Iterator[SinkT]:
    """A server for this sink, which the settings then name."""
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", controller.port, False
    try:
        yield sink
    finally:
        controller.stop()
