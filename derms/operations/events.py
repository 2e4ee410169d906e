"""What operators and approvers do with an event. Every function locks, looks, acts, and writes history with it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from integration import outbox
from integration.alerts import close_alert
from integration.refusals import Refused

from ..choices import EDITABLE_STATES, SHARED_OBJECTIVES, EventState, Objective, StageState, StrategyState
from ..models import Event, Stage, Strategy, Transition
from ..queries import earliest_start, hours_without_forecast, overlapping_pair, uneven_shares
from .history import save_event
from .locks import lock_event, lock_stages


class EventNotEditable(Refused):
    """The event is neither New nor Denied."""


class EventNotSubmittable(Refused):
    """Something of the event is missing, too soon or contradictory."""


class EventNotApprovable(Refused):
    """Not by this person, or not any more."""


class EventNotInState(Refused):
    """The event's state does not allow this action."""


class StrategyArchived(Refused):
    """New events are made from Active strategies only."""


@transaction.atomic
def create_event(
    *,
    strategy_id: int,
    name: str,
    starts_at: datetime,
    by: Any,
    now: datetime,
    description: str = "",
    target_kw: int | None = None,
    threshold_kw: int | None = None,
) -> Event:
    """A New event with the strategy's fields and default stages, the first beginning at `starts_at` plus its offset."""
    strategy = Strategy.objects.select_for_update(no_key=True).get(pk=strategy_id)
    if strategy.state != StrategyState.ACTIVE:
        raise StrategyArchived(f"“{strategy.name}” is archived. Choose an active strategy, or activate it first.")
    event = Event.objects.create(
        number=_next_number(now),
        name=name or strategy.name,
        description=description or strategy.description,
        zone_id=strategy.zone_id,
        strategy=strategy,
        type_id=strategy.type_id,
        objective=strategy.objective,
        target_kw=strategy.target_kw if target_kw is None else target_kw,
        threshold_kw=strategy.threshold_kw if threshold_kw is None else threshold_kw,
        author=by,
        last_editor=by,
    )
    for default in strategy.stages.order_by("number"):
        starts = starts_at + timedelta(minutes=default.offset_minutes)
        stage = Stage.objects.create(
            event=event,
            number=default.number,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=default.length_minutes),
            **{f: getattr(default, f) for f in ("program_id", "target_kw", "share_pct", "control", "control_value")},
        )
        stage.der_groups.set(default.der_groups.all())
    Transition.objects.create(event=event, revision=1, to_state=EventState.NEW, at=now, by=by.username)
    return event


@transaction.atomic
def edit_event(*, event_id: int, fields: dict[str, Any], by: Any, now: datetime) -> None:
    """Change an event's own fields; it is New again and every approval is back at its beginning."""
    event = _lock_editable(event_id)
    for name, value in fields.items():
        setattr(event, name, value)
    event.save(update_fields=list(fields))
    _note_edit(event, by, now, "Details edited")


@transaction.atomic
def add_stage(*, event_id: int, fields: dict[str, Any], der_groups: list[Any], by: Any, now: datetime) -> Stage:
    """Add a stage behind the others."""
    event = _lock_editable(event_id)
    last = event.stages.order_by("-number").first()
    stage = Stage.objects.create(event=event, number=last.number + 1 if last else 1, **fields)
    stage.der_groups.set(der_groups)
    _note_edit(event, by, now, f"Stage {stage.number} added")
    return stage


@transaction.atomic
def edit_stage(*, stage_id: int, fields: dict[str, Any], der_groups: list[Any], by: Any, now: datetime) -> None:
    """Change one stage's window, program, groups, target or control."""
    stage = _lock_editable_stage(stage_id)
    for name, value in fields.items():
        setattr(stage, name, value)
    stage.save(update_fields=list(fields))
    stage.der_groups.set(der_groups)
    _note_edit(stage.event, by, now, f"Stage {stage.number} edited")


@transaction.atomic
def remove_stage(*, stage_id: int, by: Any, now: datetime) -> None:
    """Take a stage out of an event that is still being planned."""
    stage = _lock_editable_stage(stage_id)
    stage.delete()
    _note_edit(stage.event, by, now, f"Stage {stage.number} removed")


@transaction.atomic
def shift_stages(*, event_id: int, by_minutes: int, by: Any, now: datetime) -> None:
    """Move every stage earlier (below zero) or later by so many minutes."""
    event = _lock_editable(event_id)
    for stage in lock_stages(event):
        stage.starts_at += timedelta(minutes=by_minutes)
        stage.ends_at += timedelta(minutes=by_minutes)
        stage.save(update_fields=["starts_at", "ends_at"])
    _note_edit(event, by, now, f"All stages shifted by {by_minutes:+d} min")


@transaction.atomic
def submit_event(*, event_id: int, by: Any, now: datetime, accepted_kw: int = 0) -> None:
    """Ask for approval. `accepted_kw`: the shortfall the operator accepts at Schedule."""
    event = lock_event(event_id)
    _require_state(event, "submitted", EventState.NEW)
    stages = lock_stages(event)
    _check_plan(event, stages, now)
    was = event.state
    event.submit(by, accepted_kw)
    save_event(event, was=was, by=by, now=now, why=_accepting(accepted_kw))


@transaction.atomic
def withdraw_event(*, event_id: int, by: Any, now: datetime) -> None:
    """Take a submitted event back to New."""
    event = lock_event(event_id)
    _require_state(event, "withdrawn", EventState.SUBMITTED)
    was = event.state
    event.withdraw()
    save_event(event, was=was, by=by, now=now)


@transaction.atomic
def deny_event(*, event_id: int, by: Any, now: datetime, reason: str) -> None:
    """Refuse approval, with a reason the operator reads."""
    event = lock_event(event_id)
    _require_state(event, "denied", EventState.SUBMITTED)
    if not reason.strip():
        raise EventNotApprovable("Say why the event is denied: its author reads the reason and mends the plan.")
    was = event.state
    event.deny()
    save_event(event, was=was, by=by, now=now, why=reason.strip())


@transaction.atomic
def approve_event(*, event_id: int, by: Any, now: datetime) -> None:
    """Approve another person's event; the scheduler then chooses and reserves its devices."""
    event = lock_event(event_id)
    _require_state(event, "approved", EventState.SUBMITTED)
    if sentence := own_event_sentence(event, by):
        raise EventNotApprovable(sentence)
    check_lead_time(event, lock_stages(event), now, EventNotApprovable)
    was = event.state
    event.approve(by, now)
    save_event(event, was=was, by=by, now=now)
    outbox.wake()


@transaction.atomic
def schedule_event_again(*, event_id: int, by: Any, now: datetime) -> None:
    """Let the scheduler try once more to choose and reserve an approved event's devices."""
    event = lock_event(event_id)
    _require_state(event, "scheduled again", EventState.APPROVED)
    event.schedule_due_at = now
    save_event(event, was=event.state, by=by, now=now, why="Schedule again")
    close_alert(not_scheduled_key(event), by=by.username)
    outbox.wake()


@transaction.atomic
def schedule_event_with_shortfall(*, event_id: int, accepted_kw: int, by: Any, now: datetime) -> None:
    """Accept a larger shortfall; the event goes back to its approver."""
    event = lock_event(event_id)
    _require_state(event, "sent back with a larger shortfall", EventState.APPROVED)
    was = event.state
    event.accept_shortfall(accepted_kw, by)
    save_event(event, was=was, by=by, now=now, why=_accepting(accepted_kw))
    close_alert(not_scheduled_key(event), by=by.username)


def own_event_sentence(event: Event, person: Any) -> str:
    """Why this person may not approve this event; empty where they may. Four eyes: nobody approves their own work."""
    parts = {"wrote": event.author_id, "last edited": event.last_editor_id, "submitted": event.submitter_id}
    did = [verb for verb, pk in parts.items() if pk == person.pk]
    if not did:
        return ""
    return f"You {' and '.join(did)} {event.number}, so another person has to approve it."


def check_lead_time(event: Event, stages: list[Stage], now: datetime, refusal: type[Refused]) -> None:
    """Raise `refusal` where the first stage starts sooner than the type's minimum lead time."""
    lead = timedelta(seconds=event.type.lead_time_s)
    start = earliest_start(stages)
    if start < now + lead:
        seconds = (start - now).total_seconds()
        begins = f"starts in {seconds:.0f} s" if seconds > 0 else f"should have started {-seconds:.0f} s ago"
        raise refusal(
            f"The first stage {begins}; {event.type_id} events need at least"
            f" {event.type.lead_time_s} s of lead time. Shift the stages to a later start."
        )


def not_scheduled_key(event: Event) -> str:
    """The alert of an approved event that could not be scheduled."""
    return f"not scheduled:{event.uid}"


def _check_plan(event: Event, stages: list[Stage], now: datetime) -> None:
    if not event.name.strip():
        raise EventNotSubmittable("The event has no name. Give it one that says what it is for.")
    if not stages:
        raise EventNotSubmittable("The event has no stage. Add at least one with + Add Stage.")
    _check_targets(event, stages)
    check_lead_time(event, stages, now, EventNotSubmittable)
    if missing := hours_without_forecast(event, stages):
        raise EventNotSubmittable(
            f"{missing} h of the stages have no forecast for {event.zone}. Load a forecast, or move the stages."
        )
    if pair := overlapping_pair(stages):
        raise EventNotSubmittable(
            f"Stages {pair[0].number} and {pair[1].number} use {pair[0].program} at the same time. Shift one of them."
        )


def _check_targets(event: Event, stages: list[Stage]) -> None:
    """What the objective needs to be known: docs/reference/states.md, How devices are chosen."""
    if event.objective == Objective.LOAD_REDUCTION and not event.target_kw:
        raise EventNotSubmittable("The event has no target. Say how many kW its stages are to reduce together.")
    if event.objective == Objective.MAX_DEMAND_THRESHOLD and event.threshold_kw is None:
        raise EventNotSubmittable("The event has no threshold. Say up to how many kW the zone's load may go.")
    aimless = [stage.number for stage in stages if not stage.target_kw]
    if event.objective == Objective.MANUAL and aimless:
        raise EventNotSubmittable(f"Stage {aimless[0]} has no target. Say how many kW it is to reduce.")
    if event.objective in SHARED_OBJECTIVES and (uneven := uneven_shares(stages)):
        numbers = " and ".join(str(stage.number) for stage in uneven)
        raise EventNotSubmittable(f"The shares of stages {numbers} do not come to 100 %. Correct or clear all of them.")


def _require_state(event: Event, done: str, state: EventState) -> None:
    if event.state != state:
        raise EventNotInState(f"{event.number} is {event.state}; only an event that is {state} can be {done}.")


def _lock_editable(event_id: int) -> Event:
    event = lock_event(event_id)
    if event.state not in EDITABLE_STATES:
        raise EventNotEditable(f"{event.number} is {event.state}; only New and Denied events can be edited.")
    return event


def _lock_editable_stage(stage_id: int) -> Stage:
    event_id = Stage.objects.values_list("event_id", flat=True).get(pk=stage_id)
    event = _lock_editable(event_id)
    stage = Stage.objects.select_for_update(no_key=True).get(pk=stage_id, state=StageState.NEW)
    stage.event = event
    return stage


def _note_edit(event: Event, by: Any, now: datetime, what: str) -> None:
    was = event.state
    event.edit(by)
    save_event(event, was=was, by=by, now=now, why=what)


def _accepting(kw: int) -> str:
    return f"Shortfall of up to {kw} kW accepted" if kw else ""


def _next_number(now: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('derms_event_number')")
        return f"DR-{now.year}-{cursor.fetchone()[0]:04}"
