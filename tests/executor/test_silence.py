"""What DERMS does if an executor says nothing, or stops halfway."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from derms.models import DeviceOutcome as Outcomes
from derms.models import Event, Stage
from integration.seam import outbox
from integration.seam.messages import DeviceOutcome, StageExecutionStatus, StageStatus
from integration.seam.models import Alert, Message
from integration.seam.outcomes import Outcome
from integration.seam.systems import System
from tests import walk

from .implementations import InProcess
from .seam import HOUR, MINUTE, TICK

OUTCOME_TIMEOUT = timedelta(seconds=60)  # of the events of the tests

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def derms(db: None, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    return InProcess(System.DERMS, monkeypatch)


@pytest.fixture
def stage(event_in: Callable[..., Event]) -> Stage:
    """A one-hour stage with twenty devices that is Scheduled in DERMS; nobody executes it."""
    return event_in("Scheduled").stages.get()


def say(derms: InProcess, stage: Stage, state: str, *, revision: int, called: int = 20) -> None:
    """Let DERMS receive a message as if an executor had sent it."""
    body: StageExecutionStatus = walk.execution(stage, state, revision=revision, called=called)
    with transaction.atomic():
        outbox.send(body, sender=System.LEC)
    derms.receive(body.at)


def state(stage: Stage) -> str:
    return Stage.objects.get(pk=stage.pk).state


def alerts() -> set[str]:
    return set(Alert.objects.filter(closed_at=None).values_list("kind", flat=True))


def test_no_start_is_an_alert_after_a_minute_and_the_stage_stays_scheduled(derms: InProcess, stage: Stage) -> None:
    derms.work(stage.starts_at + MINUTE - TICK)
    assert alerts() == set()

    derms.work(stage.starts_at + MINUTE)
    derms.work(stage.ends_at + 12 * HOUR)

    assert alerts() == {"stage not started"}
    assert state(stage) == "Scheduled"
    assert not Message.objects.filter(kind=DeviceOutcome.kind).exists()


def test_a_start_after_all_closes_the_alert(derms: InProcess, stage: Stage) -> None:
    derms.work(stage.starts_at + MINUTE)

    say(derms, stage, "In Progress", revision=1)

    assert alerts() == set()
    assert state(stage) == "In Progress"


def test_no_end_is_an_alert_after_five_minutes_and_outcomes_are_not_waited_for_any_longer(
    derms: InProcess, stage: Stage
) -> None:
    say(derms, stage, "In Progress", revision=1)
    derms.work(stage.ends_at + OUTCOME_TIMEOUT - TICK)
    assert not Message.objects.filter(kind=DeviceOutcome.kind).exists()

    derms.work(stage.ends_at + 5 * MINUTE)

    assert alerts() == {"stage not ended"}
    assert state(stage) == "In Progress"
    assert Message.objects.filter(kind=DeviceOutcome.kind).count() == 1


def test_no_outcomes_make_every_device_one_that_did_not_respond(derms: InProcess, stage: Stage) -> None:
    say(derms, stage, "In Progress", revision=1)
    say(derms, stage, "Completed", revision=2)

    derms.work(stage.ends_at + OUTCOME_TIMEOUT)

    found = Outcomes.objects.filter(stage_id=stage.pk).values_list("code", "error")
    assert list(found) == [(Outcome.NO_RESPONSE, "no outcome received")] * 20
    assert alerts() == set()


def test_a_stage_that_was_missed_is_canceled_and_has_no_outcomes(derms: InProcess, stage: Stage) -> None:
    say(derms, stage, "Missed", revision=1, called=0)
    derms.work(stage.ends_at + HOUR)

    assert (state(stage), alerts()) == ("Canceled", {"stage missed"})
    assert not Message.objects.filter(kind=DeviceOutcome.kind).exists()


def test_an_older_report_changes_nothing(derms: InProcess, stage: Stage) -> None:
    say(derms, stage, "Completed", revision=3)
    revision = Stage.objects.get(pk=stage.pk).revision

    for late, older in (("In Progress", 1), ("In Progress", 2), ("Completed", 3)):
        say(derms, stage, late, revision=older, called=0)

    now = Stage.objects.get(pk=stage.pk)
    assert (now.revision, now.called) == (revision, 20)
    assert state(stage) == "Completed"
    sent = Message.objects.filter(kind=StageStatus.kind).order_by("pk")
    assert [message.payload["state"] for message in sent] == ["Scheduled", "In Progress", "Completed"]
