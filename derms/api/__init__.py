"""DERMS's part of the API: events, their stages and profile, and devices."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from derms.figures.powers import stage_powers
from derms.figures.profile import profile
from derms.figures.targets import target_of
from derms.pages.power import power_of
from derms.queries.lists import events_for_list, stages_of
from integration.pages.api import Resource, allow_call, fields_of, filtered
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page, keyset_page
from integration.seam import clock

from ..choices import UNSCHEDULED_STATES
from ..columns import DEVICES, EVENTS, STAGES
from ..filters import DeviceFilter, EventFilter
from ..models import Device, Event, Stage
from ..views.events import expected_powers

router = Router()
EVENT = Resource[Event]("Event", EVENTS, fields_of(EventFilter))
STAGE = Resource[Stage]("Stage", STAGES)
DEVICE = Resource[Device]("Device", DEVICES, fields_of(DeviceFilter))


class Step(Schema):
    """A period in which nothing changes; powers in kW, null where there is none."""

    starts_at: datetime
    ends_at: datetime
    target_kw: float | None
    reserved_kw: float
    missing_kw: float
    delivered_kw: float | None


class Figures(Schema):
    """An event's figures; powers are the highest at any moment, the mean is over the hours of its stages."""

    reserved_kw: float
    target_kw: float | None
    missing_kw: int
    energy_kwh: float | None
    mean_kw: float | None
    peak_kw: float | None
    target_kwh: float | None
    toward_kwh: float | None
    reserved_kwh: float


class Profile(Schema):
    """What an event reserved, has to reach and delivered, as its page shows it."""

    figures: Figures
    steps: list[Step]


@router.get("/events", summary="Events, the newest first", **EVENT.listed)
@allow_call("derms.view_event", is_list=True)
def events(request: SignedInRequest) -> Any:
    size = EVENT.size(request)
    found = filtered(EventFilter, request, events_for_list())
    return EVENT.answer(request, keyset_page(found, ("-id",), request.GET, size=size))


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


@router.get("/devices", summary="Devices, in the order of their registration", **DEVICE.listed)
@allow_call("derms.view_device", is_list=True)
def devices(request: SignedInRequest) -> Any:
    size = DEVICE.size(request)
    found = filtered(DeviceFilter, request, Device.objects.select_related("head_end", "zone", "feeder"))
    return DEVICE.answer(request, keyset_page(found, ("id",), request.GET, size=size))
