"""What people type, checked; operations save it."""

from .events import CancelForm, DenyForm, EventForm, NewEventForm, ShiftForm, ShortfallForm, StageForm, SubmitForm
from .strategies import GroupForm, StrategyForm, StrategyStageForm, StrategyStageFormSet, StrategyTypeForm

__all__ = [
    "CancelForm",
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
    "StrategyTypeForm",
    "SubmitForm",
]
