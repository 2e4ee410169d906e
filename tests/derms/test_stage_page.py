"""A stage's page: its devices by state and feeder, their answers over time, and a filtered list of devices."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from derms import operations
from derms.models import DeliveredLoad, Event, Stage
from integration.console.models import User
from integration.seam.settling import settle
from tests import walk
from tests.derms.test_delivered_load import MINUTE, report
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduled(event_in: Callable[..., Event]) -> Stage:
    stage = event_in("Scheduled").stages.select_related("event").get()
    operations.write_reservation_extract(stage.pk, now=stage.starts_at)
    stage.refresh_from_db(fields=["feeders", "reserved"])
    return stage


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def address(stage: Stage, query: str = "") -> str:
    return f"/events/{stage.event.number}/stages/{stage.number}/{query}"


def exported(person: Client, path: str) -> list[str]:
    answer = person.get(path)

    async def read() -> str:
        return b"".join([bytes(part) async for part in answer]).decode()

    return async_to_sync(read)().splitlines()


def test_reserved_devices_are_counted_by_feeder_when_they_are_told(scheduled: Stage) -> None:
    assert scheduled.feeders == {"NORTH-F1": scheduled.reserved}


def test_before_the_call_a_device_is_reserved_or_has_left(scheduled: Stage, as_operator: Client) -> None:
    Stage.objects.filter(pk=scheduled.pk).update(removed=1)
    states = as_operator.get(address(scheduled)).context["states"]
    assert [(part.devices, part.whole) for part in states] == [
        (scheduled.reserved - 1, scheduled.reserved),
        (1, scheduled.reserved),
    ]


def test_while_the_stage_runs_each_device_stands_in_one_state(scheduled: Stage, as_operator: Client) -> None:
    operations.follow_delivered_load(
        report(scheduled, scheduled.starts_at + MINUTE, called=18, answered=15, rejected=2, overridden=3)
    )
    Stage.objects.filter(pk=scheduled.pk).update(reserved=20, called=18)
    answer = as_operator.get(address(scheduled))
    assert [part.devices for part in answer.context["states"]] == [10, 3, 2, 3, 2]
    assert sum(part.devices for part in answer.context["states"]) == 20
    assert 'id="answers-data"' in answer.content.decode()


def test_the_live_part_comes_alone(scheduled: Stage, as_operator: Client) -> None:
    fragment = html_of(as_operator.get(address(scheduled), headers={"HX-Request": "true"}))
    assert fragment.startswith('<div id="stage-live"')
    assert "Reserved devices" not in fragment


def test_devices_are_narrowed_by_nic_id_feeder_and_outcome(scheduled: Stage, as_operator: Client) -> None:
    def shown(query: str) -> int:
        return len(as_operator.get(address(scheduled, query)).context["page"].rows)

    first = as_operator.get(address(scheduled)).context["page"].rows[0]
    assert shown(f"?q={first.nic_id}") == 1
    assert shown("?feeder=NORTH-F1&outcome=none") == min(50, scheduled.reserved)
    assert shown("?outcome=D1SP") == 0
    assert shown("?q=%25") == 0
    assert len(exported(as_operator, address(scheduled, f"devices/export/?q={first.nic_id}"))) == 2


@pytest.mark.django_db(transaction=True)
def test_a_closed_stage_splits_its_outcomes(scheduled: Stage, as_operator: Client) -> None:
    walk.run(scheduled)
    settle()
    DeliveredLoad.objects.all().delete()
    answer = as_operator.get(address(scheduled, "?outcome=D1SP"))
    closed = Stage.objects.get(pk=scheduled.pk)
    assert closed.outcomes
    assert len(answer.context["page"].rows) == closed.outcomes.get("D1SP", 0)
    assert answer.context["states"][0].devices == closed.reserved
