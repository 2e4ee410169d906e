"""Reports as vens send them, and as they read them again."""

from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from .wire import Interval, IntervalPeriod, ObjectID, Text, Wire

AGGREGATED = "AGGREGATED_REPORT"  # the resource name of a sum of all devices


class ReportPayloadDescriptor(Wire):
    """The units of a report's values, and how they came about."""

    objectType: Literal["REPORT_PAYLOAD_DESCRIPTOR"]
    payloadType: Text
    readingType: Text | None = None
    units: Text | None = None
    accuracy: StrictFloat | None = None
    confidence: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None


class ReportedResource(Wire):
    """What is reported of a device; its period is that of intervals which have none of their own."""

    resourceName: Text
    intervalPeriod: IntervalPeriod | None = None
    intervals: list[Interval]


class ReportRequest(Wire):
    """A report as it is sent."""

    eventID: ObjectID
    clientName: Text
    reportName: str | None = None
    payloadDescriptors: list[ReportPayloadDescriptor] | None = None
    resources: list[ReportedResource]
