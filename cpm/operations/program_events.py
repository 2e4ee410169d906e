"""Program events follow the stages that they represent."""

from datetime import datetime

from cpm.models.program_events import ProgramEvent, Transition
from cpm.models.programs import Program
from integration.seam.delivery import NotYet, receiving
from integration.seam.messages import Receipt, StageStatus
from integration.seam.nudges import tell_pages
from integration.seam.recorded import NOT_NEWER, recorded

from ..choices import FINAL_STATES

ALREADY = recorded("the program event is %(state)s already")


DERMS = "DERMS"


@receiving
def follow_stage(status: StageStatus, *, now: datetime, by: str = DERMS, **external: str) -> Receipt:
    """Create or move the program event of a stage; a lower or equal revision has no effect.

    `by` names in history a DERMS from outside, `external` are the ids that it has for a new stage and its event.
    """
    program_event = ProgramEvent.objects.select_for_update(no_key=True).filter(stage_uid=status.stage_uid).first()
    if program_event is None:
        _create(status, now, by, external)
        return Receipt()
    if status.revision <= program_event.revision:
        note = NOT_NEWER(new=status.revision, known=program_event.revision)
        return Receipt(applied=0, note=note)
    if program_event.state in FINAL_STATES:
        return _note_start_of_canceled(program_event, status, now)
    was = program_event.state
    _move(program_event, status)
    program_event.revision = status.revision
    program_event.save(update_fields=["state", "revision", "reason", "started_at"])
    _record(program_event, was, now, by)
    return Receipt()


def _note_start_of_canceled(program_event: ProgramEvent, status: StageStatus, now: datetime) -> Receipt:
    """Store the start of a program event that was canceled while it started: each device will have an outcome."""
    if program_event.state != status.state or program_event.started_at or status.started_at is None:
        return Receipt(applied=0, note=ALREADY(state=program_event.state))
    program_event.started_at, program_event.revision = status.started_at, status.revision
    program_event.save(update_fields=["started_at", "revision"])
    _record(program_event, program_event.state, now, DERMS)
    return Receipt()


def _create(status: StageStatus, now: datetime, by: str, external: dict[str, str]) -> None:
    program = Program.objects.filter(code=status.program).first()
    if program is None:
        raise NotYet(f"program {status.program} is not known")
    program_event = ProgramEvent.objects.create(
        program=program,
        reason=status.reason,
        **external,
        **status.model_dump(
            include={
                "stage_uid",
                "event_uid",
                "event_number",
                "event_name",
                "stage_number",
                "category",
                "time_zone",
                "starts_at",
                "ends_at",
                "started_at",
                "state",
                "revision",
            }
        ),
    )
    _record(program_event, "", now, by)


def _move(program_event: ProgramEvent, status: StageStatus) -> None:
    match status.state:
        case "In Progress":
            program_event.begin(status.started_at)
        case "Completed":
            program_event.complete(status.started_at)
        case "Canceled":
            program_event.cancel(status.reason, status.started_at)


def _record(program_event: ProgramEvent, was: str, now: datetime, by: str) -> None:
    Transition.objects.create(
        program_event=program_event,
        revision=program_event.revision,
        from_state=was,
        to_state=program_event.state,
        at=now,
        by=by,
        why=program_event.reason,
    )
    tell_pages(program_event.event_number)
