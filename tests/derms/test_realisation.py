"""What meters say of stages: kept, replaced by later measurements, and counted on by the next choice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, Device, Program, Realisation, Stage
from derms.models import Event as DermsEvent
from derms.queries.measured_shares import measured_shares
from integration.console.models import User
from integration.seam.messages import MeasuredRealisation, MessageRefused
from tests import factories
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def one(zone: ControlZone, program: Program, now: datetime) -> Device:
    return factories.device(zone, program, since=now - 24 * HOUR, nic_id="S1")


@pytest.fixture
def past(new_event: Callable[..., DermsEvent], program: Program, one: Device, now: datetime) -> Stage:
    return factories.reserved_stage(new_event(), program, now - 3 * HOUR, now - HOUR, one, state="Completed")


def keep(stage: Stage, now: datetime, *, version: int = 1, **given: Any) -> Any:
    group = {
        "head_end": "HE1", "device_class": "thermostat", "meters": 20, "expected_w": 1_100, "reported_w": 1_000,
        "measured_w": 400, **given,
    }  # fmt: skip
    payload = {"stage_uid": str(stage.uid), "version": version, "groups": [group]}
    return operations.keep_realisation(MeasuredRealisation.model_validate(payload), now=now)


def test_a_later_measurement_replaces_the_earlier_one_and_an_earlier_one_has_no_effect(
    past: Stage, now: datetime
) -> None:
    assert keep(past, now).applied == 1
    assert keep(past, now, version=3, measured_w=900).applied == 1
    assert keep(past, now, version=2).applied == 0
    assert Realisation.objects.get().measured_w == 900


def test_a_measurement_of_nothing_withdraws_what_was_measured_and_an_earlier_one_that_comes_late_has_no_effect(
    past: Stage, now: datetime
) -> None:
    nothing = MeasuredRealisation(stage_uid=past.uid, version=2, groups=())
    assert operations.keep_realisation(nothing, now=now).applied == 0
    assert keep(past, now, version=1).applied == 0
    assert not Realisation.objects.exists()
    assert keep(past, now, version=3).applied == 1
    assert operations.keep_realisation(nothing, now=now).note
    assert Realisation.objects.get().measured_w == 400


def test_a_head_end_that_is_not_there_is_refused(past: Stage, now: datetime) -> None:
    with pytest.raises(MessageRefused, match="no head end system HE9"):
        keep(past, now, head_end="HE9")


def test_a_share_begins_at_one_fades_and_needs_meters(past: Stage, one: Device, now: datetime) -> None:
    """(5 + 0.4) / (5 + 1) at once, (5 + 0.2) / (5 + 0.5) after 90 days."""
    keep(past, now)
    key = (one.head_end_id, "thermostat")
    assert measured_shares(past.ends_at)[key] == (pytest.approx(0.9), 1)
    assert measured_shares(past.ends_at + timedelta(days=90))[key].share == pytest.approx(5.2 / 5.5)
    assert measured_shares(past.ends_at - HOUR) == {}, "not measured by then"
    keep(past, now, version=2, measured_w=-300)
    assert measured_shares(past.ends_at)[key].share == pytest.approx(5 / 6), "more used than without: nothing given"
    keep(past, now, version=3, meters=19)
    assert measured_shares(past.ends_at) == {}


def test_an_event_is_one_response_of_all_its_stages_by_their_energy(
    new_event: Callable[..., DermsEvent], program: Program, one: Device, now: datetime
) -> None:
    """1.6 of an hour and 0.4 of three hours are 0.7: (5 + 0.7) / (5 + 1); the two stages have 20 meters together."""
    event, middle = new_event(), now - 4 * HOUR
    first = factories.reserved_stage(event, program, middle - HOUR, middle, one, state="Completed")
    second = factories.reserved_stage(event, program, middle, now - HOUR, one, state="Completed")
    keep(first, now, meters=10, measured_w=1_600)
    assert measured_shares(second.ends_at) == {}
    keep(second, now, meters=10, measured_w=400)
    assert measured_shares(second.ends_at) == {(one.head_end_id, "thermostat"): (pytest.approx(0.95), 1)}


def test_a_devices_page_says_what_is_reported_and_what_meters_confirm(
    client: Client, operator: User, past: Stage, one: Device, now: datetime
) -> None:
    client.force_login(operator)
    page = f"/devices/{one.head_end.code}/S1/"
    assert "no event of such devices is measured" in html_of(client.get(page))
    keep(past, now)
    shown = " ".join(html_of(client.get(page)).split())
    assert "<dd>89 %</dd>" in shown or "<dd>90 %</dd>" in shown
    assert "reported, by 1 measured event" in shown
