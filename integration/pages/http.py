"""The request type that views are annotated with, and where a request comes from."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request of a signed-in person, as every view behind `access.allow` gets it."""

    user: AbstractUser  # type: ignore[assignment]  # allow() has turned anonymous people away
    htmx: HtmxDetails


def address_of(request: HttpRequest) -> str:
    """The client's address; behind a proxy, if settings say that there is one, what the proxy saw."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_PROXY and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
