"""DERMS's own records."""

from .devices import Candidate, DerGroup, Device, DeviceUnavailability, Enrollment, Program
from .drafts import EventDraft
from .event_types import EventType
from .events import Event, Stage
from .execution import DeliveredLoad, Departure, DeviceOutcome, EventFigures, Removal, Reservation, StageUse
from .forecasts import ForecastSkill, IssuedForecast, Temperature
from .grid import ControlZone, Feeder, HeadEnd, LoadForecast, MeteredLoad, ReductionFactor, Substation, Transformer
from .heard import HeardDevice
from .history import SubmittedPlan, Transition
from .left_out import ABOVE_APPROVED, LeftOut, left_out_rows
from .realisation import Realisation
from .responses import Availability, LowestCount, RateRenewal, ResponsePrior
from .strategies import Strategy, StrategyStage

PRIMARY_KEY = ("device_id", "stage_id")  # of the bulk tables

__all__ = [
    "ABOVE_APPROVED",
    "PRIMARY_KEY",
    "Availability",
    "Candidate",
    "ControlZone",
    "DeliveredLoad",
    "Departure",
    "DerGroup",
    "Device",
    "DeviceOutcome",
    "DeviceUnavailability",
    "Enrollment",
    "Event",
    "EventDraft",
    "EventFigures",
    "EventType",
    "Feeder",
    "ForecastSkill",
    "HeadEnd",
    "HeardDevice",
    "IssuedForecast",
    "LeftOut",
    "LoadForecast",
    "LowestCount",
    "MeteredLoad",
    "Program",
    "RateRenewal",
    "Realisation",
    "ReductionFactor",
    "Removal",
    "Reservation",
    "ResponsePrior",
    "Stage",
    "StageUse",
    "Strategy",
    "StrategyStage",
    "SubmittedPlan",
    "Substation",
    "Temperature",
    "Transformer",
    "Transition",
    "left_out_rows",
]
