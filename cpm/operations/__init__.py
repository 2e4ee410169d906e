"""Writes: each locks, looks, acts, and leaves history and messages in one transaction."""

from .enrollment import (
    answer_enrollment,
    answer_enrollment_load,
    end_enrollment,
    replace_device,
    send_enrollment_load,
    send_program_rules,
    start_enrollment,
)
from .participation import load_outcomes, load_reservations, prepare_outcomes, prepare_reservations
from .program_events import follow_stage
from .programs import save_program, save_program_type

__all__ = [
    "answer_enrollment",
    "answer_enrollment_load",
    "end_enrollment",
    "follow_stage",
    "load_outcomes",
    "load_reservations",
    "prepare_outcomes",
    "prepare_reservations",
    "replace_device",
    "save_program",
    "save_program_type",
    "send_enrollment_load",
    "send_program_rules",
    "start_enrollment",
]
