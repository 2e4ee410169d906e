"""The objects of OpenADR 3.1 as they are sent and received; names are those of the specification.

Optional parts are left out when they have no value; a client may send null for them.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
)

Text = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ObjectID = Annotated[str, StringConstraints(pattern="^[a-zA-Z0-9_-]*$", min_length=1, max_length=128)]
AT_ONCE, NOTHING = "0001-01-01T00:00:00Z", "PT0S"  # the start and duration of a canceled event
AT_ONCE_DAY = "0001-01-01"  # how the start of what begins at once may be written, too
DURATION = re.compile(
    r"-?P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+[DW])?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?", re.ASCII
)


def _moment(text: str) -> str:
    if text.startswith(AT_ONCE_DAY):
        return text
    try:
        has_offset = "T" in text.upper() and datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        has_offset = False
    if not has_offset:
        raise ValueError(
            _("“%(value)s” must be a moment with its offset, as 2026-07-22T18:00:00Z.") % {"value": text[:60]}
        )
    return text


def _duration(text: str) -> str:
    if not DURATION.fullmatch(text):
        raise ValueError(_("“%(value)s” must be a length of time, as PT15M.") % {"value": text[:60]})
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Duration = Annotated[str, AfterValidator(_duration)]
Whole = Annotated[int, Field(strict=True, ge=-(2**31), lt=2**31)]


class Wire(BaseModel):
    """A part of a message; members that we don't know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Point(Wire):
    """A point of a curve."""

    x: StrictFloat
    y: StrictFloat


class ValuesMap(Wire):
    """Values of a type: an enumerated one of the specification, or a private one."""

    type: Text
    values: list[StrictBool | StrictInt | StrictFloat | str | Point]


class IntervalPeriod(Wire):
    """When intervals start, and how long they are."""

    start: Moment | None = None
    duration: Duration | None = None
    randomizeStart: Duration | None = None


class Interval(Wire):
    """Values for a period."""

    id: Whole
    intervalPeriod: IntervalPeriod | None = None
    payloads: list[ValuesMap]


class EventPayloadDescriptor(Wire):
    """The units of an event's values."""

    objectType: Literal["EVENT_PAYLOAD_DESCRIPTOR"] = "EVENT_PAYLOAD_DESCRIPTOR"
    payloadType: Text
    units: Text | None = None
    currency: str | None = None


class ReportDescriptor(Wire):
    """A report that an event asks for."""

    payloadType: Text
    readingType: Text | None = None
    units: Text | None = None
    targets: list[Text] | None = None
    aggregate: StrictBool | None = False
    startInterval: Whole | None = None
    numIntervals: Whole | None = None
    historical: StrictBool | None = None
    frequency: Whole | None = None
    repeat: Whole | None = None
    reportIntervals: Literal["INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"] | None = None


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
