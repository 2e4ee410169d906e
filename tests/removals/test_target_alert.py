"""The alert that an event no longer reserves its target before it starts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cpm import operations as cpm
from derms import operations as derms
from derms.models import ControlZone, Event, Program, Stage
from integration.console.models import User
from integration.seam.models import Alert
from integration.seam.settling import settle
from tests import factories, walk
from tests.removals.conftest import allow_leaving
from tests.removals.running import begin, device, end, program_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def needing(zone: ControlZone, program: Program, operator: User, approver: User, now: datetime) -> Callable[..., Event]:
    """Create Scheduled events with this target over that many devices, each expected to reduce by 0.8 kW."""

    def make(target_kw: int, devices: int, *, accepted_kw: int = 0) -> Event:
        factories.fleet(zone, program, devices, since=now - timedelta(days=30))
        plan = factories.strategy(zone, program, objective="Load Reduction", target_kw=target_kw)
        details = derms.EventDetails(name="Tight")
        event = derms.create_event(
            strategy_id=plan.pk, starts_at=now + timedelta(hours=2), by=operator, now=now, details=details
        )
        walk.to("Scheduled", event, operator=operator, approver=approver, now=now, accepted_kw=accepted_kw)
        allow_leaving()
        settle()
        return event

    return make


def opt_out(stage: Stage, number: int, now: datetime) -> None:
    cpm.opt_out_device(program_event_id=program_event(stage).pk, device_id=device(number).pk, by="cora", now=now)
    settle()


def said(event: Event) -> list[str]:
    return list(Alert.objects.filter(event_uid=event.uid, closed_at=None).values_list("text", flat=True))


def test_an_event_below_its_target_because_of_releases_says_the_missing_kw(
    needing: Callable[..., Event], zone: ControlZone, now: datetime
) -> None:
    event = needing(7, 10)
    stage = event.stages.get()
    assert stage.reserved_w == 7200
    at = f"{stage.starts_at.astimezone(ZoneInfo(zone.time_zone)):%H:%M %Z}"
    why = "at least 98 % must be reserved. Devices have left it, or a stage was canceled."

    opt_out(stage, 1, now)
    assert said(event) == [f"{event.number} is 1 kW short of its 7 kW at {at}; {why}"]
    opt_out(stage, 2, now)
    assert said(event) == [f"{event.number} is 2 kW short of its 7 kW at {at}; {why}"]
    assert Alert.objects.get().kind == "target no longer met"


def test_an_opt_out_within_the_tolerance_raises_no_alert_and_a_final_event_keeps_none(
    needing: Callable[..., Event], now: datetime
) -> None:
    """Once one opt-out of an event that reserved 1,325 kW exactly left an alert of 3 kW open for ever."""
    event = needing(40, 50)
    stage = event.stages.get()
    assert stage.reserved_w == 40_000

    opt_out(stage, 1, now)
    assert said(event) == [], "0.8 of 40 kW is 2 %"
    opt_out(stage, 2, now)
    assert len(said(event)) == 1
    begin(stage)
    end(stage)
    assert said(event) == []


def test_the_accepted_shortfall_is_no_alert(needing: Callable[..., Event], now: datetime) -> None:
    event = needing(44, 50, accepted_kw=4)
    opt_out(event.stages.get(), 1, now)
    assert said(event) == [], "4.8 kW are missing, of which 4 were accepted and 0.88 are the tolerance"
    opt_out(event.stages.get(), 2, now)
    assert len(said(event)) == 1
