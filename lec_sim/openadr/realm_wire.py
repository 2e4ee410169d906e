"""Objects as clients of the conformance realm write them: every member that the specification has."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .report_wire import ReportPayloadDescriptor
from .wire import (
    Duration,
    EventPayloadDescriptor,
    Interval,
    IntervalPeriod,
    ObjectID,
    ReportDescriptor,
    Text,
    ValuesMap,
    Wire,
)

BL_VEN, BL_RESOURCE = "BL_VEN_REQUEST", "BL_RESOURCE_REQUEST"
PayloadDescriptor = Annotated[EventPayloadDescriptor | ReportPayloadDescriptor, Field(discriminator="objectType")]


class ProgramDescription(Wire):
    """Where a program is described."""

    URL: Annotated[str, StringConstraints(min_length=2, max_length=8000)]


class ProgramRequest(Wire):
    """A program."""

    programName: Text
    intervalPeriod: IntervalPeriod | None = None
    programDescriptions: list[ProgramDescription] | None = None
    payloadDescriptors: list[PayloadDescriptor] | None = None
    attributes: list[ValuesMap] | None = None
    targets: list[Text] | None = None


class EventRequest(Wire):
    """An event of a program."""

    programID: ObjectID
    eventName: str | None = None
    duration: Duration | None = None
    priority: Annotated[int, Field(strict=True, ge=0)] | None = None
    targets: list[Text] | None = None
    reportDescriptors: list[ReportDescriptor] | None = None
    payloadDescriptors: list[EventPayloadDescriptor] | None = None
    intervalPeriod: IntervalPeriod | None = None
    intervals: list[Interval] | None = None


class VenRequest(Wire):
    """A ven; only business logic says whose it is and what it is granted."""

    objectType: Literal["BL_VEN_REQUEST", "VEN_VEN_REQUEST"]
    clientID: Text | None = None
    venName: Text
    attributes: list[ValuesMap] | None = None
    targets: list[Text] | None = None


class ResourceRequest(Wire):
    """A resource of a ven."""

    objectType: Literal["BL_RESOURCE_REQUEST", "VEN_RESOURCE_REQUEST"]
    clientID: Text | None = None
    resourceName: Text
    venID: ObjectID
    attributes: list[ValuesMap] | None = None
    targets: list[Text] | None = None
