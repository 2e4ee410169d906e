"""A file of enrollments is checked as pages check: a refused row says which check, value and limit."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cpm.models import Device, DeviceLocation, Enrollment, Program, ProgramType, Subscription
from integration.seam import clock
from integration.seam.settling import settle

from .bringing import applied, checked, counts

pytestmark = pytest.mark.django_db(transaction=True)
HEADING = "program,head_end,nic_id,answers\n"


@pytest.fixture
def device(with_samples: Callable[..., None]) -> Device:
    """A thermostat of the sample utility that is in no program."""
    grid = ("zones", "substations", "feeders", "transformers", "head_ends", "program_types", "programs")
    with_samples(*grid, "customers", "device_locations", "devices")
    return Device.objects.get(nic_id="0000001")


def kuehl(**fields: Any) -> None:
    Program.objects.filter(code="KUEHL").update(**fields)


def reason(device: Device, *, program: str = "KUEHL", answers: str = "") -> tuple[str, str]:
    run = checked("enrollments", f"{HEADING}{program},{device.head_end},{device.nic_id},{answers}\n")
    cell = run.refused_cells.get()
    return cell.column, cell.reason


def test_class_model_rate_and_the_last_day_are_named_with_value_and_limit(device: Device) -> None:
    kuehl(eligible_classes=["water_heater", "battery"])
    assert reason(device) == (
        "nic_id", "Device 0000001 is of class thermostat; Cool summer takes only: water_heater, battery.",
    )  # fmt: skip
    kuehl(eligible_classes=[], eligible_models=["Stat 9"])
    assert reason(device)[1] == "Device 0000001 is a Muster Stat 2; Cool summer takes only: Stat 9."
    kuehl(eligible_models=["MUSTER stat"], eligible_rates=["R1", "R2"])
    assert reason(device)[1] == "The place's rate is —; Cool summer takes only: R1, R2."
    DeviceLocation.objects.update(rate="R2")
    yesterday = clock.now().date() - timedelta(days=2)
    kuehl(ends_on=yesterday)
    assert reason(device)[1].startswith(f"Cool summer ended on {yesterday} and takes no enrollments.")
    kuehl(ends_on=None)

    assert counts(applied("enrollments", f"{HEADING}KUEHL,{device.head_end},0000001,\n")) == (1, 0, 0, 0)


@pytest.mark.parametrize("of", ["device", "place"])
def test_a_device_that_health_depends_on_joins_only_where_it_is_exempt(device: Device, of: str) -> None:
    kuehl(rules_data={})
    if of == "device":
        Device.objects.filter(pk=device.pk).update(critical_care=True)
    else:
        DeviceLocation.objects.filter(pk=device.location_id).update(life_support=True)
    assert reason(device)[1].startswith("Somebody's health depends on device 0000001, and Cool summer exempts no")

    kuehl(rules_data={"critical_care_exempt": True})

    assert counts(applied("enrollments", f"{HEADING}KUEHL,{device.head_end},0000001,\n")) == (1, 0, 0, 0)


def test_answers_have_to_be_the_wanted_ones_and_stay_with_the_enrollment(device: Device) -> None:
    kuehl(questions_data=[{"text": "Own it?", "wanted": True}, {"text": "Sold?", "wanted": False}])
    asked = "Cool summer asks: Own it? yes; Sold? no. The row's answers are: "
    assert reason(device) == ("answers", f"{asked}—.")
    assert reason(device, answers="yes yes") == ("answers", f"{asked}yes yes.")
    assert reason(device, answers="perhaps")[1].startswith("They are no answers")

    applied("enrollments", f"{HEADING}KUEHL,{device.head_end},0000001,Ja nein\n")
    settle()

    one = Enrollment.objects.get()
    assert (one.state, one.answers) == (
        "Registered", [{"text": "Own it?", "answer": True}, {"text": "Sold?", "answer": False}],
    )  # fmt: skip


def test_dual_participation_counts_what_is_there_and_earlier_rows(device: Device) -> None:
    kuehl(dual_participation=False)
    Program.objects.filter(code="NOTFALL").update(type=ProgramType.objects.get(code="KOMFORT"))
    both = f"{HEADING}NOTFALL,{device.head_end},0000001,\nKUEHL,{device.head_end},0000001,\n"

    run = checked("enrollments", both)
    assert [(cell.line, cell.column) for cell in run.refused_cells.all()] == [(3, "program")]
    applied("enrollments", both, only_good_rows=True)
    assert Subscription.objects.get().program.code == "NOTFALL"
    assert reason(device)[1] == (
        "The place is in Emergency reserve, or an earlier row brings it there, and one of them refuses who is in two "
        "programs of type Home comfort."
    )
    kuehl(dual_participation=True)
    assert counts(checked("enrollments", both)) == (1, 0, 1, 0)


def test_who_is_enrolled_stays_so_when_the_rules_change(device: Device) -> None:
    row = f"{HEADING}KUEHL,{device.head_end},0000001,\n"
    applied("enrollments", row)
    settle()
    Device.objects.update(critical_care=True)
    kuehl(
        eligible_classes=["battery"],
        eligible_models=["Other"],
        eligible_rates=["R1"],
        questions_data=[{"text": "Own it?", "wanted": True}],
        ends_on=clock.now().date() - timedelta(days=2),
    )

    assert counts(checked("enrollments", row)) == (0, 0, 1, 0)


def test_a_file_says_who_may_join_a_program(device: Device) -> None:
    applied("program_types", "type,name,category,device_required\nTARIF,Rates,Tarif,no\n")
    kind = ProgramType.objects.get(code="TARIF")
    assert (kind.category, kind.device_required) == ("rate based", False)
    heading = (
        "program,name,type,settlement,dual_participation,eligible_classes,eligible_models,eligible_rates,questions\n"
    )
    row = "NACHT,Night,TARIF,energy,no,Wallbox|battery,Muster Box|Other,R1|R2,Own it? yes|Sold? nein\n"
    applied("programs", heading + row)

    saved = Program.objects.get(code="NACHT")
    assert (saved.settlement, saved.dual_participation) == ("energy", False)
    assert (saved.eligible_classes, saved.eligible_models) == (["ev_charger", "battery"], ["Muster Box", "Other"])
    assert saved.eligible_rates == ["R1", "R2"]
    assert saved.questions_data == [{"text": "Own it?", "wanted": True}, {"text": "Sold?", "wanted": False}]
    assert counts(checked("programs", heading + row)) == (0, 0, 1, 0), "the same file changes nothing"
    for cell, reason_of in (
        (row.replace("Wallbox", "toaster"), "It is none of thermostat, water_heater"),
        (row.replace("Sold? nein", "Sold?"), "“Sold?” says no answer."),
        (row.replace("R1|R2", "|".join(map(str, range(51)))), "It has 51 values; at most 50 are kept."),
    ):
        assert checked("programs", heading + cell).refused_cells.get().reason.startswith(reason_of)


def test_a_place_is_either_in_a_control_group_or_called(device: Device) -> None:
    ProgramType.objects.filter(programs__code="NOTFALL").update(category="control group")
    both = f"{HEADING}NOTFALL,{device.head_end},0000001,\nKUEHL,{device.head_end},0000001,\n"

    run = checked("enrollments", both)
    assert [(cell.line, cell.column) for cell in run.refused_cells.all()] == [(3, "program")]
    applied("enrollments", both, only_good_rows=True)

    assert reason(device)[1] == (
        "The place is in Emergency reserve, or an earlier row brings it there. A place is either in a control group, "
        "or in programs whose devices events call."
    )
