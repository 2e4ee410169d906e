"""DERMS follows a stage by LEC's reports, and raises an alert if they are missing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms import operations
from derms.models import Event, Stage
from derms.queries.due import stage_ids_unended, stage_ids_unstarted
from integration.console.models import User
from integration.seam.models import Alert, Message
from tests import factories, walk

pytestmark = pytest.mark.django_db

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def two_stages(event_in: Callable[..., Event], operator: User, approver: User, now: datetime) -> tuple[Stage, Stage]:
    """Two stages of a Scheduled event, one after the other."""
    event = event_in("New")
    first = event.stages.get()
    fields = {"program": first.program, "starts_at": first.ends_at, "ends_at": first.ends_at + HOUR}
    factories.add_stage(event, by=operator, now=now, **fields)
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
    one, other = event.stages.order_by("number")
    return one, other


def _state(stage: Stage) -> str:
    return str(Event.objects.get(pk=stage.event_id).state)


def test_an_event_runs_from_its_first_stages_start_to_its_last_ones_end(
    two_stages: tuple[Stage, Stage], now: datetime
) -> None:
    first, second = two_stages
    walked = []

    for stage, state, revision in ((first, "In Progress", 1), (first, "Completed", 2), (second, "In Progress", 1)):
        operations.follow_execution(walk.execution(stage, state, revision=revision), now=now)
        walked.append(_state(stage))
    operations.follow_execution(walk.execution(second, "Completed", revision=2), now=now)

    assert [*walked, _state(first)] == ["In Progress", "In Progress", "In Progress", "Completed"]


def test_an_event_of_which_one_stage_ran_is_completed(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    first, second = two_stages

    operations.follow_execution(walk.execution(first, "Missed", revision=1), now=now)
    assert _state(first) == "Scheduled"
    operations.follow_execution(walk.execution(second, "In Progress", revision=1), now=now)
    operations.follow_execution(walk.execution(second, "Completed", revision=2), now=now)

    assert _state(first) == "Completed"
    assert list(first.event.stages.order_by("number").values_list("state", "reason")) == [
        ("Canceled", "Missed"),
        ("Completed", ""),
    ]


def test_an_event_of_which_every_stage_was_missed_is_canceled(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    for stage in two_stages:
        operations.follow_execution(walk.execution(stage, "Missed", revision=1), now=now)

    assert _state(two_stages[0]) == "Canceled"
    assert Alert.objects.filter(kind="stage missed").count() == 2
    sent = Message.objects.filter(kind="stage_status", payload__state="Canceled")
    assert list(sent.values_list("payload__reason", flat=True)) == ["Missed", "Missed"]


@pytest.mark.parametrize("state", ["Completed", "Canceled"])
def test_a_final_stage_stays_final(state: str, event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in(state)
    stage = event.stages.get()
    before = Message.objects.count(), event.transitions.count()

    receipt = operations.follow_execution(walk.execution(stage, "In Progress", revision=9), now=now)

    assert receipt.note == f"the stage is {state} already"
    assert Stage.objects.get(pk=stage.pk).state == state
    assert (Message.objects.count(), event.transitions.count()) == before


def test_no_start_a_minute_after_its_time_raises_an_alert_that_the_start_closes(
    event_in: Callable[..., Event], now: datetime
) -> None:
    stage = event_in("Scheduled").stages.get()
    assert list(stage_ids_unstarted(stage.starts_at + 59 * SECOND)) == []
    late = stage.starts_at + 60 * SECOND
    assert list(stage_ids_unstarted(late)) == [stage.pk]

    for _ in range(2):
        operations.report_unstarted_stage(stage.pk, now=late)

    assert list(stage_ids_unstarted(late)) == []
    alert = Alert.objects.get()
    assert (alert.kind, alert.count, alert.stage_uid) == ("stage not started", 1, stage.uid)
    assert alert.text == f"{stage} has not started 60 s after its time. At stake: 16 kW of 20 devices."
    operations.follow_execution(walk.execution(stage, "In Progress", revision=1), now=now)
    assert Alert.objects.get().closed_at is not None


def test_a_missed_stage_is_waited_for_no_more(event_in: Callable[..., Event], now: datetime) -> None:
    stage = event_in("Scheduled").stages.get()
    operations.report_unstarted_stage(stage.pk, now=now)

    operations.follow_execution(walk.execution(stage, "Missed", revision=1), now=now)

    assert [alert.kind for alert in Alert.objects.filter(closed_at=None)] == ["stage missed"]


def test_no_end_five_minutes_after_its_time_raises_an_alert_that_the_end_closes(
    event_in: Callable[..., Event], now: datetime
) -> None:
    stage = event_in("In Progress").stages.get()
    assert list(stage_ids_unended(stage.ends_at + 299 * SECOND)) == []
    late = stage.ends_at + 300 * SECOND
    assert list(stage_ids_unended(late)) == [stage.pk]

    for _ in range(2):
        operations.report_unended_stage(stage.pk, now=late)

    assert list(stage_ids_unended(late)) == []
    assert (Alert.objects.get().kind, Alert.objects.get().count) == ("stage not ended", 1)
    operations.follow_execution(walk.execution(stage, "Completed", revision=2), now=now)
    assert Alert.objects.get().closed_at is not None
