"""OAuth 2 client credentials: a service account's id and secret for a token of one hour."""

import base64
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from structlog.contextvars import bind_contextvars

from integration.seam import clock, tokens
from integration.seam.buckets import Buckets
from integration.seam.rights import Rights, rights_of
from integration.seam.service_accounts import ServiceAccount
from integration.seam.tokens import Token

from .access import allow_anyone
from .callers import username_of
from .doors import too_many
from .http import address_of
from .problems import problem

FORM = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
STATUS = {"invalid_client": 401}  # of the errors of RFC 6749; the others are 400


class Credentials(NamedTuple):
    client_id: str
    secret: str


class GrantRefused(Exception):
    """Why no token is given: an error of RFC 6749 and a sentence."""

    def __init__(self, error: str, sentence: str) -> None:
        super().__init__(sentence)
        self.error = error


@allow_anyone
@csrf_exempt
@require_POST
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """Give a token to an account that shows its secret; errors are those of RFC 6749."""
    if request.content_type != FORM:
        return problem(415, _("Send the body as %(type)s.") % {"type": FORM})
    try:
        given = _credentials(request)
        account = ServiceAccount.objects.select_related("owner").filter(client_id=given.client_id[:40]).first()
        if account is None or not account.has_secret(given.secret):
            # Counted by address alone: whoever guesses neither stops an account nor learns which there are.
            bind_contextvars(tried=account.client_id if account else None)
            if busy := too_many(asked(), address_of(request)):
                return busy
            raise GrantRefused("invalid_client", _("There is no such client id with this secret."))
        if busy := too_many(asked(), account.pk):
            return busy
        rights = _checked(request, account)
        scopes = _scopes(request.POST.get("scope", ""), rights)
    except GrantRefused as refused:
        return _refusal(refused)
    bind_contextvars(actor=username_of(rights))
    answer: dict[str, Any] = {
        "access_token": tokens.issue(Token(rights.pk, rights.epoch, scopes), now=clock.now()),
        "token_type": "Bearer",
        "expires_in": int(tokens.LASTS.total_seconds()),
        "scope": " ".join(sorted(scopes)),
    }
    return JsonResponse(answer)


@cache
def asked() -> Buckets:
    """How often each account may ask for a token in this process, and each address with a wrong id or secret."""
    return Buckets(settings.API_TOKENS_PER_MINUTE / settings.WEB_PROCESSES)


def _credentials(request: HttpRequest) -> Credentials:
    """Id and secret from the header or the form. Raises GrantRefused, never with what was sent."""
    grant = request.POST.get("grant_type", "")
    if grant != GRANT:
        error = "unsupported_grant_type" if grant else "invalid_request"
        raise GrantRefused(error, _("The grant_type must be %(grant)s.") % {"grant": GRANT})
    form = Credentials(request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    kind, _blank, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        if form.client_id and form.secret:
            return form
        raise GrantRefused("invalid_client", _("Send client_id and client_secret, in the form or by Basic."))
    if form.secret:
        raise GrantRefused("invalid_request", _("Send the secret in the form or by Basic, not both."))
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # of base64 and of text
        raise GrantRefused("invalid_client", _("The Basic header can't be read.")) from None
    name, _colon, secret = text.partition(":")
    return Credentials(unquote_plus(name), unquote_plus(secret))


def _checked(request: HttpRequest, account: ServiceAccount) -> Rights:
    """The account's rights, if it may call now. Raises GrantRefused."""
    rights = rights_of(account)
    if why_not := rights.refusal(address=address_of(request), now=clock.now()):
        raise GrantRefused("invalid_client", why_not)
    return rights


def _scopes(wanted: str, rights: Rights) -> frozenset[str]:
    """The scopes of the token: those that are asked for, or all of the account. Raises GrantRefused."""
    asked_for = frozenset(wanted.split())
    if beyond := sorted(asked_for - rights.scopes):
        raise GrantRefused(
            "invalid_scope",
            _("The account has no scope “%(scope)s”. It has: %(scopes)s.")
            % {"scope": beyond[0][:40], "scopes": ", ".join(sorted(rights.scopes)) or "—"},
        )
    return asked_for or rights.scopes


def _refusal(refused: GrantRefused) -> HttpResponse:
    """RFC 6749 prescribes plain JSON with `error`; the members of a problem document stand beside it."""
    status = STATUS.get(refused.error, 400)
    more = {"error": refused.error, "error_description": str(refused)}
    answer = problem(status, str(refused), **more)
    answer["Content-Type"] = "application/json"
    if status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="Gridcall"'
    return answer
