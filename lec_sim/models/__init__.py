"""Live Energy Connect's own records."""

from .openadr import Announcement, LecProgram, Ven
from .reports import REPORTED, LecTelemetry, LecWord, VenReport
from .stages import (
    PRIMARY_KEY,
    HeadEndProfile,
    LecAnswer,
    LecCall,
    LecReservation,
    LecStage,
    Removal,
    calls_of,
)
from .subscriptions import Callback, Subscription, Told

__all__ = [
    "PRIMARY_KEY",
    "REPORTED",
    "Announcement",
    "Callback",
    "HeadEndProfile",
    "LecAnswer",
    "LecCall",
    "LecProgram",
    "LecReservation",
    "LecStage",
    "LecTelemetry",
    "LecWord",
    "Removal",
    "Subscription",
    "Told",
    "Ven",
    "VenReport",
    "calls_of",
]
