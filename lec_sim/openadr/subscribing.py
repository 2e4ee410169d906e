"""Subscriptions: each client reads and writes its own; business logic of the conformance realm reads all of it."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from pydantic import Field

from integration.seam.outgoing import AddressRefused, require_callable
from integration.seam.vault import KeyChanged, unlock

from ..models import Callback, Subscription
from ..operations.subscriptions import (
    MOST_CALLBACKS,
    Wanted,
    WantedCallback,
    add_subscription,
    change_subscription,
    remove_subscription,
)
from ..queries.realm import readable_clients
from ..queries.subscriptions import subscriptions_of
from .bodies import body_of
from .door import Asking
from .parameters import Parameters
from .wire import Metadata, ObjectID, Text, Wire

Kind = Literal["PROGRAM", "EVENT", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE"]
Verb = Literal["READ", "CREATE", "UPDATE", "DELETE"]
KINDS = frozenset(("PROGRAM", "EVENT", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE"))


class ObjectOperation(Wire):
    """Which operations on which objects are posted where, with which token."""

    objects: Annotated[list[Kind], Field(max_length=len(KINDS))]
    operations: Annotated[list[Verb], Field(max_length=4)]
    callbackUrl: Annotated[str, Field(min_length=2, max_length=8000)]
    bearerToken: Annotated[str, Field(max_length=4000)] | None = None


class SubscriptionRequest(Wire):
    """A subscription as a client sends it."""

    clientName: Text
    programID: ObjectID | None = None
    objectOperations: Annotated[list[ObjectOperation], Field(max_length=MOST_CALLBACKS)]
    targets: Annotated[list[Text], Field(max_length=100)] | None = None


class SubscriptionObject(Metadata):
    """A subscription."""

    objectType: Literal["SUBSCRIPTION"] = "SUBSCRIPTION"
    clientID: Text
    clientName: Text
    programID: ObjectID | None = None
    objectOperations: list[ObjectOperation]
    targets: list[Text] | None = None


def subscriptions(asking: Asking) -> HttpResponse:
    """The client's own, by program, client name and kinds of objects."""
    asked = Parameters(asking.request, "programID", "clientName", "objects", "skip", "limit")
    program, name, kinds = asked.object_id("programID"), asked.text("clientName"), _kinds(asking)
    found = [
        one
        for one in map(subscription_of, subscriptions_of(readable_clients(asking.client, asking.poll.scopes)))
        if (program is None or one.programID == program)
        and (name is None or one.clientName == name)
        and (not kinds or kinds & {kind for each in one.objectOperations for kind in each.objects})
    ]
    page = found[asked.skip : asked.skip + asked.limit]
    return JsonResponse([_plain(one) for one in page], safe=False)


def subscription(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    readable = readable_clients(asking.client, asking.poll.scopes)
    return JsonResponse(_plain(subscription_of(_only(readable, object_id))))


def create(asking: Asking) -> HttpResponse:
    Parameters(asking.request)
    wanted = _wanted(asking)
    made = add_subscription(client=asking.client, wanted=wanted, now=asking.now)
    return JsonResponse(_plain(subscription_of(made)), status=201)


def change(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    found = _own(asking, object_id)
    changed = change_subscription(subscription_id=found.pk, wanted=_wanted(asking), now=asking.now)
    return JsonResponse(_plain(subscription_of(changed)))


def remove(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    found = _own(asking, object_id)
    shown = subscription_of(found)
    remove_subscription(subscription_id=found.pk)
    return JsonResponse(_plain(shown))


def subscription_of(found: Subscription) -> SubscriptionObject:
    return SubscriptionObject(
        id=str(found.uid),
        createdDateTime=found.created_at,
        modificationDateTime=found.modified_at,
        clientID=found.client,
        clientName=found.client_name,
        programID=found.program_id or None,
        objectOperations=[_operation_of(one) for one in found.callbacks.all()],
        targets=found.targets,
    )


def _operation_of(callback: Callback) -> ObjectOperation:
    return ObjectOperation.model_validate(
        {
            "objects": callback.objects_told,
            "operations": callback.operations,
            "callbackUrl": callback.webhook.url,
            "bearerToken": _token(callback),
        }
    )


def _token(callback: Callback) -> str | None:
    """The token that the client gave; none if it can't be read any more, and so is not sent either."""
    try:
        return unlock(callback.webhook.authorization) if callback.webhook.authorization else None
    except KeyChanged:
        return None


def _wanted(asking: Asking) -> Wanted:
    """What the body asks for. Raises BadRequest, also for an address that is never called."""
    body = body_of(asking.request, SubscriptionRequest)
    for number, one in enumerate(body.objectOperations):
        try:
            require_callable(one.callbackUrl)
        except AddressRefused as problem:
            raise BadRequest(f"objectOperations.{number}.callbackUrl: {problem}") from problem
        if one.bearerToken and not (one.bearerToken.isascii() and one.bearerToken.isprintable()):
            raise BadRequest(
                _("objectOperations.%(number)s.bearerToken: only printable ASCII characters.") % {"number": number}
            )
    callbacks = [
        WantedCallback(one.callbackUrl, one.bearerToken or "", one.objects, one.operations)
        for one in body.objectOperations
    ]
    return Wanted(body.clientName, body.programID or "", body.targets, callbacks)


def _own(asking: Asking, object_id: str) -> Subscription:
    """Raises Http404 for another client's, too."""
    return _only([asking.client], object_id)


def _only(clients: Collection[str], object_id: str) -> Subscription:
    for one in subscriptions_of(clients):
        if str(one.uid) == object_id:
            return one
    raise Http404


def _kinds(asking: Asking) -> set[str]:
    found = set(asking.request.GET.getlist("objects"))
    if unknown := sorted(found - KINDS):
        raise BadRequest(_("“objects” has no value “%(value)s”.") % {"value": unknown[0][:60]})
    return found


def _plain(found: Wire) -> dict[str, Any]:
    return found.model_dump(mode="json", exclude_none=True)
