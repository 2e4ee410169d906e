"""DERMS's own records."""

from .devices import DerGroup, Device, DeviceUnavailability, DeviceUsage, Enrollment, Program
from .events import DeliveredLoad, DeviceOutcome, Event, Removal, Reservation, Stage, Transition
from .grid import ControlZone, Feeder, HeadEnd, LoadForecast, ReductionFactor, Substation, Transformer
from .strategies import Strategy, StrategyStage, StrategyType

__all__ = [
    "ControlZone",
    "DeliveredLoad",
    "DerGroup",
    "Device",
    "DeviceOutcome",
    "DeviceUnavailability",
    "DeviceUsage",
    "Enrollment",
    "Event",
    "Feeder",
    "HeadEnd",
    "LoadForecast",
    "Program",
    "ReductionFactor",
    "Removal",
    "Reservation",
    "Stage",
    "Strategy",
    "StrategyStage",
    "StrategyType",
    "Substation",
    "Transformer",
    "Transition",
]
