"""The lock of the OpenADR addresses: a method takes a scope, and who calls is a ven, or several of one client."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from integration.pages.access import allow
from integration.pages.callers import Caller
from integration.pages.http import ANY, SignedInRequest
from integration.pages.polls import Poll, known_polls
from integration.seam.scopes import permissions_of

from ..models import Ven
from ..operations import see_vens
from ..queries.realm import realm_clients


@dataclass(frozen=True)
class Asking:
    """A call of a client: its id, the vens that are its own, and the moment; the rest is for pages/polls.py."""

    request: HttpRequest
    client: str
    vens: tuple[Ven, ...]
    now: datetime
    poll: Poll
    generation: int


Answer = Callable[..., HttpResponse]


class Operation(NamedTuple):
    """One method of an address: what answers, with the parts of the address by name, and in the conformance realm.

    scopes: a call has one of them.
    """

    scopes: tuple[str, ...]
    answer: Answer
    in_realm: Answer


def operations(**methods: Operation) -> Callable[..., Any]:
    """The view of an address with these methods."""
    permissions = sorted(permissions_of(scope for one in methods.values() for scope in one.scopes))

    @csrf_exempt
    @allow(*permissions)
    def view(request: SignedInRequest, **parts: str) -> HttpResponse:
        found = methods.get("GET" if request.method == "HEAD" else request.method or "")
        if found is None:
            return HttpResponseNotAllowed(list(methods))
        caller: Caller = request.user  # type: ignore[assignment]  # a door has no other users
        is_in_realm = caller.rights.client_id in realm_clients()
        if is_in_realm or found.answer is not of_business_logic:  # which refuses every scope
            _require(caller, found.scopes)
        answer = partial(found.in_realm if is_in_realm else found.answer, _asking(request, caller), **parts)
        try:
            return _without_evidence(answer) if _shows_nothing(request) else answer()
        except ObjectDoesNotExist as gone:  # somebody deleted it meanwhile
            raise Http404 from gone

    return view


def _shows_nothing(request: HttpRequest) -> bool:
    """Whether a read is answered without content, whatever there is."""
    return request.method == "HEAD" or (request.method == "GET" and request.headers.get("If-None-Match") == ANY)


@transaction.atomic
def _without_evidence(answer: Callable[[], HttpResponse]) -> HttpResponse:
    """What a read answers, and nothing of what it stores: without content it tells of no stage and of no device."""
    found = answer()
    transaction.set_rollback(True)
    return found


def of_business_logic(asking: Asking, **parts: str) -> HttpResponse:
    """Writes of objects that only the utility has: refused, since real devices would follow them."""
    raise PermissionDenied(
        _("Only Gridcall itself writes programs and events, and makes, changes or removes vens and resources.")
    )


def _require(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Raises PermissionDenied if token, account and owner don't all allow one of the scopes."""
    if not any(one in caller.scopes and caller.has_perms(permissions_of([one])) for one in scopes):
        raise PermissionDenied(
            _("This takes the scope %(scopes)s in the token and the account, and the owner's permission for it.")
            % {"scopes": ", ".join(scopes)}
        )


def _asking(request: SignedInRequest, caller: Caller) -> Asking:
    generation, now, client = known_polls.generation, caller.at, caller.rights.client_id
    poll = Poll(caller.scopes, f"{request.path}?{request.META.get('QUERY_STRING', '')}")
    return Asking(request, client, see_vens(client, now=now), now, poll, generation)
