"""Live Energy Connect's own records."""

from .mqtt import BROKER_ID, Broker, Published
from .openadr import Announcement, GrantMark, LecProgram, Ven
from .realm import RealmObject
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
    "BROKER_ID",
    "PRIMARY_KEY",
    "REPORTED",
    "Announcement",
    "Broker",
    "Callback",
    "GrantMark",
    "HeadEndProfile",
    "LecAnswer",
    "LecCall",
    "LecProgram",
    "LecReservation",
    "LecStage",
    "LecTelemetry",
    "LecWord",
    "Published",
    "RealmObject",
    "Removal",
    "Subscription",
    "Told",
    "Ven",
    "VenReport",
    "calls_of",
]
