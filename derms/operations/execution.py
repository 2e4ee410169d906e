"""Applying what LEC reports about the execution of a stage."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from integration.seam.delivery import receiving
from integration.seam.messages import Receipt, StageExecutionStatus
from integration.seam.nudges import tell_pages
from integration.seam.recorded import NOT_NEWER, Pattern, recorded
from integration.seam.stakes import stakes_of
from integration.seam.systems import System

from ..choices import FINAL_STAGE_STATES, FINAL_STATES, MISSED, EventState, StageState
from ..models import Event, Stage
from .figures import renew_figures
from .history import save_event, save_stage
from .locks import lock_event, lock_stages
from .plausible import require_plausible_execution
from .stage_alert import raise_stage_alert
from .status import send_stage_status

NOT_STARTED = recorded("%(stage)s has not started 60 s after its time. %(stakes)s")
NOT_ENDED = recorded("%(stage)s has not ended 5 min after its time. %(stakes)s")
ALREADY = recorded("the stage is %(state)s already")
HAD_STARTED = recorded("It had started before it was canceled")
CALLED = recorded("%(devices)s devices called")
WAS_MISSED = recorded("%(stage)s was missed: it could not start before its end. %(stakes)s")
NONE_STARTED = recorded("No stage could be started")
ALL_CANCELED = recorded("Its last stage was canceled")


@receiving
def follow_execution(status: StageExecutionStatus, *, now: datetime) -> Receipt:
    """Apply a stage's execution status, send it on to CPM, and move the event along.

    Raises MessageRefused if it can't be true.
    """
    event = lock_event(_event_id(status.stage_uid))
    stage = next(s for s in lock_stages(event) if s.uid == status.stage_uid)
    if status.revision <= stage.execution_revision:
        return Receipt(applied=0, note=NOT_NEWER(new=status.revision, known=stage.execution_revision))
    require_plausible_execution(stage, status, now)
    stage.execution_revision, stage.called = status.revision, status.called
    stage.save(update_fields=["execution_revision", "called"])
    if stage.state in FINAL_STAGE_STATES:
        return _note_start_of_canceled(stage, status, now)
    if status.state == MISSED:
        _miss(stage, status, now)
    else:
        _begin(stage, status, now)
        if status.state == "Completed":
            _complete(stage, status, now)
    move_event(event, now)
    if event.state in FINAL_STATES:
        renew_figures(event)
    tell_pages(event.number)
    return Receipt()


@transaction.atomic
def report_unstarted_stage(stage_id: int, *, now: datetime) -> None:
    """Raise an alert: the stage should have started a minute ago and LEC has not reported it."""
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("event").get(pk=stage_id)
    if stage.state == StageState.SCHEDULED and stage.unstarted_reported_at is None:
        stage.unstarted_reported_at = now
        stage.save(update_fields=["unstarted_reported_at"])
        _alert(stage, "unstarted", "stage not started", NOT_STARTED)


@transaction.atomic
def report_unended_stage(stage_id: int, *, now: datetime) -> None:
    """Raise an alert: the stage should have ended five minutes ago and LEC has not reported it."""
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("event").get(pk=stage_id)
    if stage.state == StageState.IN_PROGRESS and stage.unended_reported_at is None:
        stage.unended_reported_at = now
        stage.save(update_fields=["unended_reported_at"])
        _alert(stage, "unended", "stage not ended", NOT_ENDED)


def _event_id(stage_uid: UUID) -> int:
    return Stage.objects.values_list("event_id", flat=True).get(uid=stage_uid)


def _note_start_of_canceled(stage: Stage, status: StageExecutionStatus, now: datetime) -> Receipt:
    """Record that a canceled stage had already started in LEC: CPM must know, since it will have outcomes."""
    # LEC itself gave up a missed stage, so it never started.
    missed = stage.transitions.filter(to_state=StageState.CANCELED, by="system").exists()
    if stage.state != StageState.CANCELED or missed or stage.started_at or status.started_at is None:
        return Receipt(applied=0, note=ALREADY(state=stage.state))
    stage.started_at = status.started_at
    stage.revision += 1
    stage.ended_at = now
    save_stage(
        stage,
        was=stage.state,
        by=System.LEC.full_name,
        now=now,
        why=HAD_STARTED(),
    )
    send_stage_status(stage)
    if stage.event.state not in FINAL_STATES:
        move_event(stage.event, now)
    return Receipt()


def _begin(stage: Stage, status: StageExecutionStatus, now: datetime) -> None:
    """Move the stage to In Progress; a Completed report that arrives first contains the start too."""
    if stage.state != StageState.SCHEDULED or status.started_at is None:
        return
    was = stage.state
    stage.begin(status.started_at)
    save_stage(stage, was=was, by=System.LEC.full_name, now=now)
    send_stage_status(stage)


def _complete(stage: Stage, status: StageExecutionStatus, now: datetime) -> None:
    was = stage.state
    stage.complete(status.at)
    save_stage(
        stage,
        was=was,
        by=System.LEC.full_name,
        now=now,
        why=CALLED(devices=status.called),
    )
    send_stage_status(stage)


def _miss(stage: Stage, status: StageExecutionStatus, now: datetime) -> None:
    was = stage.state
    stage.cancel(MISSED)
    save_stage(stage, was=was, by="system", now=now, why=MISSED)
    send_stage_status(stage)
    _alert(stage, "missed", "stage missed", WAS_MISSED)


def move_event(event: Event, now: datetime) -> None:
    """Move the event to In Progress with its first started stage, and to its final state with its last stage."""
    stages = list(event.stages.all())
    ran = any(s.started_at for s in stages)
    if ran and event.state == EventState.SCHEDULED:
        was = event.state
        event.begin()
        save_event(event, was=was, by=System.LEC.full_name, now=now)
    if all(s.state in FINAL_STAGE_STATES for s in stages):
        was = event.state
        if ran:
            event.complete()
        else:
            event.cancel()
        save_event(event, was=was, by="system", now=now, why="" if ran else _why_none_ran(stages))


def _why_none_ran(stages: list[Stage]) -> str:
    missed = any(s.reason == MISSED for s in stages)
    return NONE_STARTED() if missed else ALL_CANCELED()


def _alert(stage: Stage, topic: str, kind: str, text: Pattern) -> None:
    raise_stage_alert(stage, topic, kind=kind, text=text(stage=stage, stakes=stakes_of(stage.uid)))
