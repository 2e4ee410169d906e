"""The messages between the systems: one frozen model each, in plain Python that imports none of the systems.

Power is in integer watts, moments carry an offset, windows are half-open. Bulk rows travel in an extract that the
message names; COLUMNS lists the columns of each kind of extract. `read` and `write` convert between
bodies and payloads of a version of the protocol.
"""

from .bodies import MOST_W, ExtractRef, MessageBody, Receipt
from .columns import COLUMNS
from .devices import DeviceFacts, DeviceFactsAnswer
from .grid import FeederPlace, GridSync, HeadEndName, HeadEndSync
from .kinds import BULK, CONTRACTS
from .measured import GroupRealisation, MeasuredRealisation
from .programs import (
    EnrollmentAnswer,
    EnrollmentAnswerWord,
    EnrollmentChange,
    EnrollmentLoad,
    EnrollmentLoadAnswer,
    EnrollmentSync,
    ProgramRuleSync,
)
from .protocol import MessageRefused, NewerMessage, Version, check_kind, heading, read, sendable_majors, write
from .removals import (
    LEFT,
    CustomerUnavailability,
    DeviceOptOut,
    DeviceRemoval,
    EventOptOut,
    OptOutAnswer,
    RemovalAnswer,
    RemovalReason,
    RemovalWord,
    ReservationReleased,
)
from .stages import (
    Category,
    DeliveredLoad,
    DeviceOutcome,
    DeviceReservation,
    HeadEndLoad,
    RawOutcome,
    StageExecutionStatus,
    StageStatus,
)
from .statuses import AskedDevices, DeviceStatus, DeviceStatusCheck, FoundDevices, StatusWord

__all__ = [
    "BULK",
    "COLUMNS",
    "CONTRACTS",
    "LEFT",
    "MOST_W",
    "AskedDevices",
    "Category",
    "CustomerUnavailability",
    "DeliveredLoad",
    "DeviceFacts",
    "DeviceFactsAnswer",
    "DeviceOptOut",
    "DeviceOutcome",
    "DeviceRemoval",
    "DeviceReservation",
    "DeviceStatus",
    "DeviceStatusCheck",
    "EnrollmentAnswer",
    "EnrollmentAnswerWord",
    "EnrollmentChange",
    "EnrollmentLoad",
    "EnrollmentLoadAnswer",
    "EnrollmentSync",
    "EventOptOut",
    "ExtractRef",
    "FeederPlace",
    "FoundDevices",
    "GridSync",
    "GroupRealisation",
    "HeadEndLoad",
    "HeadEndName",
    "HeadEndSync",
    "MeasuredRealisation",
    "MessageBody",
    "MessageRefused",
    "NewerMessage",
    "OptOutAnswer",
    "ProgramRuleSync",
    "RawOutcome",
    "Receipt",
    "RemovalAnswer",
    "RemovalReason",
    "RemovalWord",
    "ReservationReleased",
    "StageExecutionStatus",
    "StageStatus",
    "StatusWord",
    "Version",
    "check_kind",
    "heading",
    "read",
    "sendable_majors",
    "write",
]
