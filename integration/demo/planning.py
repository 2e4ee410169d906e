"""DER groups and strategies of the demo utility."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max, Sum

from derms.choices import Category, Control, DeviceClass, Objective, StrategyState
from derms.models import ControlZone, DerGroup, Device, Feeder, HeadEnd, LoadForecast, Program, Strategy
from derms.operations import move_strategy, save_group, save_strategy
from integration.seam import clock

BY = "system"
AFTERNOON, EVENING, RELIEF = "Cedar afternoon peak", "Birch evening shift", "Alder limit relief"
RESERVE, TEST, DISCHARGE = "Cedar emergency reserve", "Alder quick test", "Birch battery discharge"
RELIEF_SHARE = 0.15  # of the chargers' rated power
WEEK = timedelta(weeks=1)
HEATERS, HUB, CHARGERS = "Water heaters", "Devices behind the home hub", "EV chargers"


class DemoStage(NamedTuple):
    """A default stage; its target is `rated_share` of its program's rated power in the zone, 0 for none."""

    program: str
    offset_minutes: int
    length_minutes: int
    control: Control
    control_value: float = 0
    rated_share: float = 0
    share_pct: int | None = None
    groups: tuple[str, ...] = ()


class DemoStrategy(NamedTuple):
    """A strategy; its target is `rated_share` of its programs' rated power, 0 for none."""

    name: str
    description: str
    zone: str
    type: Category
    objective: Objective
    stages: tuple[DemoStage, ...]
    rated_share: float = 0
    is_reserve: bool = False


STRATEGIES = (
    DemoStrategy(
        AFTERNOON, "Thermostats up by 2 K and EV chargers off over the hottest two hours.", "CEDAR",
        Category.ECONOMIC, Objective.LOAD_REDUCTION,
        (DemoStage("COOL-SAVER", 0, 120, Control.SETPOINT_OFFSET, 2, share_pct=60),
         DemoStage("CHARGE-LATER", 0, 120, Control.OFF, share_pct=40)),
        rated_share=0.12,
    ),
    DemoStrategy(
        EVENING, "EV charging at half power, water heaters off for its middle hour.", "BIRCH",
        Category.ECONOMIC, Objective.MANUAL,
        (DemoStage("CHARGE-LATER", 0, 180, Control.DUTY_CYCLE, 50, rated_share=0.08),
         DemoStage("WARM-TANK", 60, 60, Control.OFF, rated_share=0.10, groups=(HEATERS,))),
    ),
    DemoStrategy(
        RELIEF, "Keeps the zone below its threshold: thermostats up by 3 K, EV chargers off after them.", "ALDER",
        Category.RELIABILITY, Objective.MAX_DEMAND_THRESHOLD,
        (DemoStage("COOL-SAVER", 0, 90, Control.SETPOINT_OFFSET, 3),
         DemoStage("CHARGE-LATER", 90, 60, Control.OFF)),
    ),
    DemoStrategy(
        RESERVE, "Everything the emergency program can switch off, for an hour.", "CEDAR",
        Category.EMERGENCY, Objective.MAXIMUM_REDUCTION,
        (DemoStage("PEAK-RESERVE", 0, 60, Control.OFF),),
        is_reserve=True,
    ),
    DemoStrategy(
        TEST, "Two stages of two minutes each: shows that devices answer.", "ALDER",
        Category.DEVICE_TEST, Objective.MAXIMUM_REDUCTION,
        (DemoStage("COOL-SAVER", 0, 2, Control.SETPOINT_OFFSET, 2),
         DemoStage("WARM-TANK", 2, 2, Control.OFF)),
    ),
    DemoStrategy(
        DISCHARGE, "Home batteries feed the evening peak; replaced by the evening shift.", "BIRCH",
        Category.RELIABILITY, Objective.MANUAL,
        (DemoStage("BATTERY-SHARE", 0, 90, Control.DISCHARGE, rated_share=0.35),),
    ),
)  # fmt: skip


@transaction.atomic
def add_planning(now: datetime) -> None:
    """Make the groups and the strategies, with targets that the seeded devices can reach."""
    _add_groups()
    for strategy in STRATEGIES:
        _add_strategy(strategy, now)


def relief_threshold_kw(zone: ControlZone, starts_at: datetime, ends_at: datetime) -> int:
    """A threshold that the zone's highest forecast exceeds by what its chargers can reduce."""
    hours = LoadForecast.objects.filter(zone=zone, hour__gt=starts_at - timedelta(hours=1), hour__lt=ends_at)
    highest_kw = hours.aggregate(kw=Max("forecast_kw"))["kw"] or 0
    return max(1, round(highest_kw - RELIEF_SHARE * _rated_kw(zone, "CHARGE-LATER")))


def archive_discharge() -> None:
    """Archive the strategy that only the history uses."""
    strategy = Strategy.objects.get(name=DISCHARGE)
    move_strategy(strategy_id=strategy.pk, to=StrategyState.ARCHIVED, by=BY, now=clock.now())


def _add_groups() -> None:
    feeders = Feeder.objects.filter(substation__code="ALDER-S1").order_by("code").values_list("pk", flat=True)
    charge_later = Program.objects.get(code="CHARGE-LATER")
    hub = HeadEnd.objects.get(code="placeholder-hub")
    groups: tuple[tuple[str, str, dict[str, list[Any]]], ...] = (
        ("Alder substation 1", "Every device behind Alder's first substation.", {"feeder_ids": list(feeders)}),
        (HUB, "What the home hub's cloud reaches.", {"head_end_ids": [hub.pk]}),
        (HEATERS, "Water heaters of every program.", {"device_classes": [DeviceClass.WATER_HEATER]}),
        (
            CHARGERS,
            "EV chargers that are in Charge Later.",
            {"device_classes": [DeviceClass.EV_CHARGER], "program_ids": [charge_later.pk]},
        ),
        ("Storage", "Home batteries.", {"device_classes": [DeviceClass.BATTERY]}),
    )
    for name, description, criteria in groups:
        fields = {"name": name, "description": description, **criteria}
        save_group(group_id=None, fields=fields, by=BY, now=clock.now())


def _add_strategy(demo: DemoStrategy, now: datetime) -> None:
    zone = ControlZone.objects.get(code=demo.zone)
    rated_kw = sum(_rated_kw(zone, stage.program) for stage in demo.stages)
    save_strategy(
        strategy_id=None,
        fields={
            "name": demo.name,
            "description": demo.description,
            "zone": zone,
            "type_id": demo.type,
            "objective": demo.objective,
            "is_reserve": demo.is_reserve,
            "target_kw": round(rated_kw * demo.rated_share) or None,
            "threshold_kw": relief_threshold_kw(zone, now, now + WEEK) if demo.name == RELIEF else None,
        },
        stages=[_stage_fields(zone, stage) for stage in demo.stages],
        by=BY,
        now=now,
    )


def _stage_fields(zone: ControlZone, stage: DemoStage) -> dict[str, Any]:
    return {
        "program": Program.objects.get(code=stage.program),
        "offset_minutes": stage.offset_minutes,
        "length_minutes": stage.length_minutes,
        "control": stage.control,
        "control_value": stage.control_value,
        "target_kw": round(_rated_kw(zone, stage.program) * stage.rated_share) or None,
        "share_pct": stage.share_pct,
        "der_groups": list(DerGroup.objects.filter(name__in=stage.groups)),
    }


def _rated_kw(zone: ControlZone, program: str) -> float:
    devices = Device.objects.filter(zone=zone, enrollments__program__code=program)
    return float(devices.aggregate(watts=Sum("rated_w"))["watts"] or 0) / 1000
