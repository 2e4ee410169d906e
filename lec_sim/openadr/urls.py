"""The addresses of OpenADR 3.1, under /openadr3/3.1.0/; the token's is the one of all service accounts."""

from typing import Any

from django.urls import path

from . import offering, reading, realm, reporting, subscribing, topics
from .door import Answer, Operation, of_business_logic, operations
from .realm import EVENT, PROGRAM, REPORT, RESOURCE, VEN, Kind
from .signing_in import token_server

TARGETS, OBJECTS = ("read_targets", "read_all"), ("read_ven_objects", "read_all")
SUBSCRIBES = ("write_subscriptions",)


def _addresses(name: str, kind: Kind, read: tuple[str, ...], write: str, **answers: Answer) -> list[Any]:
    """The addresses of a kind of object; what `answers` leave out is refused outside the conformance realm."""
    made, changed, removed = (
        Operation((write,), answers.get(method, of_business_logic), in_realm(kind))
        for method, in_realm in (("create", realm.create), ("change", realm.change), ("remove", realm.remove))
    )
    listed = Operation(read, answers["listed"], realm.listed(kind))
    one = Operation(read, answers["one"], realm.one(kind))
    return [
        path(name, operations(GET=listed, POST=made)),
        path(f"{name}/<id:object_id>", operations(GET=one, PUT=changed, DELETE=removed)),
    ]


def _everywhere(scopes: tuple[str, ...], answer: Answer) -> Operation:
    """An operation that is the same in the realm: what it reads and writes is the client's own."""
    return Operation(scopes, answer, answer)


TOPICS: dict[str, tuple[tuple[str, ...], Answer]] = {
    "programs": (TARGETS, topics.of_programs),
    "programs/<id:object_id>": (TARGETS, topics.of_program),
    "programs/<id:object_id>/events": (TARGETS, topics.of_events_of_program),
    "vens/<id:object_id>": (OBJECTS, topics.of_ven),
    "vens/<id:object_id>/events": (OBJECTS, topics.of_events_of_ven),
    "vens/<id:object_id>/programs": (OBJECTS, topics.of_programs_of_ven),
    "vens/<id:object_id>/resources": (OBJECTS, topics.of_resources_of_ven),
    **dict.fromkeys(topics.OF_EVERYBODY, (OBJECTS, topics.of_everybody)),
}


urlpatterns = [
    *_addresses("programs", PROGRAM, TARGETS, "write_programs", listed=reading.programs, one=reading.program),
    *_addresses("events", EVENT, TARGETS, "write_events", listed=reading.events, one=reading.event),
    *_addresses(
        "reports", REPORT, OBJECTS, "write_reports", listed=reporting.reports, one=reporting.report,
        create=reporting.add, change=reporting.change, remove=reporting.delete,
    ),
    *_addresses(
        "vens", VEN, OBJECTS, "write_vens", listed=reading.vens, one=reading.ven,
        create=offering.offer_ven, change=offering.offer_change,
    ),
    *_addresses("resources", RESOURCE, OBJECTS, "write_vens", listed=reading.resources, one=reading.resource),
    path(
        "subscriptions",
        operations(
            GET=_everywhere(OBJECTS, subscribing.subscriptions), POST=_everywhere(SUBSCRIBES, subscribing.create)
        ),
    ),
    path(
        "subscriptions/<id:object_id>",
        operations(
            GET=_everywhere(OBJECTS, subscribing.subscription),
            PUT=_everywhere(SUBSCRIBES, subscribing.change),
            DELETE=_everywhere(SUBSCRIBES, subscribing.remove),
        ),
    ),
    path("auth/server", token_server),
    path("notifiers", operations(GET=_everywhere(TARGETS, topics.notifiers))),
    *(path(f"notifiers/mqtt/topics/{place}", operations(GET=_everywhere(*one))) for place, one in TOPICS.items()),
]  # fmt: skip
