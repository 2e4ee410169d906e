"""Forms check what people type; operations save it."""

from .events import (
    CancelForm,
    DenyForm,
    EventForm,
    NewEventForm,
    ReasonForm,
    ShortfallForm,
    SubmitForm,
)
from .grid import FeederForm, HeadEndForm, SubstationForm, TransformerForm, ZoneForm
from .groups import GroupForm
from .plan import Plan, edited_plan, new_plan, saved_plan
from .stage_grid import after_button, wall, with_generated, with_strategy
from .strategies import EventTypeForm, StrategyForm, StrategyStageForm, stage_rows

__all__ = [
    "CancelForm",
    "DenyForm",
    "EventForm",
    "EventTypeForm",
    "FeederForm",
    "GroupForm",
    "HeadEndForm",
    "NewEventForm",
    "Plan",
    "ReasonForm",
    "ShortfallForm",
    "StrategyForm",
    "StrategyStageForm",
    "SubmitForm",
    "SubstationForm",
    "TransformerForm",
    "ZoneForm",
    "after_button",
    "edited_plan",
    "new_plan",
    "saved_plan",
    "stage_rows",
    "wall",
    "with_generated",
    "with_strategy",
]
