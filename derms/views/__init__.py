"""Pages of DERMS: each view finds, asks one query or operation, and answers."""

from .acting import (
    event_approve,
    event_approve_as_balance_authority,
    event_cancel,
    event_clone,
    event_deny,
    event_deny_as_balance_authority,
    event_schedule_again,
    event_schedule_with_shortfall,
    event_submit,
    event_withdraw,
    stage_cancel,
)
from .bulk import event_action
from .devices import device, device_export, device_list, group_edit, group_list, group_new
from .events import event, event_export, event_list, event_report
from .planning import event_shift, stage_add, stage_clone, stage_edit, stage_remove
from .plans import draft_discard, draft_keep, event_check, event_edit, event_new, new_event_check
from .stages import stage, stage_export
from .strategies import strategy_activate, strategy_archive, strategy_edit, strategy_list, strategy_new
from .strategy_types import strategy_type_edit, strategy_type_list

__all__ = [
    "device",
    "device_export",
    "device_list",
    "draft_discard",
    "draft_keep",
    "event",
    "event_action",
    "event_approve",
    "event_approve_as_balance_authority",
    "event_cancel",
    "event_check",
    "event_clone",
    "event_deny",
    "event_deny_as_balance_authority",
    "event_edit",
    "event_export",
    "event_list",
    "event_new",
    "event_report",
    "event_schedule_again",
    "event_schedule_with_shortfall",
    "event_shift",
    "event_submit",
    "event_withdraw",
    "group_edit",
    "group_list",
    "group_new",
    "new_event_check",
    "stage",
    "stage_add",
    "stage_cancel",
    "stage_clone",
    "stage_edit",
    "stage_export",
    "stage_remove",
    "strategy_activate",
    "strategy_archive",
    "strategy_edit",
    "strategy_list",
    "strategy_new",
    "strategy_type_edit",
    "strategy_type_list",
]
