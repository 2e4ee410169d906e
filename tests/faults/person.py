"""People at the pages: HTTP with a session, and forms that are sent again until they are answered."""

import time
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings

from integration.bench.management.commands.bench_open_pages import signed_in
from integration.console.models import User

CSRF = "f" * 32
PATIENCE_S = 120.0
LOGIN = "/account/login/"


class Answer(NamedTuple):
    """The answer to one request: status, where it leads, and how long it took."""

    status: int
    location: str
    seconds: float

    @property
    def is_yes(self) -> bool:
        return self.status == 302 and not self.location.startswith(LOGIN)


class Person:
    """A person who is signed in at one web process."""

    def __init__(self, user: User, port: int) -> None:
        self.user, self.port = user, port
        self.cookie = f"{signed_in(user)}; {settings.CSRF_COOKIE_NAME}={CSRF}"

    def at(self, port: int) -> "Person":
        """The same person with the same session at another web process."""
        other = object.__new__(Person)
        other.user, other.port, other.cookie = self.user, port, self.cookie
        return other

    def post(self, path: str, fields: dict[str, object], key: UUID) -> Answer:
        """Send a form once. Raises OSError or HTTPException if no answer arrives."""
        return self._ask(
            "POST", path, urlencode({**fields, "request_key": key, "csrfmiddlewaretoken": CSRF}, doseq=True)
        )

    def get(self, path: str) -> Answer:
        """Open a page. Raises OSError or HTTPException if no answer arrives."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: str = "") -> Answer:
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        began = time.monotonic()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return Answer(answer.status, answer.getheader("Location") or "", time.monotonic() - began)
        finally:
            connection.close()

    def post_until_answered(self, path: str, fields: dict[str, object], key: UUID | None = None) -> Answer:
        """Send the same form with the same key until it is accepted or refused, as a person would."""
        key, until = key or uuid4(), time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self.post(path, fields, key)
                if answer.status < 500:
                    return answer
            except (OSError, HTTPException):
                pass
            if time.monotonic() > until:
                raise TimeoutError(f"Nobody answered {path} within {PATIENCE_S:.0f} s.")
            time.sleep(0.3)
