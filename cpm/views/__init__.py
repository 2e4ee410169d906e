"""Pages of the customer-program system: each view finds, asks one query or operation, and answers."""

from .customers import customer, customer_list
from .participations import participation, participation_export, participation_list
from .program_events import program_event, program_event_export, program_event_list
from .programs import program, program_list, program_type

__all__ = [
    "customer",
    "customer_list",
    "participation",
    "participation_export",
    "participation_list",
    "program",
    "program_event",
    "program_event_export",
    "program_event_list",
    "program_list",
    "program_type",
]
