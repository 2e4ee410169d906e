"""Device selection: each reason to leave a device out, counted under its name; a good device beside it is chosen."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils.translation import override

from derms.models import ControlZone, DerGroup, Device, DeviceUnavailability, Event, Program, ReductionFactor, Stage
from derms.rules import reason_of
from derms.set_operations.choosing import LEFT_OUT, NOT_NEEDED, Chosen
from derms.set_operations.limits import ELSEWHERE, OF_EVENT, UNAVAILABLE
from integration.seam import sql
from integration.seam.program_rules import RULES
from integration.seam.recorded import in_words
from tests import factories

pytestmark = pytest.mark.django_db

MakeDevice = Callable[..., Device]
Choose = Callable[..., Chosen]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def left_out(choose: Choose) -> dict[str, int]:
    """Return why the one device was left out; the good one must be chosen."""
    chosen = choose()
    assert chosen.devices == 1
    return chosen.left_out


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        pytest.param(MINUTE, None, id="begins in the window"),
        pytest.param(-DAY, HOUR - MINUTE, id="ends in the window"),
    ],
)
def test_a_device_not_enrolled_for_the_whole_window(
    starts: timedelta, ends: timedelta | None, device: MakeDevice, choose: Choose, noon: datetime
) -> None:
    device()
    other = device()
    other.enrollments.update(starts_at=noon + starts, ends_at=None if ends is None else noon + ends)

    assert left_out(choose) == {"not enrolled for the whole window": 1}


@pytest.mark.parametrize("fields", ["registered_at", "ended_at"])
def test_a_device_not_registered_for_the_whole_window(
    fields: str, device: MakeDevice, choose: Choose, noon: datetime
) -> None:
    device()
    device(**{fields: noon + 30 * MINUTE})

    assert left_out(choose) == {"not enrolled for the whole window": 1}


def test_a_device_whose_enrollment_is_over_is_not_even_counted(
    device: MakeDevice, choose: Choose, noon: datetime
) -> None:
    device()
    device().enrollments.update(ends_at=noon)

    assert left_out(choose) == {}


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (-HOUR, MINUTE, {"unavailable": 1}),
        (HOUR - MINUTE, 2 * HOUR, {"unavailable": 1}),
        (10 * MINUTE, 20 * MINUTE, {"unavailable": 1}),
        (-HOUR, timedelta(), {}),
        (HOUR, 2 * HOUR, {}),
    ],
    ids=["over its start", "over its end", "inside", "before", "after"],
)
def test_a_device_unavailable_in_any_part_of_the_window(
    starts: timedelta, ends: timedelta, expected: dict[str, int], device: MakeDevice, choose: Choose, noon: datetime
) -> None:
    device()
    other = device()
    period = {"starts_at": noon + starts, "ends_at": noon + ends}
    DeviceUnavailability.objects.create(uid="0" * 32, device=other, **period)
    DeviceUnavailability.objects.create(uid="1" * 32, device=device(), canceled=True, **period)

    assert choose().left_out == expected
    assert choose().devices == 3 - len(expected)


@pytest.mark.parametrize(
    ("starts", "state", "expected"),
    [
        (-HOUR + MINUTE, "Scheduled", {"reserved elsewhere": 1}),
        (HOUR - MINUTE, "In Progress", {"reserved elsewhere": 1}),
        (-HOUR, "Scheduled", {}),
        (HOUR, "Scheduled", {}),
        (timedelta(), "Canceled", {}),
        (timedelta(), "Completed", {}),
    ],
    ids=["over its start", "over its end", "before", "after", "canceled", "completed"],
)
def test_a_device_reserved_for_an_overlapping_open_stage_of_any_program(
    starts: timedelta,
    state: str,
    expected: dict[str, int],
    device: MakeDevice,
    choose: Choose,
    event: Event,
    noon: datetime,
) -> None:
    device()
    window = (noon + starts, noon + starts + HOUR)
    another = another_of(event)
    factories.reserved_stage(another, factories.program("OTHER"), *window, device(), state=state)

    assert choose().left_out == expected


def another_of(event: Event) -> Event:
    """A second event in the same zone."""
    return Event.objects.create(
        number="DR-ANOTHER", name="Another", zone=event.zone, strategy=event.strategy, type=event.type,
        objective=event.objective, author=event.author, last_editor=event.last_editor,
    )  # fmt: skip


def test_a_device_reserved_by_another_stage_of_the_same_event_is_not_reserved_elsewhere(
    device: MakeDevice, choose: Choose, event: Event, noon: datetime
) -> None:
    """Once a plan's own overlapping stages were told as somebody else's; both at once is somebody else's."""
    device()
    window, own, both = (noon, noon + HOUR), device(), device()
    factories.reserved_stage(event, factories.program("OTHER"), *window, own, both)
    factories.reserved_stage(another_of(event), factories.program("THIRD"), *window, both)

    assert choose().left_out == {"reserved by another stage of this event": 1, "reserved elsewhere": 1}


def test_devices_of_other_zones_and_programs_are_no_candidates(
    device: MakeDevice, choose: Choose, program: Program, noon: datetime
) -> None:
    south = factories.zone("SOUTH")
    factories.device(south, program, since=noon - DAY)
    device()
    device().enrollments.update(program=factories.program("OTHER"))

    assert left_out(choose) == {}


def test_a_device_whose_class_has_no_forecast(device: MakeDevice, choose: Choose, zone: ControlZone) -> None:
    ReductionFactor.objects.filter(zone=zone, device_class="ev_charger").delete()
    device()
    device(device_class="ev_charger")

    assert left_out(choose) == {"no forecast for its class": 1}


def test_critical_care_where_the_program_spares_it(device: MakeDevice, choose: Choose, program: Program) -> None:
    device()
    device(critical_care=True)
    assert choose().devices == 2

    Program.objects.filter(pk=program.pk).update(rules_data={"critical_care_exempt": True})

    assert left_out(choose) == {"rule: critical care": 1}


@pytest.mark.parametrize(
    ("criteria", "chosen"),
    [
        ({"device_classes": ["water_heater"]}, 1),
        ({"device_classes": ["water_heater", "thermostat"]}, 3),
        ({"feeder_ids": "other"}, 1),
        ({"substation_ids": "other"}, 1),
        ({"substation_ids": "other", "feeder_ids": "other"}, 1),
        ({"transformer_ids": "other"}, 1),
        ({"least_rate_pct": 90}, 1),
        ({"least_rate_pct": 0}, 3),
        ({"head_end_ids": "other"}, 1),
        ({"program_ids": "other"}, 1),
        ({"device_classes": ["water_heater"], "feeder_ids": "other"}, 0),
        ({}, 3),
    ],
    ids=[
        "class",
        "classes",
        "feeder",
        "substation",
        "place twice",
        "transformer",
        "rate",
        "any rate",
        "head end",
        "program",
        "all must hold",
        "none",
    ],
)
def test_a_group_chooses_by_each_of_its_criteria(
    criteria: dict[str, object], chosen: int, device: MakeDevice, choose: Choose, stage: Stage, zone: ControlZone
) -> None:
    substation = zone.substations.create(code="NORTH-S2")
    feeder = substation.feeders.create(code="NORTH-F2")
    transformer = feeder.transformers.create(code="NORTH-T2")
    head_end = type(device().head_end).objects.create(code="HE2", name="Head End Two")
    device(device_class="water_heater")
    both = device(feeder=feeder, transformer=transformer, head_end=head_end)
    sql.execute("UPDATE derms_candidate SET rate_pm = 900 WHERE device_id = %s", [both.pk])
    second = factories.program("SECOND")
    both.enrollments.create(program=second, starts_at=both.registered_at)
    other = {
        "substation_ids": [substation.pk], "feeder_ids": [feeder.pk], "transformer_ids": [transformer.pk],
        "head_end_ids": [head_end.pk], "program_ids": [second.pk],
    }  # fmt: skip
    group = DerGroup.objects.create(name="Group", **{k: other[k] if v == "other" else v for k, v in criteria.items()})
    stage.der_groups.add(group)

    assert (choose().devices, choose().left_out) == (chosen, {})


def test_several_groups_choose_what_is_in_any_of_them(device: MakeDevice, choose: Choose, stage: Stage) -> None:
    for kind in ("thermostat", "water_heater", "ev_charger"):
        device(device_class=kind)
    for kind in ("water_heater", "ev_charger"):
        stage.der_groups.add(DerGroup.objects.create(name=kind, device_classes=[kind]))

    assert choose().devices == 2


def test_every_reason_has_words_in_german() -> None:
    others = (*(reason() for reason in LEFT_OUT), NOT_NEEDED, UNAVAILABLE, ELSEWHERE, OF_EVENT)
    with override("de"):
        for reason in [*others, *(reason_of(rule) for rule in RULES.values())]:
            assert in_words(reason) != reason
        assert in_words("rule: longest event") == "Regel: längstes Ereignis"
