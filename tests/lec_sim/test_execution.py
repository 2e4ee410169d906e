"""Executing a stage on time: never early, never after its end, late if its reservations are late, or not at all."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from derms.models import Event
from integration.seam.messages import StageExecutionStatus
from integration.seam.models import Alert, Message
from integration.seam.settling import settle
from lec_sim import operations
from lec_sim.models import LecCall, LecStage
from lec_sim.queries import due
from tests.lec_sim import stages
from tests.threads import run_together

HOUR, SECOND, TICK = timedelta(hours=1), timedelta(seconds=1), timedelta(microseconds=1)


def _said() -> list[StageExecutionStatus]:
    """The reported execution statuses, in order."""
    bodies = [message.body for message in Message.objects.filter(kind="stage_execution_status").order_by("pk")]
    return [body for body in bodies if isinstance(body, StageExecutionStatus)]


def _fresh(stage: LecStage) -> LecStage:
    return LecStage.objects.get(pk=stage.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("offset", "starts"),
    [(-HOUR, False), (-TICK, False), (timedelta(), True), (HOUR - TICK, True), (HOUR, False), (2 * HOUR, False)],
)
def test_a_stage_starts_in_its_window_alone(offset: timedelta, starts: bool, now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)
    moment = stage.starts_at + offset

    operations.start_stage(stage.pk, now=moment)

    assert (stage.pk in due.stage_ids_to_start(moment)) == (starts and _fresh(stage).state == "Scheduled")
    assert _fresh(stage).started_at == (moment if starts else None)
    assert [(one.state, one.started_at, one.called, one.revision) for one in _said()] == (
        [("In Progress", moment, 0, 1)] if starts else []
    )


@pytest.mark.django_db
@pytest.mark.parametrize("offset", [-TICK, HOUR])
def test_the_database_refuses_a_start_outside_the_window(offset: timedelta, now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)

    with pytest.raises(IntegrityError, match="lec_stage_starts_in_its_window"), transaction.atomic():
        LecStage.objects.filter(pk=stage.pk).update(started_at=stage.starts_at + offset)


@pytest.mark.django_db
def test_a_stage_is_due_by_its_times(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)
    start, end = stage.starts_at, stage.ends_at

    assert list(due.stage_ids_to_start(start - TICK)) == list(due.stage_ids_to_start(end)) == []
    assert list(due.stage_ids_to_start(start)) == [stage.pk]
    assert list(due.stage_ids_missed(end)) == [stage.pk]
    operations.start_stage(stage.pk, now=start)
    assert list(due.stage_ids_to_call(start)) == [stage.pk]
    assert list(due.stage_ids_to_end(end - TICK)) == list(due.stage_ids_missed(end)) == []
    assert list(due.stage_ids_to_end(end)) == [stage.pk]
    operations.end_stage(stage.pk, now=end)
    assert list(due.stage_ids_to_hand_over(end)) == [stage.pk]
    operations.hand_over_outcomes(stage.pk, now=end)
    assert list(due.stage_ids_to_hand_over(end)) == []


@pytest.mark.django_db(transaction=True)
def test_a_stage_starts_once_however_many_start_it(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)

    run_together(*(lambda: operations.start_stage(stage.pk, now=stage.starts_at) for _ in range(8)))
    run_together(*(lambda: operations.call_devices(stage.pk, now=stage.starts_at) for _ in range(8)))
    run_together(*(lambda: operations.end_stage(stage.pk, now=stage.ends_at) for _ in range(8)))

    assert [(one.state, one.called, one.revision) for one in _said()] == [
        ("In Progress", 0, 1),
        ("In Progress", 20, 2),
        ("Completed", 20, 3),
    ]
    assert LecCall.objects.count() == 20


@pytest.mark.django_db
def test_no_device_is_called_before_the_start_or_after_the_end(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)

    operations.call_devices(stage.pk, now=stage.starts_at)
    assert _fresh(stage).calls_made_at is None
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.ends_at)

    assert not LecCall.objects.exists()


@pytest.mark.django_db
def test_a_stage_whose_reservations_are_late_says_so_once_and_does_not_start(now: datetime) -> None:
    stage = stages.known(now + HOUR, now)
    start = stage.starts_at

    assert list(due.stage_ids_to_start(start)) == []
    assert list(due.stage_ids_late(start)) == [stage.pk]
    operations.start_stage(stage.pk, now=start)
    for _ in range(2):
        operations.report_late_stage(stage.pk, now=start)

    assert _fresh(stage).state == "Scheduled"
    assert list(due.stage_ids_late(start)) == []
    alert = Alert.objects.get()
    assert (alert.kind, alert.count, alert.stage_uid) == ("stage late", 1, stage.stage_uid)


@pytest.mark.django_db
def test_a_stage_canceled_before_its_reservations_came_is_late_no_more(now: datetime) -> None:
    stage = stages.known(now + HOUR, now)
    operations.report_late_stage(stage.pk, now=stage.starts_at)

    canceled = stages.status(stage.starts_at, stage_uid=stage.stage_uid, state="Canceled", revision=3)
    operations.follow_stage(canceled, now=stage.starts_at)

    assert _fresh(stage).state == "Canceled"
    assert Alert.objects.get().closed_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_late_stage_starts_as_soon_as_its_reservations_are_in(event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("Scheduled")
    for message in Message.objects.filter(kind="stage_status"):
        operations.follow_stage(message.body, now=now)  # type: ignore[arg-type]  # the kind says which
    stage = LecStage.objects.get()
    late = stage.starts_at + 10 * SECOND
    operations.report_late_stage(stage.pk, now=late)

    settle()

    assert list(due.stage_ids_to_start(late)) == [stage.pk]
    assert _fresh(stage).reserved == event.stages.get().reserved
    assert Alert.objects.get().closed_at is not None
    operations.start_stage(stage.pk, now=late)
    assert _fresh(stage).started_at == late


@pytest.mark.django_db(transaction=True)
def test_a_stage_that_could_not_start_before_its_end_is_missed_and_canceled_everywhere(
    event_in: Callable[..., Event],
) -> None:
    event = event_in("Scheduled")
    settle()
    stage = LecStage.objects.get()
    operations.miss_stage(stage.pk, now=stage.ends_at - TICK)
    assert _fresh(stage).state == "Scheduled"

    operations.miss_stage(stage.pk, now=stage.ends_at)
    settle()

    assert (_fresh(stage).state, _fresh(stage).reason) == ("Canceled", "Missed")
    assert not LecCall.objects.exists()
    derms_stage = event.stages.get()
    assert (derms_stage.state, derms_stage.reason, derms_stage.started_at) == ("Canceled", "Missed", None)
    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.transitions.latest("revision").why) == ("Canceled", "No stage could be started")
    assert Alert.objects.get(closed_at=None).kind == "stage missed"


@pytest.mark.django_db
def test_what_comes_back_from_derms_changes_nothing(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now)
    operations.start_stage(stage.pk, now=stage.starts_at)

    for revision, state in ((3, "In Progress"), (2, "Canceled"), (4, "Completed")):
        message = stages.status(
            stage.starts_at, stage_uid=stage.stage_uid, state=state, revision=revision, started_at=stage.starts_at
        )
        operations.follow_stage(message, now=stage.starts_at)

    assert (_fresh(stage).state, _fresh(stage).status_revision) == ("In Progress", 4)
