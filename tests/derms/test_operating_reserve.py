"""The operating reserve: what strategies marked so could call in each coming hour, against a plain reading."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client

from derms import operations
from derms.figures.reserve import StageReserve, kw_after_call, kw_in_call, most_devices
from derms.models import ControlZone, DeviceUnavailability, Event, Program, StrategyStage
from derms.queries.reserve import KEY, operating_reserve
from integration.console.models import User
from tests import factories
from tests.derms.test_stage_page import exported

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PAGE = "/reserve/"


@pytest.fixture(autouse=True)
def uncounted() -> None:
    cache.delete(KEY)


def test_each_start_hour_has_what_a_plain_reading_of_devices_finds(
    zone: ControlZone, program: Program, operator: User, now: datetime
) -> None:
    """Six devices, of which one is unavailable for five hours, one held for two; called from 6 to 22 only."""
    Program.objects.filter(pk=program.pk).update(rules_data={"hours_from": "06:00", "hours_until": "22:00"})
    devices = [factories.device(zone, program, since=now - timedelta(days=30), rated_w=1000 * n) for n in range(1, 7)]
    plan = factories.strategy(zone, program, stage_minutes=120, is_reserve=True)
    plan.stages.update(control="setpoint_offset", control_value=2)
    first = zone.hour_of(now + timedelta(seconds=300) + HOUR - timedelta(microseconds=1))
    away, held = (first + 3 * HOUR, first + 8 * HOUR), (first + 10 * HOUR, first + 12 * HOUR)
    DeviceUnavailability.objects.create(uid=uuid.uuid4(), device=devices[0], starts_at=away[0], ends_at=away[1])
    event = Event.objects.create(
        number="DR-1", name="Other", zone=zone, strategy=plan, type=plan.type, objective=plan.objective,
        author=operator, last_editor=operator,
    )  # fmt: skip
    factories.reserved_stage(event, program, *held, devices[5])

    operations.count_operating_reserve(now=now)

    found = operating_reserve()
    assert found is not None
    (reserve,) = found.strategies
    assert (found.counted_at, reserve.name, reserve.minutes) == (now, plan.name, 120)
    assert [one.starts_at for one in reserve.starts] == [first + n * HOUR for n in range(24)]
    for one in reserve.starts:
        ends_at, local = one.starts_at + 2 * HOUR, one.starts_at.astimezone(ZoneInfo(zone.time_zone))
        free = list(devices) if 6 <= local.hour <= 20 else []
        for device, (begins, ends) in ((devices[0], away), (devices[5], held)):
            if begins < ends_at and ends > one.starts_at and device in free:
                free.remove(device)
        kw = sum(device.rated_w * 0.5 * 0.8 for device in free) / 1000
        assert one.devices == len(free)
        assert one.called_kw == pytest.approx((kw, kw * 0.75))
        assert one.back_kw == pytest.approx((kw * 0.5, kw * 0.25) if free else ())


def test_a_device_of_two_programs_counts_once_in_stages_that_overlap(
    zone: ControlZone, program: Program, now: datetime
) -> None:
    other = factories.program("HEAT")
    shared, _own = (factories.device(zone, program, since=now - timedelta(days=30)) for _ in range(2))
    shared.enrollments.create(program=other, starts_at=now - timedelta(days=30))
    plan = factories.strategy(zone, program, is_reserve=True)
    StrategyStage.objects.create(strategy=plan, number=2, program=other, length_minutes=60, control="off")
    operations.count_operating_reserve(now=now)
    found = operating_reserve()
    assert found is not None
    assert {(one.devices, one.called_kw) for one in found.strategies[0].starts} == {(2, (1.6,))}


def test_the_weakest_moment_of_each_hour_and_what_comes_back_are_of_all_stages(now: datetime) -> None:
    a = StageReserve(now, now + HOUR, "off", 4, {"thermostat": 10_000})
    b = StageReserve(now + HOUR / 2, now + 1.5 * HOUR, "off", 3, {"ev_charger": 6_000})
    assert most_devices([a, b]) == 7
    assert kw_in_call([a, b], now) == (10, 6)
    # A comes back with 6, 3 and 1 kW from its end on, B with 1.8, 1.8, 1.2 and 1.2 from half an hour later.
    assert kw_after_call([a, b]) == pytest.approx((7.8, 4.8, 2.2, 1.2))


def test_the_page_and_its_file_show_the_latest_count_with_its_age(
    zone: ControlZone, program: Program, client: Client, operator: User, now: datetime
) -> None:
    client.force_login(operator)
    factories.device(zone, program, since=now - timedelta(days=30), rated_w=50_000)
    plan = factories.strategy(zone, program, name="Night reserve")
    assert "No strategy is marked as operating reserve" in client.get(PAGE).content.decode()
    plan.is_reserve = True
    plan.save()
    assert "Not counted yet" in client.get(PAGE).content.decode()
    assert len(exported(client, f"{PAGE}export/")) == 1

    operations.count_operating_reserve(now=now)

    page = client.get(PAGE).content.decode()
    assert "Night reserve" in page
    assert "data-age" in page
    assert page.count('data-value="0.040"') == 24, "50 kW at a rate of 0.8"
    heading, *rows = exported(client, f"{PAGE}export/")
    assert heading.removeprefix("\ufeff") == "Strategy,Control zone,Start,Part,Hour,Power (kW),Devices,Counted"
    assert len(rows) == 24 * 4
    assert rows[0].startswith("Night reserve,North zone,")
    assert ",call,1,40.0,1," in rows[0]
    assert ",after,1,24.0,1," in rows[1]
    plan.state = "Archived"
    plan.save()
    operations.count_operating_reserve(now=now)
    assert "Night reserve" not in client.get(PAGE).content.decode()
