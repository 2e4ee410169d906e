"""Our records as objects of OpenADR."""

import base64
import binascii
from collections.abc import Collection

from ..models import LecProgram, Ven
from ..queries.openadr import Call, Granted
from .wire import (
    AT_ONCE,
    NOTHING,
    Event,
    EventPayloadDescriptor,
    Interval,
    IntervalPeriod,
    Program,
    ReportDescriptor,
    Resource,
    ValuesMap,
    VenObject,
    duration_of,
    moment_of,
)

CONTROL = "GRIDCALL_CONTROL"  # our private type: the control of the stage and its value
PAYLOADS = [EventPayloadDescriptor(payloadType="SIMPLE"), EventPayloadDescriptor(payloadType=CONTROL)]
PRIORITIES = {"Emergency": 0, "Reliability": 1, "Economic": 2, "Device Test": 3}  # 0 is the highest
LEVELS = {"Emergency": 3, "Reliability": 2}  # of the payload SIMPLE; 1 of any other category
REPORTS = [
    ReportDescriptor(payloadType="OPERATING_STATE", readingType="DIRECT_READ"),
    ReportDescriptor(payloadType="USAGE", readingType="DIRECT_READ", units="KWH"),
]


def program_of(program: LecProgram) -> Program:
    return Program(
        id=program_id(program),
        createdDateTime=program.created_at,
        modificationDateTime=program.created_at,
        programName=program.code,
        payloadDescriptors=PAYLOADS,
    )


def program_id(program: LecProgram) -> str:
    return f"program-{program.pk}"


def event_of(call: Call, program: LecProgram) -> Event:
    """A stage as an event: one interval, since its control doesn't change. One that is off has no length."""
    stage = call.stage
    payloads = [
        ValuesMap(type="SIMPLE", values=[LEVELS.get(stage.category, 1)]),
        ValuesMap(type=CONTROL, values=[stage.control, stage.control_value]),
    ]
    return Event(
        id=str(stage.stage_uid),
        createdDateTime=min(one.created_at for one in call.announcements),
        modificationDateTime=max(one.modified_at for one in call.announcements),
        programID=program_id(program),
        eventName=f"{stage.event_number}/{stage.stage_number}",
        priority=PRIORITIES.get(stage.category),
        targets=[call.target],
        reportDescriptors=REPORTS,
        payloadDescriptors=PAYLOADS,
        intervalPeriod=IntervalPeriod(start=AT_ONCE, duration=NOTHING) if call.is_off else period_of(call),
        intervals=[Interval(id=0, payloads=payloads)],
    )


def period_of(call: Call) -> IntervalPeriod:
    """When a stage's devices run. Those with a spread start up to half of it before or after what is said here.

    So it is said half of it later, and the whole of it shorter: none starts before the stage or ends after it.
    """
    stage, spread = call.stage, call.start_spread
    return IntervalPeriod(
        start=moment_of(stage.starts_at + spread / 2),
        duration=duration_of(stage.ends_at - stage.starts_at - spread),
        randomizeStart=duration_of(spread / 2) if spread else None,
    )


def ven_of(ven: Ven, client: str, targets: Collection[str]) -> VenObject:
    return VenObject(
        id=ven_id(ven),
        createdDateTime=ven.created_at,
        modificationDateTime=ven.modified_at,
        clientID=client,
        venName=ven.profile.head_end,
        targets=list(targets),
    )


def ven_id(ven: Ven) -> str:
    return f"ven-{ven.pk}"


def resource_of(device: Granted, ven: Ven, client: str, calls: dict[int, Call]) -> Resource:
    stages = [calls[one] for one in device.stage_ids]
    told = [one for call in stages for one in call.announcements if one.ven_id == ven.pk]
    return Resource(
        id=resource_id(ven, device.nic_id),
        createdDateTime=min(one.created_at for one in told),
        modificationDateTime=max(one.modified_at for one in told),
        clientID=client,
        resourceName=device.nic_id,
        venID=ven_id(ven),
        targets=[call.target for call in stages],
        attributes=[ValuesMap(type="MAX_POWER_CONSUMPTION", values=[device.power_w / 1000])],
    )


def resource_id(ven: Ven, nic_id: str) -> str:
    """An id that says whose device it is: two head ends may have the same NIC id."""
    return f"{ven.pk}-{base64.urlsafe_b64encode(nic_id.encode()).rstrip(b'=').decode()}"


def device_of(text: str, vens: Collection[Ven]) -> tuple[Ven, str] | None:
    """The ven and NIC id of a resource's id; None if it is none of these vens'."""
    number, _hyphen, encoded = text.partition("-")
    ven = next((one for one in vens if str(one.pk) == number), None)
    try:
        nic_id = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return (ven, nic_id) if ven and resource_id(ven, nic_id) == text else None
