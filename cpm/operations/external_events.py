"""Program events that a DERMS from outside plans, reserves for and reports, call by call.

They are followed as Gridcall's own are; only the ids are another system's, so ours are made of them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.queries.external_events import events_named, program_of_devices, stages_of_event
from integration.seam import extracts, sql
from integration.seam.messages import Category, StageStatus
from integration.seam.nudges import tell_pages
from integration.seam.refusals import Refused

from ..choices import ProgramEventState
from ..set_operations import (
    add_unreserved_devices,
    clear_left,
    drop_known_outcomes,
    drop_participants,
    load_outcome_rows,
    load_participations,
    refused_rows,
)
from .participation import attach_empty_outcomes, save_counts, take_in_nothing
from .program_events import follow_stage

S = ProgramEventState
LONGEST_NUMBER = 20  # characters of an event's number
OWN_NUMBER = re.compile(r"DR-\d{4}-\d+")  # what Gridcall's own DERMS gives, perhaps only tomorrow
LONGEST_REASON = 200
# The states from which each leads on; from its own it has no effect.
LEADS_FROM: dict[str, tuple[str, ...]] = {
    S.SCHEDULED: (),
    S.IN_PROGRESS: (S.SCHEDULED,),
    S.COMPLETED: (S.IN_PROGRESS,),
    S.CANCELED: (S.SCHEDULED, S.IN_PROGRESS),
}


class ExternalEventRefused(Refused):
    """The call does not fit what is known of the event."""


class NoSuchEvent(Refused):
    """No event or stage has this id."""

    status = 404


class PlannedOutside(NamedTuple):
    """A stage as a DERMS from outside plans it; ids are its own."""

    stage_id: str
    event_id: str
    program: str
    category: Category
    starts_at: datetime
    ends_at: datetime


class Loaded(NamedTuple):
    """What became of the rows of a call: how many were applied, and which were refused why."""

    program_event: ProgramEvent
    applied: int
    refused: list[tuple[str, str, str]]


@transaction.atomic
def add_external_event(planned: PlannedOutside, *, by: str, now: datetime) -> ProgramEvent:
    """Create the program event of a stage; one that was created by this call before is returned.

    Raises ExternalEventRefused if it was created with other contents.
    """
    _lock("event", planned.event_id)
    _lock("stage", planned.stage_id)
    found = stages_of_event(planned.event_id)
    known = next((one for one in found if one.external_id == planned.stage_id), None)
    if known is None and [one.external_id for one in found] == [planned.event_id]:
        known = _named_now(found[0], planned)  # a reservation came first
    if known:
        _require_same(known, planned)
        return known
    if ProgramEvent.objects.filter(external_id=planned.stage_id).exists():
        raise ExternalEventRefused(
            _("The stage %(stage)s belongs to another event already.") % {"stage": planned.stage_id}
        )
    return _create(planned, number=1 + len(found), by=by, now=now)


@transaction.atomic
def move_external_event(*, named: str, to: ProgramEventState, reason: str = "", by: str, now: datetime) -> ProgramEvent:
    """Lead a program event on, named by the id of its event or stage; from its present state on it has no effect.

    Raises NoSuchEvent, and ExternalEventRefused if the event has several stages or the state does not allow it.
    """
    program_event = _locked(named)
    if program_event.state == to:
        return program_event
    if program_event.state not in LEADS_FROM[to]:
        raise ExternalEventRefused(
            _("%(event)s is %(state)s, which does not lead to %(to)s.")
            % {"event": named, "state": program_event.get_state_display(), "to": to.label}
        )
    started_at = now if to == S.IN_PROGRESS else program_event.started_at
    status = _status(program_event, state=to, started_at=started_at, reason=reason[:LONGEST_REASON])
    follow_stage(status, now=now, by=by)
    program_event.refresh_from_db()
    return program_event


@transaction.atomic
def reserve_devices(
    *, named: str, window: tuple[datetime, datetime], rows: Sequence[dict[str, Any]], by: str, now: datetime
) -> Loaded:
    """Add participations of an event's devices, and create the event if there is none, with its devices' program.

    A device that is reserved already stays so. Raises ExternalEventRefused.
    """
    _lock("event", named)
    if not events_named(named):
        program = program_of_devices([(one["head_end"], one["nic_id"]) for one in rows])
        if program is None:
            raise ExternalEventRefused(
                _("There is no event %(event)s, and its devices are not all enrolled in one program. Post it first.")
                % {"event": named}
            )
        _create(PlannedOutside(named, named, program.code, "Economic", *window), number=1, by=by, now=now)
    program_event = _locked(named, window)
    if program_event.state not in (S.SCHEDULED, S.IN_PROGRESS):
        raise ExternalEventRefused(
            _("%(event)s is %(state)s; nothing more is reserved for it.")
            % {"event": named, "state": program_event.get_state_display()}
        )
    if program_event.reservations_loaded_at is None:
        take_in_nothing(program_event, now)
    staged = extracts.stage_rows(rows, kind="device_reservation")
    refused = refused_rows(program_event, staged.table)
    drop_participants(program_event, staged)
    applied = load_participations(program_event, staged, into="cpm_participation")
    clear_left(program_event, of="cpm_participation")
    return _counted(program_event, applied, refused)


@transaction.atomic
def report_outcomes(*, named: str, rows: Sequence[dict[str, Any]], now: datetime) -> Loaded:
    """Add the outcomes of an event's devices; the first one of a device counts, as a call that is sent again has it.

    A device without reservation has a participation with flag No. Raises NoSuchEvent, ExternalEventRefused.
    """
    program_event = _locked(named)
    if program_event.started_at is None:
        raise ExternalEventRefused(
            _("%(event)s is %(state)s and was never in progress; its devices have no outcomes.")
            % {"event": named, "state": program_event.get_state_display()}
        )
    if program_event.reservations_loaded_at is None:
        take_in_nothing(program_event, now)
    if program_event.outcomes_loaded_at is None:
        attach_empty_outcomes(program_event, now)
    staged = extracts.stage_rows(rows, kind="device_outcome")
    refused = refused_rows(program_event, staged.table)
    drop_known_outcomes(program_event, staged)
    applied = load_outcome_rows(program_event, staged, into="cpm_outcome")
    add_unreserved_devices(program_event)
    return _counted(program_event, applied, refused)


def _counted(program_event: ProgramEvent, applied: int, refused: list[tuple[str, str, str]]) -> Loaded:
    save_counts(program_event)
    tell_pages(program_event.event_number)
    return Loaded(program_event, applied, refused)


def _create(planned: PlannedOutside, *, number: int, by: str, now: datetime) -> ProgramEvent:
    if not Program.objects.filter(code=planned.program).exists():
        raise ExternalEventRefused(_("There is no program “%(code)s”.") % {"code": planned.program})
    stage_uid = _uid("stage", planned.stage_id)
    # The messages of stages carry what a device is told; a DERMS from outside tells its devices itself.
    status = StageStatus(
        stage_uid=stage_uid,
        event_uid=_uid("event", planned.event_id),
        event_number=_number_of(planned.event_id),
        event_name=planned.event_id,
        stage_number=number,
        program=planned.program,
        category=planned.category,
        time_zone=str(settings.NIGHTLY_TIME_ZONE),
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        control="off",
        control_value=0,
        state="Scheduled",
        started_at=None,
        revision=1,
    )
    follow_stage(status, now=now, by=by, external_id=planned.stage_id, external_event_id=planned.event_id)
    return ProgramEvent.objects.get(stage_uid=stage_uid)


def _status(program_event: ProgramEvent, **changed: Any) -> StageStatus:
    """A program event as the message about its stage, with the next revision."""
    same = {name: getattr(program_event, name) for name in StageStatus.model_fields if hasattr(program_event, name)}
    given = {
        **same, "program": program_event.program.code, "control": "off", "control_value": 0,
        "revision": program_event.revision + 1, **changed,
    }  # fmt: skip
    return StageStatus.model_validate(given)


def _named_now(program_event: ProgramEvent, planned: PlannedOutside) -> ProgramEvent:
    """Give a program event that a reservation created what its planning says."""
    program_event.external_id, program_event.category = planned.stage_id, planned.category
    program_event.save(update_fields=["external_id", "category"])
    return program_event


def _require_same(known: ProgramEvent, planned: PlannedOutside) -> None:
    found = (known.program.code, known.category, known.starts_at, known.ends_at)
    if found != (planned.program, planned.category, planned.starts_at, planned.ends_at):
        raise ExternalEventRefused(
            _("The stage %(stage)s is there already, with another program, category or window. Nothing was changed.")
            % {"stage": planned.stage_id}
        )


def _locked(named: str, window: tuple[datetime, datetime] | None = None) -> ProgramEvent:
    """Lock the only program event that an id of an event or stage names; a window chooses among several."""
    found = events_named(named)
    if len(found) > 1 and window:
        found = [one for one in found if (one.starts_at, one.ends_at) == window] or found
    if not found:
        raise NoSuchEvent(_("There is no event and no stage “%(named)s”.") % {"named": named})
    if len(found) > 1:
        raise ExternalEventRefused(
            _("The event %(event)s has %(count)s stages; name one of them: %(stages)s.")
            % {"event": named, "count": len(found), "stages": ", ".join(one.external_id for one in found)}
        )
    return (
        ProgramEvent.objects.select_for_update(no_key=True, of=("self",)).select_related("program").get(pk=found[0].pk)
    )


def _lock(kind: str, external_id: str) -> None:
    """Let one call at a time create stages of an event, or the stage of an id. Who takes both takes the event first."""
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"external {kind}|{external_id}"])


def _uid(kind: str, external_id: str) -> UUID:
    """The uid of another system's id; the same each time."""
    return uuid5(NAMESPACE_URL, f"gridcall:external-{kind}:{external_id}")


def _number_of(event_id: str) -> str:
    """The event's number on pages: its id, or a short form of it if that is too long or like one of another event."""
    uid = _uid("event", event_id)
    number = event_id.upper()
    taken = ProgramEvent.objects.filter(event_number=number).exclude(event_uid=uid).exists()
    is_like_another = taken or OWN_NUMBER.fullmatch(number) or len(number) > LONGEST_NUMBER
    return f"X-{uid.hex[:12].upper()}" if is_like_another else number
