"""The topics of MQTT: each client has its own, under its id, so that a broker can keep clients apart by their names."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..queries.openadr import calls_to, programs_of
from .broker import Message
from .changes import CREATE, Change, Changes
from .door import Asking
from .objects import program_id, ven_id
from .parameters import Parameters

ROOT = "openadr3"
OPERATIONS = ("CREATE", "UPDATE", "DELETE")
ALL = "+"
# The specification's scope for these is read_bl, which it doesn't define: read_all is meant.
OF_EVERYBODY = ("events", "reports", "subscriptions", "vens", "resources")
SIGN_IN = {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"}


def notifiers(asking: Asking) -> HttpResponse:
    """How clients can be told of changes."""
    Parameters(asking.request)
    found: dict[str, object] = {"WEBHOOK": True}
    if settings.MQTT_URL:
        found["MQTT"] = {"URIS": [public_address()], "serialization": "JSON", "authentication": SIGN_IN}
    return JsonResponse(found)


def public_address() -> str:
    """Where clients reach the broker; without the user and password that Gridcall signs in with."""
    if settings.MQTT_PUBLIC_URL:
        return str(settings.MQTT_PUBLIC_URL)
    parts = urlsplit(settings.MQTT_URL)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def of_programs(asking: Asking) -> HttpResponse:
    return _topics(asking, "programs")


def of_program(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"programs/{_program(asking, object_id)}", is_one=True)


def of_events_of_program(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"programs/{_program(asking, object_id)}/events")


def of_ven(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"vens/{_ven(asking, object_id)}", is_one=True)


def of_events_of_ven(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"vens/{_ven(asking, object_id)}/events")


def of_programs_of_ven(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"vens/{_ven(asking, object_id)}/programs")


def of_resources_of_ven(asking: Asking, object_id: str) -> HttpResponse:
    return _topics(asking, f"vens/{_ven(asking, object_id)}/resources")


def of_everybody(asking: Asking) -> HttpResponse:
    """Topics of the objects of all clients: refused, since each client is told of its own alone."""
    raise PermissionDenied(
        _("Only business logic is told of the objects of all vens (scope read_all); a ven has topics of its own.")
    )


def messages_of(changes: Changes) -> Iterator[Message]:
    """What is published because of changes: each under every topic that it belongs to."""
    for change in changes.each:
        for place in _places(changes, change):
            yield Message(f"{_place(changes.client, place)}/{change.operation.lower()}", change.content)


def _places(changes: Changes, change: Change) -> list[str]:
    program, ven = f"programs/{changes.program}", f"vens/{changes.ven}"
    if change.kind == "EVENT":
        return [f"{program}/events", f"{ven}/events"]
    if change.kind == "PROGRAM":
        return ["programs", f"{ven}/programs", *([program] if change.operation != CREATE else [])]
    return [ven]


def _place(client: str, place: str) -> str:
    return f"{ROOT}/{client}/{place}"


def _topics(asking: Asking, place: str, *, is_one: bool = False) -> HttpResponse:
    """The topics of a place by operation; one object has none for its creation. Raises Http404 without a broker."""
    Parameters(asking.request)
    if not settings.MQTT_URL:
        raise Http404
    root = _place(asking.client, place)
    topics = {one: f"{root}/{one.lower()}" for one in OPERATIONS if not (is_one and one == CREATE)}
    return JsonResponse({"topics": {**topics, "ALL": f"{root}/{ALL}"}})


def _program(asking: Asking, object_id: str) -> str:
    """Raises Http404 if none of the client's stages is of this program."""
    known = programs_of(calls_to(asking.vens, asking.now)).values()
    return _one_of(object_id, [program_id(one) for one in known])


def _ven(asking: Asking, object_id: str) -> str:
    """Raises Http404 for another client's, too."""
    return _one_of(object_id, [ven_id(one) for one in asking.vens])


def _one_of(object_id: str, known: list[str]) -> str:
    if object_id not in known:
        raise Http404
    return object_id
