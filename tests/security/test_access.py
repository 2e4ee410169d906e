"""Every view declares who may open it; nobody else gets in."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from integration.console.models import User
from integration.pages.access import DenyByDefault, says_who_may


def _patterns(resolver: URLResolver, path: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield path + str(entry.pattern), entry.callback
        else:
            yield from _patterns(entry, path + str(entry.pattern))


ALL = list(_patterns(get_resolver()))
# The account library's former addresses, which would only lead on to others.
REFUSED = {f"account/social/{path}/" for path in ("login/cancelled", "login/error", "signup", "connections")}


def test_every_view_says_who_may_open_it() -> None:
    silent = {path for path, view in ALL if not says_who_may(view)}
    assert silent == REFUSED


def test_a_view_that_says_nothing_is_refused(rf: RequestFactory) -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse("secret")

    with pytest.raises(PermissionDenied, match="does not declare who may open it"):
        DenyByDefault(lambda request: HttpResponse()).process_view(rf.get("/"), forgotten, (), {})


@pytest.mark.django_db
def test_nobody_can_sign_up(client: Client) -> None:
    client.post("/account/signup/", {"username": "eve", "password1": "long-enough-1", "password2": "long-enough-1"})
    assert not User.objects.filter(username="eve").exists()
