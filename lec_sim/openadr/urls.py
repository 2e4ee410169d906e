"""The addresses of OpenADR 3.1, under /openadr3/3.1.0/; the token's is the one of all service accounts."""

from django.urls import path

from . import reading, reporting, subscribing
from .door import Operation, operations, writes

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
    path("notifiers", operations(GET=Operation("read_targets", subscribing.notifiers))),
    path("vens", operations(GET=Operation("read_ven_objects", reading.vens), **writes("POST"))),
    path("vens/<id:object_id>", operations(GET=Operation("read_ven_objects", reading.ven), **writes("PUT", "DELETE"))),
    path("resources", operations(GET=Operation("read_ven_objects", reading.resources), **writes("POST"))),
    path(
        "resources/<id:object_id>",
        operations(GET=Operation("read_ven_objects", reading.resource), **writes("PUT", "DELETE")),
    ),
]
