"""The request type that views are annotated with."""

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request of a signed-in person, as every view behind `access.allow` gets it."""

    user: AbstractUser  # type: ignore[assignment]  # allow() has turned anonymous people away
    htmx: HtmxDetails
