"""Planning an event. Every function locks, looks, acts, and writes history with it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from integration.refusals import Refused

from ..choices import EDITABLE_STATES, EventState, StageState, StrategyState
from ..models import Event, Stage, Strategy, Transition
from .history import save_event
from .locks import lock_event, lock_stages


class EventNotEditable(Refused):
    """The event is neither New nor Denied."""


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
        raise StrategyArchived(
            _("“%(name)s” is archived. Choose an active strategy, or activate it first.") % {"name": strategy.name}
        )
    event = Event.objects.create(
        number=next_number(now),
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


def _lock_editable(event_id: int) -> Event:
    event = lock_event(event_id)
    if event.state not in EDITABLE_STATES:
        raise EventNotEditable(
            _("%(number)s is %(state)s; only New and Denied events can be edited.")
            % {"number": event.number, "state": event.state}
        )
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


def next_number(now: datetime) -> str:
    """The number people call a new event by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('derms_event_number')")
        return f"DR-{now.year}-{cursor.fetchone()[0]:04}"
