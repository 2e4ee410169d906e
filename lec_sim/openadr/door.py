"""The lock of the OpenADR addresses: a method takes a scope, and who calls is a ven, or several of one client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from integration.pages.access import allow
from integration.pages.callers import Caller
from integration.pages.http import SignedInRequest
from integration.pages.polls import Poll, known_polls
from integration.seam import clock
from integration.seam.scopes import permissions_of

from ..models import Ven
from ..operations import see_vens


@dataclass(frozen=True)
class Asking:
    """A call of a client: its id, the vens that are its own, and the moment; the rest is for pages/polls.py."""

    request: HttpRequest
    client: str
    vens: tuple[Ven, ...]
    now: datetime
    poll: Poll
    generation: int


class Operation(NamedTuple):
    """One method of an address: the scope it takes, and what answers, with the parts of the address by name."""

    scope: str
    answer: Callable[..., HttpResponse]


def operations(**methods: Operation) -> Callable[..., Any]:
    """The view of an address with these methods."""
    permissions = sorted(permissions_of(one.scope for one in methods.values()))

    @csrf_exempt
    @allow(*permissions)
    def view(request: SignedInRequest, **parts: str) -> HttpResponse:
        found = methods.get("GET" if request.method == "HEAD" else request.method or "")
        if found is None:
            return HttpResponseNotAllowed(list(methods))
        return found.answer(_asking(request, found.scope), **parts)

    return view


def of_business_logic(asking: Asking, **parts: str) -> HttpResponse:
    """Writes of objects that only the utility has: refused, since real devices would follow them."""
    raise PermissionDenied(
        _("Only Gridcall itself writes programs and events, and makes, changes or removes vens and resources.")
    )


def writes(*methods: str) -> Mapping[str, Operation]:
    """Operations by method, each refused as `of_business_logic`."""
    return {method: Operation("write_vens", of_business_logic) for method in methods}


def _asking(request: SignedInRequest, scope: str) -> Asking:
    """Raises PermissionDenied if token, account and owner don't all allow the scope."""
    caller: Caller = request.user  # type: ignore[assignment]  # a door has no other users
    if scope not in caller.scopes or not caller.has_perms(permissions_of([scope])):
        raise PermissionDenied(
            _("This takes the scope %(scopes)s in the token and the account, and the owner's permission for it.")
            % {"scopes": scope}
        )
    generation, now, client = known_polls.generation, clock.now(), caller.rights.client_id
    poll = Poll(caller.scopes, f"{request.path}?{request.META.get('QUERY_STRING', '')}")
    return Asking(request, client, see_vens(client, now=now), now, poll, generation)
