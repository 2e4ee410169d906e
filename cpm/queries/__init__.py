"""Reads."""

from .brought import Brought, brought_by
from .configuration import program_changes, program_type_changes, unavailability_changes
from .customers import (
    CustomerEnrollment,
    coming_reservations,
    current_enrollments,
    customers,
    ended_enrollments,
    enrollment_of,
    own_participations,
    past_participations,
    prior_participations,
)
from .enrollments import (
    devices_of_enrollment,
    devices_to_enroll,
    enrollments,
    enrollments_shown_to,
    enrollments_under_way,
)
from .holidays import coming_holidays, country_named, days_without_events, holiday_calendar, part_named, parts_of
from .last_heard import last_heard
from .limits import uses_of_limits
from .measuring import measured_part_ids_to_measure, measurement_ids_to_prepare_or_finish
from .notifications import (
    emails_are_sent,
    lanes_to_send,
    links_of,
    notifications_of,
    program_event_ids_over,
    program_event_ids_to_notify,
)
from .participation_orders import NEWEST_FIRST, row_order
from .participation_totals import Total, participation_count, participation_total
from .participations import ParticipationKey, ParticipationRow, Place, device_ids, participations
from .program_events import (
    customers_of_stage,
    event_history,
    is_settled,
    loads_under_way,
    participation_history,
    program_event_named,
    program_events,
    programs_with_use,
    removals_of,
    scheduled_stages,
)
from .search import customers_like
from .unavailability import (
    Release,
    devices_of,
    month_ahead,
    periods_of,
    releases_of,
    reservations_in,
    unavailability_ahead,
)
from .wanted import Wanted

__all__ = [
    "NEWEST_FIRST",
    "Brought",
    "CustomerEnrollment",
    "ParticipationKey",
    "ParticipationRow",
    "Place",
    "Release",
    "Total",
    "Wanted",
    "brought_by",
    "coming_holidays",
    "coming_reservations",
    "country_named",
    "current_enrollments",
    "customers",
    "customers_like",
    "customers_of_stage",
    "days_without_events",
    "device_ids",
    "devices_of",
    "devices_of_enrollment",
    "devices_to_enroll",
    "emails_are_sent",
    "ended_enrollments",
    "enrollment_of",
    "enrollments",
    "enrollments_shown_to",
    "enrollments_under_way",
    "event_history",
    "holiday_calendar",
    "is_settled",
    "lanes_to_send",
    "last_heard",
    "links_of",
    "loads_under_way",
    "measured_part_ids_to_measure",
    "measurement_ids_to_prepare_or_finish",
    "month_ahead",
    "notifications_of",
    "own_participations",
    "part_named",
    "participation_count",
    "participation_history",
    "participation_total",
    "participations",
    "parts_of",
    "past_participations",
    "periods_of",
    "prior_participations",
    "program_changes",
    "program_event_ids_over",
    "program_event_ids_to_notify",
    "program_event_named",
    "program_events",
    "program_type_changes",
    "programs_with_use",
    "releases_of",
    "removals_of",
    "reservations_in",
    "row_order",
    "scheduled_stages",
    "unavailability_ahead",
    "unavailability_changes",
    "uses_of_limits",
]
