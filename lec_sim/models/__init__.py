"""Live Energy Connect's own records."""

from .openadr import Announcement, LecProgram, Ven
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

__all__ = [
    "PRIMARY_KEY",
    "Announcement",
    "HeadEndProfile",
    "LecAnswer",
    "LecCall",
    "LecProgram",
    "LecReservation",
    "LecStage",
    "Removal",
    "Ven",
    "calls_of",
]
