"""CPM's own records."""

from .contact import Notification, SelfServiceLink
from .customers import Customer, Device, DeviceLocation, SubscribedDevice, Subscription, digits_of
from .device_status import DeviceStatus
from .enrollments import Enrollment, EnrollmentTransition
from .grid import Feeder, HeadEnd
from .holidays import Holiday, HolidayCalendar
from .measuring import BaselineRule, MeasuredPart, MeasuredResult, MeasuredSum, Measurement, ReadingsLoad
from .meters import Meter, MeterArchive, MeterDay
from .participations import Participation, ParticipationChange, ParticipationOutcome, Removal
from .prior_participations import PriorParticipation
from .program_events import ProgramEvent, Transition
from .programs import Program, ProgramType
from .rest_transactions import RestTransaction
from .settlement import PriceVersion, SettlementMethod, TimePrice
from .settlement_runs import SettlementLine, SettlementPart, SettlementRun, SettlementSum, SettlementTransition
from .unavailability import Unavailability

PRIMARY_KEY = ("program_event_id", "device_id")  # of the bulk tables

__all__ = [
    "PRIMARY_KEY",
    "BaselineRule",
    "Customer",
    "Device",
    "DeviceLocation",
    "DeviceStatus",
    "Enrollment",
    "EnrollmentTransition",
    "Feeder",
    "HeadEnd",
    "Holiday",
    "HolidayCalendar",
    "MeasuredPart",
    "MeasuredResult",
    "MeasuredSum",
    "Measurement",
    "Meter",
    "MeterArchive",
    "MeterDay",
    "Notification",
    "Participation",
    "ParticipationChange",
    "ParticipationOutcome",
    "PriceVersion",
    "PriorParticipation",
    "Program",
    "ProgramEvent",
    "ProgramType",
    "ReadingsLoad",
    "Removal",
    "RestTransaction",
    "SelfServiceLink",
    "SettlementLine",
    "SettlementMethod",
    "SettlementPart",
    "SettlementRun",
    "SettlementSum",
    "SettlementTransition",
    "SubscribedDevice",
    "Subscription",
    "TimePrice",
    "Transition",
    "Unavailability",
    "digits_of",
]
