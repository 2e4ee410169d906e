"""Writes: each locks, looks, acts, and leaves history and messages in one transaction."""

from .enrollment import EnrollmentRefused, change_enrollment, load_enrollments, save_program
from .events import (
    EventNotApprovable,
    EventNotEditable,
    EventNotInState,
    EventNotSubmittable,
    StrategyArchived,
    add_stage,
    approve_event,
    create_event,
    deny_event,
    edit_event,
    edit_stage,
    own_event_sentence,
    remove_stage,
    schedule_event_again,
    schedule_event_with_shortfall,
    shift_stages,
    submit_event,
    withdraw_event,
)
from .execution import follow_execution, report_unended_stage, report_unstarted_stage
from .forecast import ForecastLoaded, ForecastRefused, load_forecast
from .outcomes import close_stage, load_raw_outcomes, prepare_raw_outcomes
from .scheduling import EventNotSchedulable, schedule_event, write_reservation_extract
from .strategies import activate_strategy, archive_strategy, save_group, save_strategy

__all__ = [
    "EnrollmentRefused",
    "EventNotApprovable",
    "EventNotEditable",
    "EventNotInState",
    "EventNotSchedulable",
    "EventNotSubmittable",
    "ForecastLoaded",
    "ForecastRefused",
    "StrategyArchived",
    "activate_strategy",
    "add_stage",
    "approve_event",
    "archive_strategy",
    "change_enrollment",
    "close_stage",
    "create_event",
    "deny_event",
    "edit_event",
    "edit_stage",
    "follow_execution",
    "load_enrollments",
    "load_forecast",
    "load_raw_outcomes",
    "own_event_sentence",
    "prepare_raw_outcomes",
    "remove_stage",
    "report_unended_stage",
    "report_unstarted_stage",
    "save_group",
    "save_program",
    "save_strategy",
    "schedule_event",
    "schedule_event_again",
    "schedule_event_with_shortfall",
    "shift_stages",
    "submit_event",
    "withdraw_event",
    "write_reservation_extract",
]
