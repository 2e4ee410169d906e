"""The example in docs/reference/choosing.md: its tables are read from the page, and each number is checked."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from derms.models import ControlZone, Device, DeviceUnavailability, Event, Program, ReductionFactor, Reservation, Stage
from derms.queries.goals import stage_goals
from derms.set_operations.choosing import reserve_devices
from integration.engines.state import PROJECT
from integration.seam import sql
from tests import factories

pytestmark = pytest.mark.django_db

PAGE = (PROJECT / "docs" / "reference" / "choosing.md").read_text()
HALF_HOUR = timedelta(minutes=30)


def _table(first_heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading, as lists of cells."""
    lines = PAGE.split(f"\n| {first_heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


FACTORS, DEVICES = _table("class"), _table("device")


@pytest.fixture
def example(stage: Stage, zone: ControlZone, program: Program, noon: datetime) -> Stage:
    """The example's stage, in a zone with the example's reduction factors."""
    for name, *factors, _mean in FACTORS:
        for hours, factor in enumerate(factors):
            hour = noon + timedelta(hours=hours)
            found = ReductionFactor.objects.filter(zone=zone, device_class=name.replace(" ", "_"), hour=hour)
            assert found.update(factor=float(factor)) == 1
    Program.objects.filter(pk=program.pk).update(rules_data={"critical_care_exempt": True})
    Event.objects.filter(pk=stage.event_id).update(objective="Load Reduction", target_kw=3)
    window = {"starts_at": noon + HALF_HOUR, "ends_at": noon + HALF_HOUR + timedelta(hours=1)}
    Stage.objects.filter(pk=stage.pk).update(**window, control="duty_cycle", control_value=50)
    return Stage.objects.select_related("event__zone", "program").get(pk=stage.pk)


@pytest.fixture
def devices(device: Callable[..., Device], example: Stage) -> dict[str, Device]:
    """The table's devices, by their letters."""
    made = {}
    for letter, kind, rated, responses, events, last_called, _rate, _watts, result in DEVICES:
        one = made[letter] = device(
            device_class=kind.replace(" ", "_"),
            rated_w=int(rated.replace(",", "")),
            critical_care="critical care" in result,
        )
        given, count = map(float, responses.split(" of "))
        if count:
            silent = 3 if result == "never answers" else 0
            days = int(last_called.split()[0])
            use = {"events": int(events), "n": count, "total": given, "silent_run": silent}
            factories.used(one, before=example.starts_at, days=days, **use)
        if result == "unavailable":
            DeviceUnavailability.objects.create(
                uid=uuid.uuid4(), device=one, starts_at=example.starts_at, ends_at=example.ends_at, version=1
            )
    return made


def test_rates_and_expected_power_are_those_of_the_table(
    devices: dict[str, Device], example: Stage, now: datetime
) -> None:
    rates = dict(sql.rows("SELECT device_id, round(rate_pm / 1000.0, 3)::text FROM derms_candidate"))
    with transaction.atomic():
        reserve_devices(example, goal_kw=None, now=now)
        expected = dict(Reservation.objects.filter(stage_id=example.pk).values_list("device_id", "expected_w"))
        transaction.set_rollback(True)

    for letter, *_given, rate, watts, _result in DEVICES:
        assert rates[devices[letter].pk] == rate
        assert f"{expected.get(devices[letter].pk, 0):,}" == (watts or "0")


def test_devices_are_reserved_or_left_out_as_the_table_says(
    devices: dict[str, Device], example: Stage, now: datetime
) -> None:
    goal_kw = stage_goals(example.event, [example])[example.pk]

    chosen = reserve_devices(example, goal_kw=goal_kw, now=now)

    reserved = set(Reservation.objects.filter(stage_id=example.pk).values_list("device_id", flat=True))
    assert reserved == {devices[row[0]].pk for row in DEVICES if row[-1] == "reserved"}
    assert chosen.left_out == Counter(row[-1] for row in DEVICES if row[-1] != "reserved")
    assert goal_kw == 3.0
    assert f"the stage reserves {chosen.devices} devices with {chosen.watts:,} W" in PAGE.replace("\n", " ")
