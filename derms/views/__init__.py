"""Pages of DERMS: each view looks up its objects, calls a query or an operation, and renders the result."""

from .acting import event_action, event_confirm, stage_cancel
from .calls import calls
from .devices import device, device_export, device_list
from .event_types import event_type_edit, event_type_list
from .events import event, event_export, event_list, event_report
from .forecasts import forecast
from .grid import grid_delete, grid_edit, grid_list, grid_new
from .groups import group_device_list, group_edit, group_export, group_list, group_new
from .plans import draft_discard, draft_keep, event_check, event_edit, event_new, new_event_check
from .reserve import reserve, reserve_export
from .silent import silent_export, silent_list
from .stages import stage, stage_export
from .strategies import strategy_edit, strategy_list, strategy_move, strategy_new

__all__ = [
    "calls",
    "device",
    "device_export",
    "device_list",
    "draft_discard",
    "draft_keep",
    "event",
    "event_action",
    "event_check",
    "event_confirm",
    "event_edit",
    "event_export",
    "event_list",
    "event_new",
    "event_report",
    "event_type_edit",
    "event_type_list",
    "forecast",
    "grid_delete",
    "grid_edit",
    "grid_list",
    "grid_new",
    "group_device_list",
    "group_edit",
    "group_export",
    "group_list",
    "group_new",
    "new_event_check",
    "reserve",
    "reserve_export",
    "silent_export",
    "silent_list",
    "stage",
    "stage_cancel",
    "stage_export",
    "strategy_edit",
    "strategy_list",
    "strategy_move",
    "strategy_new",
]
