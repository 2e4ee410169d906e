"""The request type that views are annotated with, and where a request comes from."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.utils.http import parse_etags
from django_htmx.middleware import HtmxDetails

ANY = "*"  # in If-None-Match: the client wants nothing of what is there


class SignedInRequest(HttpRequest):
    """A request of a signed-in person, as every view behind `access.allow` gets it."""

    user: AbstractUser  # type: ignore[assignment]  # allow() has turned anonymous people away
    htmx: HtmxDetails


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether a client that sent this If-None-Match has the content of an ETag.

    It may name several, as weak ones or as strong ones, which does not matter here, or `*` for any (RFC 9110, 13.1.2).
    """
    if if_none_match == etag:
        return True
    given = [one.removeprefix("W/") for one in parse_etags(if_none_match)]
    return given == [ANY] or etag in given


def address_of(request: HttpRequest) -> str:
    """The client's address; behind a proxy, if settings say that there is one, what the proxy saw."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_PROXY and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
