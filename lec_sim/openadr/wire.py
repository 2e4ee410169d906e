"""The objects of OpenADR 3.1 as they are sent and received; names are those of the specification.

Optional parts are left out when they have no value; a client may send null for them.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ObjectID = Annotated[str, StringConstraints(pattern="^[a-zA-Z0-9_-]*$", min_length=1, max_length=128)]
DURATION = r"^(-?)P(\d|T\d)?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)([DW]))?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$"
AT_ONCE, NOTHING = "0001-01-01T00:00:00Z", "PT0S"  # the start and duration of a canceled event


class Wire(BaseModel):
    """A part of a message; members that we don't know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ValuesMap(Wire):
    """Values of a type: an enumerated one of the specification, or a private one."""

    type: Text
    values: list[Any]


class IntervalPeriod(Wire):
    """When intervals start, and how long they are."""

    start: str | None = None
    duration: str | None = None
    randomizeStart: str | None = None


class Interval(Wire):
    """Values for a period."""

    id: int
    intervalPeriod: IntervalPeriod | None = None
    payloads: list[ValuesMap]


class EventPayloadDescriptor(Wire):
    """The units of an event's values."""

    objectType: Literal["EVENT_PAYLOAD_DESCRIPTOR"] = "EVENT_PAYLOAD_DESCRIPTOR"
    payloadType: Text
    units: str | None = None


class ReportDescriptor(Wire):
    """A report that an event asks for."""

    payloadType: Text
    readingType: str | None = None
    units: str | None = None
    targets: list[Text] | None = None
    aggregate: bool = False


class Metadata(Wire):
    """What each object that has an id begins with."""

    id: ObjectID
    createdDateTime: AwareDatetime
    modificationDateTime: AwareDatetime
    objectType: str


class Program(Metadata):
    """A program whose devices are called."""

    objectType: Literal["PROGRAM"] = "PROGRAM"
    programName: Text
    payloadDescriptors: list[EventPayloadDescriptor] | None = None


class Event(Metadata):
    """A stage."""

    objectType: Literal["EVENT"] = "EVENT"
    programID: ObjectID
    eventName: str | None = None
    priority: int | None = Field(default=None, ge=0)
    targets: list[Text] | None = None
    reportDescriptors: list[ReportDescriptor] | None = None
    payloadDescriptors: list[EventPayloadDescriptor] | None = None
    intervalPeriod: IntervalPeriod | None = None
    intervals: list[Interval] | None = None


class VenObject(Metadata):
    """A head end."""

    objectType: Literal["VEN"] = "VEN"
    clientID: Text
    venName: Text
    targets: list[Text] | None = None


class Resource(Metadata):
    """A device, with the stages it is called in as targets."""

    objectType: Literal["RESOURCE"] = "RESOURCE"
    clientID: Text
    resourceName: Text
    venID: ObjectID
    targets: list[Text] | None = None
    attributes: list[ValuesMap] | None = None


def duration_of(length: timedelta) -> str:
    """A length of time in the notation of ISO 8601, in seconds."""
    return f"PT{length.total_seconds():.0f}S"


def moment_of(moment: datetime) -> str:
    """A moment in the notation of RFC 3339, in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
