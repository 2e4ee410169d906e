"""Planning an event. Every function locks, looks, acts, and writes history with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from integration.seam import sql
from integration.seam.refusals import Refused

from ..choices import EDITABLE_STATES, EventState, StageState, StrategyState
from ..models import Event, Stage, Strategy, Transition
from .history import last_change, save_event
from .locks import lock_event, lock_stages


class EventNotEditable(Refused):
    """The event is neither New nor Denied."""


class EventChanged(Refused):
    """Somebody else has changed the event since the person opened it."""


class StrategyArchived(Refused):
    """New events are made from Active strategies only."""


class PlannedStage(NamedTuple):
    """A stage as a plan has it: its columns and groups; `number` names the stage it was, None where it is new."""

    number: int | None
    fields: dict[str, Any]
    der_groups: list[Any]


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
    overridden_rules: Sequence[str] = (),
    stages: list[PlannedStage] | None = None,
) -> Event:
    """A New event with the strategy's fields and these stages.

    Without any it has the strategy's default stages, each beginning at `starts_at` plus its offset.
    """
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
        overridden_rules=list(overridden_rules),
        author=by,
        last_editor=by,
    )
    for planned in _default_stages(strategy, starts_at) if stages is None else stages:
        _add_planned(event, planned)
    Transition.objects.create(event=event, revision=1, to_state=EventState.NEW, at=now, by=by.username)
    return event


@transaction.atomic
def edit_event(
    *,
    event_id: int,
    fields: dict[str, Any],
    by: Any,
    now: datetime,
    stages: list[PlannedStage] | None = None,
    revision: int | None = None,
) -> None:
    """Change an event's own fields, and its stages into these; it is New again, every approval at its beginning.

    `revision` is the one the person saw: a later one raises EventChanged, so that nobody's change is lost.
    """
    event = _lock_editable(event_id)
    if revision is not None and revision != event.revision:
        raise EventChanged(_who_changed(event), last_change(event))
    for name, value in fields.items():
        setattr(event, name, value)
    event.save(update_fields=list(fields))
    if stages is not None:
        _replace_stages(event, stages)
    _note_edit(event, by, now, "Details edited" if stages is None else "Plan edited")


@transaction.atomic
def add_stage(*, event_id: int, fields: dict[str, Any], der_groups: list[Any], by: Any, now: datetime) -> Stage:
    """Add a stage behind the others."""
    event = _lock_editable(event_id)
    stage = _add_planned(event, PlannedStage(None, fields, der_groups))
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


def require_editable(event: Event) -> None:
    """Raise EventNotEditable outside New and Denied."""
    if event.state not in EDITABLE_STATES:
        raise EventNotEditable(
            _("%(number)s is %(state)s; only New and Denied events can be edited.")
            % {"number": event.number, "state": event.state},
            last_change(event),
        )


def _lock_editable(event_id: int) -> Event:
    event = lock_event(event_id)
    require_editable(event)
    return event


def _default_stages(strategy: Strategy, starts_at: datetime) -> list[PlannedStage]:
    names = ("program_id", "target_kw", "share_pct", "control", "control_value")
    planned = []
    for default in strategy.stages.prefetch_related("der_groups").order_by("number"):
        starts = starts_at + timedelta(minutes=default.offset_minutes)
        window = {"starts_at": starts, "ends_at": starts + timedelta(minutes=default.length_minutes)}
        fields = {name: getattr(default, name) for name in names} | window
        planned.append(PlannedStage(None, fields, list(default.der_groups.all())))
    return planned


def _add_planned(event: Event, planned: PlannedStage) -> Stage:
    last = event.stages.aggregate(number=Max("number"))["number"] or 0
    stage = Stage.objects.create(event=event, number=last + 1, **planned.fields)
    stage.der_groups.set(planned.der_groups)
    return stage


def _replace_stages(event: Event, stages: list[PlannedStage]) -> None:
    """Stages that are still there keep their uid and number; the others go, and new ones come behind."""
    there = {stage.number: stage for stage in lock_stages(event)}
    event.stages.exclude(number__in=[planned.number for planned in stages if planned.number]).delete()
    for planned in stages:
        if stage := there.get(planned.number or 0):
            for name, value in planned.fields.items():
                setattr(stage, name, value)
            stage.save(update_fields=list(planned.fields))
            stage.der_groups.set(planned.der_groups)
        else:
            _add_planned(event, planned)


def _who_changed(event: Event) -> str:
    last = event.transitions.filter(stage=None).order_by("-revision")[0]
    at = last.at.astimezone(ZoneInfo(event.zone.time_zone))
    return _(
        "%(by)s changed %(number)s at %(at)s (%(why)s) while you were editing it. Nothing of yours is saved; "
        "open Edit again and make your change on what stands there now."
    ) % {"by": last.by, "number": event.number, "at": f"{at:%H:%M %Z}", "why": last.why or last.to_state}


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
    number = sql.value("SELECT nextval('derms_event_number')")
    return f"DR-{now.year}-{number:04}"
