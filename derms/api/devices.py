"""DERMS's part of the API: devices of lists, stages and groups; and the load of control zones."""

from typing import Any

import django_filters
from django.shortcuts import get_object_or_404

from derms.pages.stage_devices import StageDevice, stage_device_count, stage_devices
from derms.queries.groups import GroupDevice, GroupRow, group_devices, group_rows
from derms.queries.silence import Silent, never_answering, never_answering_count
from integration.pages.api import Resource, allow_call, fields_of
from integration.pages.exports import PAGE, export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page, page_of, place_after
from integration.seam import clock

from ..columns import DEVICES, GROUP_DEVICES, SILENT_DEVICES, STAGE_DEVICES
from ..filters import DeviceFilter, SilentForm, StageDeviceForm
from ..models import ControlZone, DerGroup, Device, LoadForecast, Stage
from ..views.silent import SEES, place_of_silent, silent_key
from . import columns
from .routing import router
from .rows import DeviceRow, ForecastRow, GroupDeviceRow, SilentRow, StageDeviceRow
from .rows import GroupRow as GroupItem


class ForecastFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """The load by control zone and hour."""

    zone = django_filters.ModelChoiceFilter(
        queryset=ControlZone.objects.order_by("name"), to_field_name="code", label="Control zone"
    )
    from_ = django_filters.IsoDateTimeFilter(field_name="hour", lookup_expr="gte", label="Hours from this moment on")
    until = django_filters.IsoDateTimeFilter(field_name="hour", lookup_expr="lt", label="Hours before this moment")

    class Meta:
        model = LoadForecast
        fields: list[str] = []


ForecastFilter.base_filters["from"] = ForecastFilter.base_filters.pop("from_")  # a keyword of Python

DEVICE = Resource[Device](DeviceRow, DEVICES, fields_of(DeviceFilter), file="devices")
STAGE_DEVICE = Resource[StageDevice](StageDeviceRow, STAGE_DEVICES, fields_of(StageDeviceForm), file="stage-devices")
SILENT = Resource[Silent](SilentRow, SILENT_DEVICES, fields_of(SilentForm), file="devices-that-never-answer")
GROUP = Resource[GroupRow](GroupItem, columns.GROUPS)
GROUP_DEVICE = Resource[GroupDevice](GroupDeviceRow, GROUP_DEVICES, file="group-devices")
FORECAST = Resource[LoadForecast](ForecastRow, columns.FORECAST, fields_of(ForecastFilter), file="forecast")


@router.get("/devices", summary="Devices, in the order of their registration", **DEVICE.listed)
@allow_call("derms.view_device", is_list=True)
def devices(request: SignedInRequest) -> Any:
    found = Device.objects.select_related("head_end", "zone", "feeder")
    return DEVICE.page_or_file(request, found, ("id",), DeviceFilter)


@router.get("/devices/never-answer", summary="Devices that never answer, the strongest first", **SILENT.listed)
@allow_call(*SEES, is_list=True)
def silent_devices(request: SignedInRequest) -> Any:
    size, now = SILENT.size(request), clock.now()
    chosen = known(SilentForm(request.GET)).chosen

    def after(last: Silent | None, rows: int) -> list[Silent]:
        return never_answering(now, chosen, after=(last.rated_w, last.device_id) if last else None, limit=rows)

    if kind := SILENT.format(request):
        file = listing(
            SILENT.file,
            SILENT_DEVICES.in_file(request.user),
            lambda last: after(last, PAGE),
            lambda most: never_answering_count(now, chosen, most=most),
        )
        return export(request, file, kind)
    rows = never_answering(now, chosen, after=place_of_silent(request), limit=size + 1)
    return SILENT.answer(request, page_of(rows, request.GET, silent_key(rows[:size][-1]) if rows else "", size=size))


@router.get(
    "/events/{number}/stages/{stage_number}/devices",
    summary="The devices that a stage reserved, and what each did",
    **STAGE_DEVICE.listed,
)
@allow_call("derms.view_event", is_list=True)
def devices_of_stage(request: SignedInRequest, number: str, stage_number: int) -> Any:
    size = STAGE_DEVICE.size(request)
    stage = get_object_or_404(Stage, event__number=number, number=stage_number)
    chosen = known(StageDeviceForm(request.GET, stage=stage)).chosen
    if kind := STAGE_DEVICE.format(request):
        file = listing(
            f"{number}-{stage_number}-devices",
            STAGE_DEVICES.in_file(request.user),
            lambda last: stage_devices(stage, chosen, after=last.device_id if last else 0, limit=PAGE),
            lambda most: stage_device_count(stage, chosen, most=most),
        )
        return export(request, file, kind)
    rows = stage_devices(stage, chosen, after=place_after(request.GET), limit=size + 1)
    return STAGE_DEVICE.answer(request, _page_by_id(request, rows, size))


@router.get("/groups", summary="All DER groups, by name", **GROUP.whole)
@allow_call("derms.view_event")
def groups(request: SignedInRequest) -> Any:
    return GROUP.answer(request, Page(group_rows()))


@router.get(
    "/groups/{group}/devices", summary="The devices of a DER group that are enrolled now", **GROUP_DEVICE.listed
)
@allow_call("derms.view_event", is_list=True)
def devices_of_group(request: SignedInRequest, group: int) -> Any:
    size, now = GROUP_DEVICE.size(request), clock.now()
    found = get_object_or_404(DerGroup, pk=group)
    if kind := GROUP_DEVICE.format(request):
        file = listing(
            f"group-{group}-devices",
            GROUP_DEVICES.in_file(request.user),
            lambda last: group_devices(found, now, after=last.device_id if last else 0, limit=PAGE),
            lambda most: min(most, sum(one.devices for one in group_devices(found, now, limit=1))),
        )
        return export(request, file, kind)
    rows = group_devices(found, now, after=place_after(request.GET), limit=size + 1)
    return GROUP_DEVICE.answer(request, _page_by_id(request, rows, size))


@router.get("/forecast", summary="The load of control zones by the hour, forecast and metered", **FORECAST.listed)
@allow_call("derms.view_event", is_list=True)
def forecast(request: SignedInRequest) -> Any:
    found = LoadForecast.objects.select_related("zone")
    return FORECAST.page_or_file(request, found, ("hour", "id"), ForecastFilter)


def _page_by_id(request: SignedInRequest, rows: list[Any], size: int) -> Page[Any]:
    return page_of(rows, request.GET, str(rows[:size][-1].device_id) if rows else "", size=size)
