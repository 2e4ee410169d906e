"""Writes: each locks, checks, acts, and writes history and messages in one transaction."""

from .applications import (
    add_device,
    add_installed_device,
    cancel_enrollment,
    enroll,
    move_out,
    retry_enrollment,
    unenroll,
    validate_enrollment,
)
from .baseline_rules import BaselineRuleRefused, add_baseline_rule
from .device_facts import answer_device_facts, send_device_facts
from .device_status import check_devices, check_unheard_devices, keep_device_status
from .dropped_extracts import Manifest, take_in_dropped
from .emails import send_notifications
from .enrollment import (
    answer_enrollment,
    answer_enrollment_load,
    end_enrollment,
    send_enrollment_load,
    send_program_rules,
    start_enrollment,
)
from .enrollment_records import EnrollmentNotAllowed, PlaceLeft, require_lived_in
from .external_events import (
    ExternalEventRefused,
    PlannedOutside,
    add_external_event,
    move_external_event,
    report_outcomes,
    reserve_devices,
)
from .grid import follow_grid, follow_head_ends
from .holidays import HolidayTaken, add_holiday, choose_country, remove_holiday, renew_holidays
from .keeping import delete_kept, referring_to, save_customer, save_device, save_location
from .measuring import (
    CannotMeasure,
    ask_measurement,
    ask_measurements,
    is_over,
    measure_part,
    prepare_or_finish_measurement,
)
from .meter_archive import put_away_meter_days
from .meters import MeterInTheWay, exchange_meter, save_meter
from .notifications import notify_customers, notify_of_end
from .opt_out import OptOutNotAllowed, answer_opt_out, opt_out_device, opt_out_of_event
from .participation import load_outcomes, load_reservations, prepare_outcomes, prepare_reservations
from .posted_extracts import keep_part, take_in_posted
from .program_events import follow_stage
from .programs import (
    add_program,
    add_program_type,
    remove_dated_rules,
    resume_program,
    save_dated_rules,
    save_program,
    save_program_type,
    suspend_program,
)
from .releases import release_reservation
from .replacing import replace_device
from .rest_transactions import answer_once
from .self_service import make_link, revoke_link
from .settlement import MethodTaken, add_prices, add_settlement_method, save_settlement_method
from .settlement_runs import (
    RunChanged,
    RunNotAllowed,
    RunNotPossible,
    approve_settlement_run,
    discard_settlement_run,
    export_settlement_run,
    make_settlement_run,
    review_settlement_run,
)
from .unavailability import (
    UnavailabilityNotAllowed,
    cancel_unavailability,
    change_unavailability,
    schedule_unavailability,
)

__all__ = [
    "BaselineRuleRefused",
    "CannotMeasure",
    "EnrollmentNotAllowed",
    "ExternalEventRefused",
    "HolidayTaken",
    "Manifest",
    "MeterInTheWay",
    "MethodTaken",
    "OptOutNotAllowed",
    "PlaceLeft",
    "PlannedOutside",
    "RunChanged",
    "RunNotAllowed",
    "RunNotPossible",
    "UnavailabilityNotAllowed",
    "add_baseline_rule",
    "add_device",
    "add_external_event",
    "add_holiday",
    "add_installed_device",
    "add_prices",
    "add_program",
    "add_program_type",
    "add_settlement_method",
    "answer_device_facts",
    "answer_enrollment",
    "answer_enrollment_load",
    "answer_once",
    "answer_opt_out",
    "approve_settlement_run",
    "ask_measurement",
    "ask_measurements",
    "cancel_enrollment",
    "cancel_unavailability",
    "change_unavailability",
    "check_devices",
    "check_unheard_devices",
    "choose_country",
    "delete_kept",
    "discard_settlement_run",
    "end_enrollment",
    "enroll",
    "exchange_meter",
    "export_settlement_run",
    "follow_grid",
    "follow_head_ends",
    "follow_stage",
    "is_over",
    "keep_device_status",
    "keep_part",
    "load_outcomes",
    "load_reservations",
    "make_link",
    "make_settlement_run",
    "measure_part",
    "move_external_event",
    "move_out",
    "notify_customers",
    "notify_of_end",
    "opt_out_device",
    "opt_out_of_event",
    "prepare_or_finish_measurement",
    "prepare_outcomes",
    "prepare_reservations",
    "put_away_meter_days",
    "referring_to",
    "release_reservation",
    "remove_dated_rules",
    "remove_holiday",
    "renew_holidays",
    "replace_device",
    "report_outcomes",
    "require_lived_in",
    "reserve_devices",
    "resume_program",
    "retry_enrollment",
    "review_settlement_run",
    "revoke_link",
    "save_customer",
    "save_dated_rules",
    "save_device",
    "save_location",
    "save_meter",
    "save_program",
    "save_program_type",
    "save_settlement_method",
    "schedule_unavailability",
    "send_device_facts",
    "send_enrollment_load",
    "send_notifications",
    "send_program_rules",
    "start_enrollment",
    "suspend_program",
    "take_in_dropped",
    "take_in_posted",
    "unenroll",
    "validate_enrollment",
]
