"""Writes: each locks, checks, acts, and sends messages in one transaction."""

from .answers import collect_answers
from .delivered import report_delivered_load
from .execution import call_devices, end_stage, miss_stage, start_stage
from .faults import set_fault
from .head_ends import know_head_ends, set_reach
from .late import report_late_stage
from .outcomes import hand_over_outcomes
from .removals import remove_device
from .reports import DevicesRefused, Measured, Said, hear
from .reservations import load_reservations, prepare_reservations
from .stages import follow_stage
from .statuses import answer_status_check
from .unaware import report_unread_cancel
from .ven_reports import add_report, change_report, forget_reports
from .vens import read_events, read_grants, see_vens

__all__ = [
    "DevicesRefused",
    "Measured",
    "Said",
    "add_report",
    "answer_status_check",
    "call_devices",
    "change_report",
    "collect_answers",
    "end_stage",
    "follow_stage",
    "forget_reports",
    "hand_over_outcomes",
    "hear",
    "know_head_ends",
    "load_reservations",
    "miss_stage",
    "prepare_reservations",
    "read_events",
    "read_grants",
    "remove_device",
    "report_delivered_load",
    "report_late_stage",
    "report_unread_cancel",
    "see_vens",
    "set_fault",
    "set_reach",
    "start_stage",
]
