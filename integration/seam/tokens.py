"""Bearer tokens: signed with the project's key, valid for an hour, and only as long as the account's epoch."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.core import signing
from django.utils.translation import gettext as _

LASTS = timedelta(hours=1)
LONGEST = 2000  # characters; ours are shorter
_EPOCH = datetime.fromtimestamp(0, UTC)
_SIGNER = signing.Signer(salt="gridcall.token", sep=".")  # RFC 6750 has no colon


class TokenRefused(Exception):
    """The token is not ours, was altered, or no longer opens anything; `whose` it is, as far as that is certain."""

    def __init__(self, sentence: str, whose: str | None = None) -> None:
        super().__init__(sentence)
        self.whose = whose


class Token(NamedTuple):
    """What a token says: whose it is, of which epoch, and which of the account's scopes it has."""

    account: int
    epoch: int
    scopes: frozenset[str]


def issue(token: Token, *, now: datetime) -> str:
    """Sign a token that lasts an hour."""
    content = [token.account, token.epoch, sorted(token.scopes), int((now + LASTS).timestamp())]
    return _SIGNER.sign_object(content)


def read(text: str, *, now: datetime) -> Token:
    """The token that a text is. Raises TokenRefused with a sentence; the text is not repeated in it."""
    try:
        if len(text) > LONGEST:
            raise signing.BadSignature
        account, epoch, scopes, ends = _content(text)
    except (signing.BadSignature, ValueError) as problem:
        raise TokenRefused(_("The token is not one of ours.")) from problem
    if now.timestamp() >= ends:
        raise TokenRefused(_("The token has expired; ask for a new one."))
    return Token(account, epoch, scopes)


def account_of(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The account of the bearer token that a request carries, expired or not; None if it carries none of ours."""
    for name, value in headers:
        kind, _blank, text = bytes(value).decode("latin-1").partition(" ")
        if name == b"authorization" and kind.lower() == "bearer":
            try:
                return read(text.strip(), now=_EPOCH).account
            except TokenRefused:
                return None
    return None


@lru_cache(4096)
def _content(text: str) -> tuple[int, int, frozenset[str], int]:
    """What is signed; a client sends the same text for an hour. Raises BadSignature, which is not kept."""
    account, epoch, scopes, ends = _SIGNER.unsign_object(text)
    return account, epoch, frozenset(scopes), ends
