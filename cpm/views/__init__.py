"""Pages of the customer-program system: each view finds, calls one query or operation, and renders."""

from .baseline_rules import baseline_rules
from .customers import customer, customer_list, link, link_add, link_revoke, outstanding
from .device_status import devices_check
from .enrolling import device_replace, enroll, enroll_choose, location_move_out
from .enrollments import (
    enrollment,
    enrollment_add_device,
    enrollment_cancel,
    enrollment_list,
    enrollment_retry,
    enrollment_unenroll,
    enrollment_validate,
)
from .holidays import holiday_list, holiday_new, holiday_remove
from .keeping import (
    customer_delete,
    customer_edit,
    customer_new,
    device_delete,
    device_edit,
    device_new,
    location_delete,
    location_edit,
    location_new,
)
from .making_programs import program_new, program_type_new
from .measured import measured_again, measured_event, measured_export
from .meters import meter, meter_edit, meter_exchange, meter_list, meter_new
from .participations import participation, participation_export, participation_list, participation_opt_out
from .program_events import program_event, program_event_export, program_event_list, reductions
from .program_seasons import dated_rules_edit, dated_rules_new, dated_rules_remove, program_resume, program_suspend
from .programs import program, program_list, program_type
from .season import program_season, program_season_export, program_season_groups
from .self_service import (
    self_service,
    self_service_apply,
    self_service_cancel,
    self_service_opt_out,
    self_service_unavailability,
)
from .settlement import (
    settlement_approve,
    settlement_discard,
    settlement_hand_over,
    settlement_line,
    settlement_lines,
    settlement_review,
    settlement_run,
    settlement_run_list,
    settlement_run_new,
)
from .settlement_files import settlement_export, settlement_intervals, settlement_kw_drops
from .settlement_methods import (
    settlement_method,
    settlement_method_list,
    settlement_method_new,
    settlement_prices_new,
)
from .unavailability import location, subscription, unavailability_cancel, unavailability_edit, would_release

__all__ = [
    "baseline_rules",
    "customer",
    "customer_delete",
    "customer_edit",
    "customer_list",
    "customer_new",
    "dated_rules_edit",
    "dated_rules_new",
    "dated_rules_remove",
    "device_delete",
    "device_edit",
    "device_new",
    "device_replace",
    "devices_check",
    "enroll",
    "enroll_choose",
    "enrollment",
    "enrollment_add_device",
    "enrollment_cancel",
    "enrollment_list",
    "enrollment_retry",
    "enrollment_unenroll",
    "enrollment_validate",
    "holiday_list",
    "holiday_new",
    "holiday_remove",
    "link",
    "link_add",
    "link_revoke",
    "location",
    "location_delete",
    "location_edit",
    "location_move_out",
    "location_new",
    "measured_again",
    "measured_event",
    "measured_export",
    "meter",
    "meter_edit",
    "meter_exchange",
    "meter_list",
    "meter_new",
    "outstanding",
    "participation",
    "participation_export",
    "participation_list",
    "participation_opt_out",
    "program",
    "program_event",
    "program_event_export",
    "program_event_list",
    "program_list",
    "program_new",
    "program_resume",
    "program_season",
    "program_season_export",
    "program_season_groups",
    "program_suspend",
    "program_type",
    "program_type_new",
    "reductions",
    "self_service",
    "self_service_apply",
    "self_service_cancel",
    "self_service_opt_out",
    "self_service_unavailability",
    "settlement_approve",
    "settlement_discard",
    "settlement_export",
    "settlement_hand_over",
    "settlement_intervals",
    "settlement_kw_drops",
    "settlement_line",
    "settlement_lines",
    "settlement_method",
    "settlement_method_list",
    "settlement_method_new",
    "settlement_prices_new",
    "settlement_review",
    "settlement_run",
    "settlement_run_list",
    "settlement_run_new",
    "subscription",
    "unavailability_cancel",
    "unavailability_edit",
    "would_release",
]
