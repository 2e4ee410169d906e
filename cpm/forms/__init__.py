"""What people type: forms validate and never save."""

from .participations import ParticipationFilter
from .program_rules import RulesForm
from .programs import ProgramForm, ProgramTypeForm
from .unavailability import OptOutForm, PeriodForm, UnavailabilityForm

__all__ = [
    "OptOutForm",
    "ParticipationFilter",
    "PeriodForm",
    "ProgramForm",
    "ProgramTypeForm",
    "RulesForm",
    "UnavailabilityForm",
]
