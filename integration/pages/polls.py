"""Polls that would be answered with “not modified”, known in this process: they never reach Django.

Only what was answered lately is known, by client, and only while the database can tell that something has changed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from integration.seam import tokens
from integration.seam.rights import KEPT_S, known_rights
from integration.seam.tokens import TokenRefused

from .callers import username_of
from .doors import calls
from .http import is_known

CHANNEL = "openadr_changed"  # its payload is the client whose answers have changed
MOST_ADDRESSES = 200  # of one client; then all of its are forgotten


class Unchanged(NamedTuple):
    """The answer to a poll for which nothing has changed, and who polled, as the log names them."""

    etag: str
    actor: str


class Poll(NamedTuple):
    """A read: the scopes of its token, and the address with the query."""

    scopes: frozenset[str]
    address: str


class Polls:
    """The ETags that clients were answered with."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._kept: dict[str, dict[Poll, tuple[float, str]]] = {}
        self._clock = clock
        self.generation, self.is_listening = 0, False
        self._moment: tuple[float, datetime] | None = None  # of the database, and when this process heard it

    def keep(self, client: str, poll: Poll, etag: str, *, generation: int, now: datetime) -> None:
        """Keep an answer, unless something has changed since the generation at which it was begun."""
        self._moment = self._clock(), now
        if not self.is_listening or generation != self.generation:
            return
        kept = self._kept.setdefault(client, {})
        if len(kept) >= MOST_ADDRESSES:
            kept.clear()
        kept[poll] = self._clock(), etag

    def known(self, client: str, poll: Poll, if_none_match: str) -> str:
        """The ETag of the present answer, at most KEPT_S after it was given, if the client has it; otherwise empty."""
        at, kept = self._kept.get(client, {}).get(poll, (0.0, ""))
        return kept if kept and self._clock() - at <= KEPT_S and is_known(if_none_match, kept) else ""

    def now(self) -> datetime | None:
        """The database's present moment, counted on from the latest answer; None if that is long ago."""
        if self._moment is None:
            return None
        heard, moment = self._moment
        passed = self._clock() - heard
        return moment + timedelta(seconds=passed) if passed <= KEPT_S else None

    def forget(self, client: str = "") -> None:
        """Forget the answers of a client, or all."""
        self.generation += 1
        if client:
            self._kept.pop(client, None)
        else:
            self._kept.clear()


known_polls = Polls()


def unchanged(headers: Iterable[tuple[bytes, bytes]], address: str, *, caller_at: str) -> Unchanged | None:
    """The answer to a poll that nothing has changed for; None if Django must answer. Never asks the database."""
    found = [(bytes(name), bytes(value).decode("latin-1")) for name, value in headers]
    given = dict(found)
    if sum(name == b"authorization" for name, _value in found) != 1:
        return None
    kind, _blank, text = given.get(b"authorization", "").partition(" ")
    if_none_match = given.get(b"if-none-match", "")
    now = known_polls.now()
    if now is None or not if_none_match or kind.lower() != "bearer":
        return None
    try:
        token = tokens.read(text.strip(), now=now)
    except TokenRefused:
        return None
    rights = known_rights.kept(token.account)
    if rights is None or rights.epoch != token.epoch or rights.refusal(address=caller_at, now=now):
        return None
    etag = known_polls.known(rights.client_id, Poll(token.scopes & rights.scopes, address), if_none_match)
    return Unchanged(etag, username_of(rights)) if etag and not calls().take(rights.pk) else None
