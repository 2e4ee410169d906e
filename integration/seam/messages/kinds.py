"""Every kind of message."""

from collections.abc import Mapping

from .bodies import MessageBody
from .devices import DeviceFacts, DeviceFactsAnswer
from .grid import GridSync, HeadEndSync
from .measured import MeasuredRealisation
from .programs import EnrollmentAnswer, EnrollmentLoad, EnrollmentLoadAnswer, EnrollmentSync, ProgramRuleSync
from .removals import (
    CustomerUnavailability,
    DeviceOptOut,
    DeviceRemoval,
    EventOptOut,
    OptOutAnswer,
    RemovalAnswer,
    ReservationReleased,
)
from .stages import (
    DeliveredLoad,
    DeviceOutcome,
    DeviceReservation,
    RawOutcome,
    StageExecutionStatus,
    StageStatus,
)
from .statuses import DeviceStatus, DeviceStatusCheck

CONTRACTS: Mapping[str, type[MessageBody]] = {
    body.kind: body
    for body in (
        StageStatus,
        StageExecutionStatus,
        DeliveredLoad,
        EnrollmentSync,
        EnrollmentAnswer,
        DeviceFacts,
        DeviceFactsAnswer,
        ProgramRuleSync,
        GridSync,
        HeadEndSync,
        CustomerUnavailability,
        MeasuredRealisation,
        EventOptOut,
        OptOutAnswer,
        DeviceOptOut,
        DeviceRemoval,
        RemovalAnswer,
        ReservationReleased,
        DeviceStatusCheck,
        DeviceStatus,
        DeviceReservation,
        RawOutcome,
        DeviceOutcome,
        EnrollmentLoad,
        EnrollmentLoadAnswer,
    )
}
# These name an extract that contains their rows.
BULK = tuple(body for body in CONTRACTS.values() if "extract" in body.model_fields)
