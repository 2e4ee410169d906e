"""A head end is switched offline before an event: within two reports the operator reads what is missing, and where."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms import operations as derms
from derms.models import ControlZone, Event, EventFigures, Program
from integration.console.models import User
from integration.seam import clock
from integration.seam.models import Alert
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import HeadEndProfile, LecStage
from tests import factories, walk

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def event(zone: ControlZone, program: Program, operator: User, approver: User, now: datetime) -> Event:
    """A Scheduled event that has reserved its 16 kW exactly, all behind one head end."""
    factories.fleet(zone, program, 20, since=now - timedelta(days=30))
    plan = factories.strategy(zone, program, objective="Load Reduction", target_kw=16)
    details = derms.EventDetails(name="Evening peak")
    starts_at = now + timedelta(hours=2)
    made = derms.create_event(strategy_id=plan.pk, starts_at=starts_at, by=operator, now=now, details=details)
    walk.to("Scheduled", made, operator=operator, approver=approver, now=now)
    settle()
    return made


def run_until(event: Event, minutes: int) -> None:
    """Let LEC start the stage, call its devices and report each minute; DERMS looks at each minute's end."""
    stage = event.stages.get()
    execution = LecStage.objects.get(stage_uid=stage.uid)
    lec.start_stage(execution.pk, now=stage.starts_at)
    lec.call_devices(execution.pk, now=stage.starts_at)
    for minute in range(1, minutes + 1):
        lec.report_delivered_load(execution.pk, now=stage.starts_at + minute * MINUTE)
        settle()
        derms.watch_delivered(now=stage.starts_at + minute * MINUTE + SECOND)


@pytest.fixture
def offline(event: Event) -> Callable[[], None]:
    HeadEndProfile.objects.get_or_create(head_end="HE1")

    def switch() -> None:
        lec.set_fault(head_end="HE1", fault="offline", by="olive", now=clock.now())

    return switch


def test_an_offline_head_end_is_known_within_two_reports(event: Event, offline: Callable[[], None]) -> None:
    offline()
    run_until(event, 2)
    alerts = dict(Alert.objects.filter(closed_at=None).values_list("kind", "text"))
    assert alerts["delivering below target"] == (
        f"{event.number} delivers 0 of 16 kW, 0 % of its target; at least 90 % are expected. "
        "16 kW are missing. 20 of 20 silent devices: HE1."
    )
    assert alerts["head end silent"].startswith("HE1: none of its 20 devices")
    assert EventFigures.objects.get(event=event).delivering_pct == 0


def test_an_event_whose_devices_answer_raises_none(event: Event) -> None:
    HeadEndProfile.objects.create(head_end="HE1", offline_share=0, reject_share=0, overrides_per_hour=0)
    run_until(event, 3)
    assert not Alert.objects.exists()
