"""The demo utility's program types, programs and rules; CPM's own messages tell DERMS of them."""

from datetime import date
from typing import NamedTuple

from django.db import transaction

from cpm.choices import Category, DeviceClass
from cpm.models.programs import Program, ProgramType
from cpm.operations import send_enrollment_load, send_program_rules
from integration.seam.program_rules import ProgramRules

from .customers import subscribe
from .grid import ZONES

THERMOSTAT, WATER_HEATER = DeviceClass.THERMOSTAT, DeviceClass.WATER_HEATER
EV_CHARGER, BATTERY = DeviceClass.EV_CHARGER, DeviceClass.BATTERY
COMPARED_SHARE = 0.03  # of the customers, whose devices no event calls


class DemoType(NamedTuple):
    """A program type and its Event Opt Out Parameters."""

    code: str
    name: str
    allow_to_opt_out: bool
    opt_out_cutoff_minutes: int
    category: str = Category.DEVICE_CONTROL


class DemoProgram(NamedTuple):
    """A program, the device classes and the share of the customers in it, and its rules."""

    code: str
    name: str
    type: str
    classes: tuple[str, ...]
    share: float
    allow_customer_unavailability: bool
    rules: ProgramRules


TYPES = (
    DemoType("COMFORT", "Home comfort", allow_to_opt_out=True, opt_out_cutoff_minutes=0),
    DemoType("FLEX", "Flexible charging", allow_to_opt_out=True, opt_out_cutoff_minutes=60),
    DemoType("RESERVE", "Emergency reserve", allow_to_opt_out=False, opt_out_cutoff_minutes=0),
    DemoType(
        "COMPARED", "Comparison", allow_to_opt_out=False, opt_out_cutoff_minutes=0, category=Category.CONTROL_GROUP
    ),
)


def programs(year: int) -> tuple[DemoProgram, ...]:
    """The programs; their holidays are in the next year, after every event of the history."""
    holidays = (date(year + 1, 1, 1), date(year + 1, 7, 4), date(year + 1, 12, 25))
    return (
        DemoProgram(
            "COOL-SAVER", "Cool Saver", "COMFORT", (THERMOSTAT,), 1.0, True,
            ProgramRules(longest_minutes=240, events_per_week=8, hours_per_week=16, critical_care_exempt=True,
                         overridable=("events_per_week", "hours_per_week")),
        ),
        DemoProgram(
            "WARM-TANK", "Warm Tank", "COMFORT", (WATER_HEATER,), 1.0, True,
            ProgramRules(longest_minutes=300, events_per_month=24, critical_care_exempt=True, overridable=("longest",)),
        ),
        DemoProgram(
            "CHARGE-LATER", "Charge Later", "FLEX", (EV_CHARGER,), 1.0, True,
            ProgramRules(longest_minutes=480, events_per_week=10, gap_minutes=15),
        ),
        DemoProgram(
            "BATTERY-SHARE", "Battery Share", "FLEX", (BATTERY,), 1.0, False,
            ProgramRules(holidays=holidays, longest_minutes=240, hours_per_month=60),
        ),
        DemoProgram(
            "PEAK-RESERVE", "Peak Reserve", "RESERVE", (THERMOSTAT, WATER_HEATER, EV_CHARGER, BATTERY), 0.25, False,
            ProgramRules(longest_minutes=360, events_per_season=40, consecutive_days=5, critical_care_exempt=True,
                         overridable=("consecutive_days",)),
        ),
        DemoProgram(
            "LIKE-HOMES", "Like Homes", "COMPARED", (THERMOSTAT, WATER_HEATER, EV_CHARGER, BATTERY), 1.0, False,
            ProgramRules(),
        ),
    )  # fmt: skip


@transaction.atomic
def add_programs(year: int) -> None:
    """Make the types and programs in CPM, and send the rules to DERMS."""
    for kind in TYPES:
        ProgramType.objects.create(**kind._asdict())
    types = {kind.code: kind for kind in ProgramType.objects.all()}
    for demo in programs(year):
        program = Program.objects.create(
            code=demo.code,
            name=demo.name,
            type=types[demo.type],
            allow_customer_unavailability=demo.allow_customer_unavailability,
            rules_data=demo.rules.model_dump(mode="json"),
        )
        send_program_rules(program_id=program.pk)


@transaction.atomic
def subscribe_customers(year: int, seed: int) -> int:
    """Subscribe every zone's customers to the programs, send the enrollments to DERMS and return their number."""
    enrolled = 0
    for demo in programs(year):
        program = Program.objects.get(code=demo.code)
        for zone in ZONES:
            subscribe(
                zone_code=zone.code,
                program_id=program.pk,
                seed=seed,
                classes=demo.classes,
                share=demo.share,
                compared_share=COMPARED_SHARE,
                is_compared=not program.calls_devices,
            )
        enrolled += send_enrollment_load(program_id=program.pk)
    return enrolled
