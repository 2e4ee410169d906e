"""Addresses of DERMS: a verb is the last segment; only POST acts."""

from django.urls import path

from . import (
    rest,  # noqa: F401  (pages translate what it records)
    views,
)
from .actions import ACTIONS
from .choices import StrategyState

app_name = "derms"
EVENT = "events/<id:number>/"
STAGE = EVENT + "stages/<int:stage_number>/"
STRATEGY = "strategies/<uuid:uid>/"

urlpatterns = [
    path("events/", views.event_list, name="event_list"),
    path("events/export/", views.event_export, name="event_export"),
    path("events/new/", views.event_new, name="event_new"),
    path("events/new/check/", views.new_event_check, name="new_event_check"),
    path("events/new/keep/", views.draft_keep, name="draft_keep"),
    path("events/new/discard/", views.draft_discard, name="draft_discard"),
    path("events/actions/<id:verb>/", views.event_action, name="event_action"),
    path(EVENT, views.event, name="event"),
    path(EVENT + "report/", views.event_report, name="event_report"),
    path(EVENT + "edit/", views.event_edit, name="event_edit"),
    path(EVENT + "check/", views.event_check, name="event_check"),
    *(
        path(EVENT + action.address, views.event_confirm(action), name=f"event_{action.verb}")
        for action in ACTIONS.values()
        if not action.has_own_page
    ),
    path(STAGE + "cancel/", views.stage_cancel, name="stage_cancel"),
    path(STAGE, views.stage, name="stage"),
    path(STAGE + "devices/export/", views.stage_export, name="stage_export"),
    path("settings/event-types/", views.event_type_list, name="event_type_list"),
    path("settings/event-types/<id:category>/", views.event_type_edit, name="event_type_edit"),
    path("calls/", views.calls, name="calls"),
    path("calls/never-answer/", views.silent_list, name="silent_list"),
    path("calls/never-answer/export/", views.silent_export, name="silent_export"),
    path("forecast/", views.forecast, name="forecast"),
    path("reserve/", views.reserve, name="reserve"),
    path("reserve/export/", views.reserve_export, name="reserve_export"),
    path("strategies/", views.strategy_list, name="strategy_list"),
    path("strategies/new/", views.strategy_new, name="strategy_new"),
    path(STRATEGY, views.strategy_edit, name="strategy_edit"),
    path(STRATEGY + "archive/", views.strategy_move, {"to": StrategyState.ARCHIVED}, name="strategy_archive"),
    path(STRATEGY + "activate/", views.strategy_move, {"to": StrategyState.ACTIVE}, name="strategy_activate"),
    path("der-groups/", views.group_list, name="group_list"),
    path("der-groups/new/", views.group_new, name="group_new"),
    path("der-groups/<int:pk>/", views.group_edit, name="group_edit"),
    path("der-groups/<int:pk>/devices/", views.group_device_list, name="group_device_list"),
    path("der-groups/<int:pk>/devices/export/", views.group_export, name="group_export"),
    path("grid/", views.grid_list, {"kind": "zones"}, name="grid"),
    path("grid/<id:kind>/", views.grid_list, name="grid_list"),
    path("grid/<id:kind>/new/", views.grid_new, name="grid_new"),
    path("grid/<id:kind>/<int:pk>/", views.grid_edit, name="grid_edit"),
    path("grid/<id:kind>/<int:pk>/delete/", views.grid_delete, name="grid_delete"),
    path("devices/", views.device_list, name="device_list"),
    path("devices/export/", views.device_export, name="device_export"),
    path("devices/<id:head_end>/<id:nic_id>/", views.device, name="device"),
]
