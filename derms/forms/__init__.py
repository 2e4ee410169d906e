"""What people type, checked; operations save it."""

from .events import DenyForm, EventForm, NewEventForm, ShiftForm, ShortfallForm, StageForm, SubmitForm
from .strategies import GroupForm, StrategyForm, StrategyStageForm, StrategyStageFormSet

__all__ = [
    "DenyForm",
    "EventForm",
    "GroupForm",
    "NewEventForm",
    "ShiftForm",
    "ShortfallForm",
    "StageForm",
    "StrategyForm",
    "StrategyStageForm",
    "StrategyStageFormSet",
    "SubmitForm",
]
