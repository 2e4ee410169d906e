"""What changes data: each operation locks, checks, acts, and writes history and messages in one transaction."""

from .approval import (
    EventNotApprovable,
    EventNotInState,
    EventNotSubmittable,
    EventWouldNotBeScheduled,
    approve_event,
    approve_event_as_balance_authority,
    deny_event,
    deny_event_as_balance_authority,
    schedule_event_again,
    schedule_event_with_shortfall,
    submit_event,
    withdraw_event,
)
from .available import count_available_power
from .cancellation import (
    EventNotCancelable,
    abort_event,
    calls_to_release,
    cancel_event,
    cancel_stage,
    not_abortable,
    not_cancelable,
    outcomes_to_lose,
)
from .cloning import clone_event
from .delivered import follow_delivered_load
from .delivered_alert import watch_delivered
from .device_facts import save_device_facts
from .device_status import hear_devices
from .drafts import discard_draft, keep_draft
from .enrollment import EnrollmentRefused, change_enrollment, load_enrollments, save_program
from .events import (
    EventDetails,
    EventNotEditable,
    PlannedStage,
    StrategyArchived,
    create_event,
    edit_event,
    require_editable,
)
from .execution import follow_execution, report_unended_stage, report_unstarted_stage
from .figures import count_reports
from .forecast import ForecastImplausible, ForecastLoaded, load_forecast
from .forecast_age import report_old_forecast
from .forecast_file import ForecastRefused
from .grid import CodeTaken, PartHeld, PartReferred, delete_grid_part, referring_to, save_grid_part
from .grid_sync import send_grid, send_head_ends, send_places
from .issuing import issue_forecasts
from .locks import EventChanged, require_unchanged
from .metered import Metered, keep_metered
from .outcomes import close_stage, count_calls, load_raw_outcomes, prepare_raw_outcomes
from .past_start import report_plan_past_start
from .realisation import keep_realisation
from .removals import answer_removal, hear_opt_out, opt_out_device, save_unavailability
from .reserve import count_operating_reserve
from .response_rates import fade_response_rates
from .scheduling import EventNotSchedulable, schedule_event, write_reservation_extract
from .strategies import move_strategy, save_event_type, save_group, save_strategy

__all__ = [
    "CodeTaken",
    "EnrollmentRefused",
    "EventChanged",
    "EventDetails",
    "EventNotApprovable",
    "EventNotCancelable",
    "EventNotEditable",
    "EventNotInState",
    "EventNotSchedulable",
    "EventNotSubmittable",
    "EventWouldNotBeScheduled",
    "ForecastImplausible",
    "ForecastLoaded",
    "ForecastRefused",
    "Metered",
    "PartHeld",
    "PartReferred",
    "PlannedStage",
    "StrategyArchived",
    "abort_event",
    "answer_removal",
    "approve_event",
    "approve_event_as_balance_authority",
    "calls_to_release",
    "cancel_event",
    "cancel_stage",
    "change_enrollment",
    "clone_event",
    "close_stage",
    "count_available_power",
    "count_calls",
    "count_operating_reserve",
    "count_reports",
    "create_event",
    "delete_grid_part",
    "deny_event",
    "deny_event_as_balance_authority",
    "discard_draft",
    "edit_event",
    "fade_response_rates",
    "follow_delivered_load",
    "follow_execution",
    "hear_devices",
    "hear_opt_out",
    "issue_forecasts",
    "keep_draft",
    "keep_metered",
    "keep_realisation",
    "load_enrollments",
    "load_forecast",
    "load_raw_outcomes",
    "move_strategy",
    "not_abortable",
    "not_cancelable",
    "opt_out_device",
    "outcomes_to_lose",
    "prepare_raw_outcomes",
    "referring_to",
    "report_old_forecast",
    "report_plan_past_start",
    "report_unended_stage",
    "report_unstarted_stage",
    "require_editable",
    "require_unchanged",
    "save_device_facts",
    "save_event_type",
    "save_grid_part",
    "save_group",
    "save_program",
    "save_strategy",
    "save_unavailability",
    "schedule_event",
    "schedule_event_again",
    "schedule_event_with_shortfall",
    "send_grid",
    "send_head_ends",
    "send_places",
    "submit_event",
    "watch_delivered",
    "withdraw_event",
    "write_reservation_extract",
]
