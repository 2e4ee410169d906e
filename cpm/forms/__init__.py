"""What people type: forms validate and never save."""

from .participations import ParticipationFilter
from .programs import OVERRIDABLE_RULES, ProgramForm, ProgramTypeForm, RulesForm
from .unavailability import OptOutForm, PeriodForm, UnavailabilityForm

__all__ = [
    "OVERRIDABLE_RULES",
    "OptOutForm",
    "ParticipationFilter",
    "PeriodForm",
    "ProgramForm",
    "ProgramTypeForm",
    "RulesForm",
    "UnavailabilityForm",
]
