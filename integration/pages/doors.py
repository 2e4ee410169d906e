"""The lock of the interfaces for other systems: a bearer token and nothing else, limits, and problem documents."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from structlog.contextvars import bind_contextvars

from integration.seam import clock
from integration.seam.buckets import Buckets
from integration.seam.tokens import TokenRefused

from .callers import Caller, caller_of
from .http import address_of
from .problems import OPENADR, REFERENCE, TYPE, is_api, problem, problem_of
from .rest import detail_document

BEARER = 'Bearer realm="Gridcall"'
TOKENS_AT, OPENADR_TOKENS_AT = "/oauth/token", f"{OPENADR}3.1.0/auth/token"
SAYS_ITSELF = (TYPE, "application/json")


class Problems:
    """Answers with a problem document what others answer with a page, such as a Host that is not ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not is_api(request.path):
            return response
        if not response.get("Content-Type", "").startswith(SAYS_ITSELF):
            response = _as_problem(response)
        return detail_document(response, request.path) if request.path.startswith(REFERENCE) else response


class Doors:
    """Makes a token's account the user of a call. A session's cookie is ignored there.

    Views that are open to anyone (`access.allow_anyone`), such as the one that gives tokens, need none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request.path):
            return self.get_response(request)
        if not _leads_anywhere(request.path):
            return problem(404, _("There is nothing at this address."))
        request.user = AnonymousUser()
        refused = _authenticate(request)
        request.door_refused = refused  # type: ignore[attr-defined]  # for process_view, when the route is known
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        if not is_api(request.path) or getattr(view, "allow", None) is None:
            return None
        if not request.user.is_authenticated:
            refused: TokenRefused | None = request.door_refused  # type: ignore[attr-defined]
            bind_contextvars(actor=refused and refused.whose)
            why = str(refused or _("Send a token: Authorization: Bearer …"))
            where = _("Tokens are given at %(address)s.") % {"address": token_address(request.path)}
            answer = problem(401, f"{why} {where}")
            answer["WWW-Authenticate"] = f'{BEARER}, error="invalid_token"' if refused else BEARER
            return answer
        caller: Caller = request.user  # type: ignore[assignment]
        return too_many(calls(), caller.rights.pk)

    def process_exception(self, request: HttpRequest, raised: Exception) -> HttpResponse | None:
        return problem_of(raised) if is_api(request.path) else None


def token_address(path: str) -> str:
    """Where tokens for a call of this address are given: OpenADR has an address of its own for it."""
    return OPENADR_TOKENS_AT if path.startswith(OPENADR) else TOKENS_AT


def too_many(buckets: Buckets, key: object) -> HttpResponse | None:
    """Take one call from a bucket; the answer with Retry-After if there is none."""
    wait_s = buckets.take(key)
    if not wait_s:
        return None
    answer = problem(429, _("Too many calls: try again in %(seconds)s s.") % {"seconds": wait_s})
    answer["Retry-After"] = str(wait_s)
    return answer


@cache
def calls() -> Buckets:
    """The calls of each account in this process."""
    return Buckets(settings.API_CALLS_PER_MINUTE / settings.WEB_PROCESSES)


def _authenticate(request: HttpRequest) -> TokenRefused | None:
    """Make the token's account the request's user; returns why the token is refused, None if there is none."""
    kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    try:
        request.user = caller_of(token.strip(), address=address_of(request), now=clock.now())  # type: ignore[assignment]
    except TokenRefused as refused:
        return refused
    return None


@lru_cache(1024)
def _leads_anywhere(path: str) -> bool:
    """Whether an address has a view. The page that says it has none is drawn for people."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _as_problem(response: HttpResponse) -> HttpResponse:
    """A page of ours or of Django's as a problem document, with the headers that say something."""
    sentences = {
        400: _("The request can't be read: its Host is not ours, or it has too many parameters or a malformed part."),
        405: _("This address does not take the method."),
        500: _("Something went wrong here. The log has the request's id."),
    }
    answer = problem(response.status_code, sentences.get(response.status_code, response.reason_phrase))
    for name, value in response.headers.items():
        if not name.startswith("Content-T") and name not in ("Content-Length", "Content-Language"):
            answer[name] = value
    return answer
