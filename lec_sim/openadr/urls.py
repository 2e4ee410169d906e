"""The addresses of OpenADR 3.1, under /openadr3/3.1.0/; the token's is the one of all service accounts."""

from django.urls import path

from . import reading, reporting, subscribing, topics
from .door import Operation, operations, writes
from .signing_in import token_server

TOPICS = {
    "programs": Operation("read_targets", topics.of_programs),
    "programs/<id:object_id>": Operation("read_targets", topics.of_program),
    "programs/<id:object_id>/events": Operation("read_targets", topics.of_events_of_program),
    "vens/<id:object_id>": Operation("read_ven_objects", topics.of_ven),
    "vens/<id:object_id>/events": Operation("read_ven_objects", topics.of_events_of_ven),
    "vens/<id:object_id>/programs": Operation("read_ven_objects", topics.of_programs_of_ven),
    "vens/<id:object_id>/resources": Operation("read_ven_objects", topics.of_resources_of_ven),
    **{name: Operation("read_ven_objects", topics.of_everybody) for name in topics.OF_EVERYBODY},
}

urlpatterns = [
    path("programs", operations(GET=Operation("read_targets", reading.programs), **writes("POST"))),
    path(
        "programs/<id:object_id>", operations(GET=Operation("read_targets", reading.program), **writes("PUT", "DELETE"))
    ),
    path("events", operations(GET=Operation("read_targets", reading.events), **writes("POST"))),
    path("events/<id:object_id>", operations(GET=Operation("read_targets", reading.event), **writes("PUT", "DELETE"))),
    path(
        "reports",
        operations(
            GET=Operation("read_ven_objects", reporting.reports), POST=Operation("write_reports", reporting.add)
        ),
    ),
    path(
        "reports/<id:object_id>",
        operations(
            GET=Operation("read_ven_objects", reporting.report),
            PUT=Operation("write_reports", reporting.change),
            DELETE=Operation("write_reports", reporting.delete),
        ),
    ),
    path(
        "subscriptions",
        operations(
            GET=Operation("read_ven_objects", subscribing.subscriptions),
            POST=Operation("write_subscriptions", subscribing.create),
        ),
    ),
    path(
        "subscriptions/<id:object_id>",
        operations(
            GET=Operation("read_ven_objects", subscribing.subscription),
            PUT=Operation("write_subscriptions", subscribing.change),
            DELETE=Operation("write_subscriptions", subscribing.remove),
        ),
    ),
    path("auth/server", token_server),
    path("notifiers", operations(GET=Operation("read_targets", topics.notifiers))),
    *(path(f"notifiers/mqtt/topics/{place}", operations(GET=one)) for place, one in TOPICS.items()),
    path("vens", operations(GET=Operation("read_ven_objects", reading.vens), **writes("POST"))),
    path("vens/<id:object_id>", operations(GET=Operation("read_ven_objects", reading.ven), **writes("PUT", "DELETE"))),
    path("resources", operations(GET=Operation("read_ven_objects", reading.resources), **writes("POST"))),
    path(
        "resources/<id:object_id>",
        operations(GET=Operation("read_ven_objects", reading.resource), **writes("PUT", "DELETE")),
    ),
]
