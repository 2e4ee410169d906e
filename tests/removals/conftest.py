"""A scheduled event of twenty devices that all three systems know, and customers who may leave it."""

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cpm.models.programs import Program as CustomerProgram
from cpm.models.programs import ProgramType
from derms.models import Event, Stage
from integration.commands.verify import violations
from integration.seam.settling import settle
from integration.seam.systems import System
from lec_sim.models import HeadEndProfile
from tests import factories

EMAILING = ("test_any_course", "test_device_opt_out", "test_races", "test_enrollment_races", "test_verify")


@pytest.fixture
def obedient(db: None) -> None:
    """Every device answers at once and takes part, and nobody overrides it."""
    HeadEndProfile.objects.create(
        head_end="HE1", answer_seconds=0.1, offline_share=0, reject_share=0, overrides_per_hour=0
    )


@pytest.fixture(autouse=True)
def only_some_email(request: pytest.FixtureRequest) -> None:
    """Customers hear of what happens in any order and at once; elsewhere their notifications wait."""
    if request.module.__name__.rpartition(".")[2] not in EMAILING:
        request.getfixturevalue("without_emails")


@pytest.fixture
def event(event_in: Callable[..., Event], obedient: None) -> Event:
    """An event of one stage, Scheduled and known to CPM and LEC; its customers may opt out and set unavailability."""
    made = event_in("Scheduled")
    allow_leaving()
    settle()
    return made


@pytest.fixture
def stage(event: Event) -> Stage:
    return event.stages.get()


@pytest.fixture
def two_stages(
    zone: Any, program: Any, obedient: None, now: datetime, event_in: Callable[..., Event], strategy: Any
) -> tuple[Stage, Stage]:
    """The stages of an event, one after the other, known to CPM and LEC."""
    plan = factories.strategy(zone, program, stages=2)
    made = event_in("Scheduled", strategy_id=plan.pk)
    allow_leaving()
    settle()
    first, second = made.stages.order_by("number")
    return first, second


@pytest.fixture
def messages_arrive_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the time at which messages are received from now on, whatever the clock says."""

    def choose(moment: datetime) -> None:
        for app in (System.DERMS, System.CPM, "lec_sim"):
            monkeypatch.setattr(f"{app}.inbox.clock", SimpleNamespace(now=lambda: moment))

    return choose


def allow_leaving() -> None:
    """Programs let customers opt out and set unavailability."""
    ProgramType.objects.update(allow_to_opt_out=True)
    CustomerProgram.objects.update(allow_customer_unavailability=True)


@pytest.fixture
def nothing_is_wrong() -> Callable[[], None]:
    """Return what `manage.py verify` would find."""

    def look() -> None:
        assert violations() == []

    return look
