"""What people type: forms validate and never save."""

from .participations import ParticipationFilter
from .programs import OVERRIDABLE_RULES, ProgramForm, ProgramTypeForm, RulesForm

__all__ = ["OVERRIDABLE_RULES", "ParticipationFilter", "ProgramForm", "ProgramTypeForm", "RulesForm"]
