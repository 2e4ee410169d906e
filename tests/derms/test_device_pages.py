"""Device pages: what each device is doing, what it is reserved for, and when it must not be used."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from derms.models import ControlZone, Device, DeviceUnavailability, Program, Removal
from derms.models import Event as DermsEvent
from integration.console.models import User
from integration.seam import sql
from integration.seam.program_rules import ProgramRules
from tests import factories
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
Make = Callable[..., DermsEvent]


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def devices(zone: ControlZone, program: Program, now: datetime) -> list[Device]:
    return [factories.device(zone, program, since=now - 24 * HOUR, nic_id=f"S{n}") for n in range(6)]


def page_of(device: Device) -> str:
    return f"/devices/{device.head_end.code}/{device.nic_id}/"


def test_a_device_is_free_reserved_running_unavailable_or_deregistered(
    as_operator: Client, devices: list[Device], new_event: Make, program: Program, now: datetime
) -> None:
    event, (_free, reserved, running, away, gone, left) = new_event(), devices
    coming = factories.reserved_stage(event, program, now + HOUR, now + 2 * HOUR, reserved, left)
    factories.reserved_stage(event, program, now - HOUR, now + HOUR, running, state="In Progress", started_at=now)
    DeviceUnavailability.objects.create(uid=uuid4(), device=away, starts_at=now - HOUR, ends_at=now + HOUR)
    Device.objects.filter(pk=gone.pk).update(ended_at=now)
    Removal.objects.create(
        stage_uid=coming.uid, head_end="HE1", nic_id=left.nic_id, reason="opt-out", requested_at=now, answer="removed"
    )
    context = as_operator.get("/devices/?q=S").context
    assert [context["extra"][device.pk]["state"] for device in context["page"].rows] == [
        "Free", "Reserved", "In a running stage", "Unavailable", "Deregistered", "Free",
    ]  # fmt: skip
    assert as_operator.get(page_of(reserved)).context["coming"] == [coming]
    assert as_operator.get(page_of(left)).context["coming"] == []


def test_a_devices_page_shows_periods_that_are_not_over(
    as_operator: Client, devices: list[Device], now: datetime
) -> None:
    for starts, canceled in ((now - 3 * HOUR, False), (now + HOUR, True), (now + 2 * HOUR, False)):
        DeviceUnavailability.objects.create(
            uid=uuid4(), device=devices[0], starts_at=starts, ends_at=starts + HOUR, canceled=canceled
        )
    (period,) = as_operator.get(page_of(devices[0])).context["periods"]
    assert period.starts_at == now + 2 * HOUR


def test_use_of_limits_counts_the_devices_own_events_and_not_those_it_left(
    as_operator: Client, devices: list[Device], new_event: Make, program: Program, now: datetime
) -> None:
    device, other, event = devices[0], devices[1], new_event()
    assert as_operator.get(page_of(device)).context["limited"] == []
    Program.objects.filter(pk=program.pk).update(
        rules_data=ProgramRules(events_per_week=2, hours_per_month=40).model_dump(mode="json")
    )
    for stage_of in (event, event, new_event()):
        factories.reserved_stage(stage_of, program, now, now + 2 * HOUR, device)
    factories.reserved_stage(new_event(), program, now, now + HOUR, other)
    left = factories.reserved_stage(new_event(), program, now, now + HOUR, device)
    Removal.objects.create(
        stage_uid=left.uid, head_end="HE1", nic_id=device.nic_id, reason="opt-out", requested_at=now, answer="removed"
    )
    answer = as_operator.get(page_of(device))
    ((_program, uses),) = answer.context["limited"]
    assert {(use.events, use.hours) for use in uses} == {(2, 6.0)}
    limits = {use.limit.period: (use.limit.most_events, use.limit.most_hours) for use in uses}
    assert (limits["This week"], limits["This month"], limits["This season"]) == ((2, None), (None, 40), (None, None))
    assert "2 / 2" in html_of(answer)


def test_a_devices_page_shows_its_response_rate_and_its_events_of_the_season(
    as_operator: Client, devices: list[Device], now: datetime
) -> None:
    called, never = devices[:2]
    factories.used(called, before=now, days=3, events=2, n=5, total=5)
    sql.execute("UPDATE derms_candidate SET season_quarters = 6 WHERE device_id = %s", [called.pk])

    assert as_operator.get(page_of(called)).context["known"] == (900, 2, 1.5)
    assert as_operator.get(page_of(never)).context["known"] is None
    # What it did in an earlier season is not shown as this season's.
    sql.execute("UPDATE derms_candidate SET season = season - 1 WHERE device_id = %s", [called.pk])
    assert as_operator.get(page_of(called)).context["known"] == (900, 0, 0)
