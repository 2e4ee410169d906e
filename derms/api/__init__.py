"""DERMS's part of the API: events, their stages, profile and devices; groups, strategies, forecasts."""

from typing import Any

from django.shortcuts import get_object_or_404

from derms.figures.powers import stage_powers
from derms.figures.profile import profile
from derms.figures.targets import target_of
from derms.pages.power import power_of
from derms.queries.lists import events_for_list, stages_of
from integration.pages.api import Resource, allow_call, fields_of
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page
from integration.seam import clock

from ..choices import UNSCHEDULED_STATES
from ..columns import EVENTS, STAGES
from ..filters import EventFilter
from ..models import Event, Stage, Strategy
from ..views.events import expected_powers
from . import devices, metered, plans
from .columns import STRATEGIES
from .routing import router
from .rows import EventRow, Profile, StageRow, StrategyRow

__all__ = ["devices", "metered", "plans", "router"]  # the modules have operations on the router
EVENT = Resource[Event](EventRow, EVENTS, fields_of(EventFilter), file="derms-events")
STAGE = Resource[Stage](StageRow, STAGES)
STRATEGY = Resource[Strategy](StrategyRow, STRATEGIES)


@router.get("/events", summary="Events, the newest first", **EVENT.listed)
@allow_call("derms.view_event", is_list=True)
def events(request: SignedInRequest) -> Any:
    return EVENT.page_or_file(request, events_for_list(), ("-id",), EventFilter)


@router.get("/events/{number}", summary="One event", **EVENT.single)
@allow_call("derms.view_event")
def event(request: SignedInRequest, number: str) -> Any:
    return EVENT.row(request.user, get_object_or_404(events_for_list(), number=number))


@router.get("/events/{number}/stages", summary="All stages of an event, by number", **STAGE.whole)
@allow_call("derms.view_event")
def stages(request: SignedInRequest, number: str) -> Any:
    return STAGE.answer(request, Page(stages_of(get_object_or_404(Event, number=number))))


@router.get("/events/{number}/profile", summary="The profile of an event, and its figures", response=Profile)
@allow_call("derms.view_event")
def event_profile(request: SignedInRequest, number: str) -> Any:
    found = get_object_or_404(Event.objects.select_related("zone", "strategy", "type"), number=number)
    those = stages_of(found)
    powers = stage_powers(those)
    figures = power_of(found, those, powers, clock.now()).figures
    drawn = expected_powers(those, powers) if found.state in UNSCHEDULED_STATES else powers
    steps = profile(drawn, target_of(found, those))
    return {"figures": figures._asdict(), "steps": [step._asdict() for step in steps]}


@router.get("/strategies", summary="All strategies, the active ones first", **STRATEGY.whole)
@allow_call("derms.view_event")
def strategies(request: SignedInRequest) -> Any:
    found = Strategy.objects.select_related("zone").prefetch_related("stages").order_by("state", "name")
    return STRATEGY.answer(request, Page(list(found)))
