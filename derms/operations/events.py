"""Creating and editing an event's plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

from ..choices import EDITABLE_STATES, EventState, StrategyState
from ..models import Event, Stage, Strategy, Transition
from .announcing import announce_event
from .figures import forget_expected
from .history import last_change, save_event
from .locks import lock_event, lock_stages, require_unchanged

OUT_OF_THE_WAY = 10_000  # more than any number of a stage
DETAILS_EDITED = recorded("Details edited")()
PLAN_EDITED = recorded("Plan edited")()


class EventNotEditable(Refused):
    """The event is neither New nor Denied."""


class StrategyArchived(Refused):
    """New events are made from Active strategies only."""


class PlannedStage(NamedTuple):
    """A stage of a plan: its columns and groups. `number` is that of the existing stage, None if it is new."""

    number: int | None
    fields: dict[str, Any]
    der_groups: list[Any]


@dataclass(frozen=True, kw_only=True)
class EventDetails:
    """What one event changes of its strategy; an empty field keeps the strategy's value."""

    name: str = ""
    description: str = ""
    target_kw: int | None = None
    threshold_kw: int | None = None
    overridden_rules: Sequence[str] = ()

    def over(self, strategy: Strategy) -> dict[str, Any]:
        """Return the columns of an event made from the strategy with these details."""
        return {
            "name": self.name or strategy.name,
            "description": self.description or strategy.description,
            "target_kw": strategy.target_kw if self.target_kw is None else self.target_kw,
            "threshold_kw": strategy.threshold_kw if self.threshold_kw is None else self.threshold_kw,
            "overridden_rules": list(self.overridden_rules),
        }


@transaction.atomic
def create_event(
    *,
    strategy_id: int,
    starts_at: datetime,
    by: Any,
    now: datetime,
    details: EventDetails,
    stages: list[PlannedStage] | None = None,
) -> Event:
    """Create a New event with the strategy's fields and these stages.

    If `stages` is None it gets the strategy's default stages, each starting at `starts_at` plus its offset.
    """
    strategy = Strategy.objects.select_for_update(no_key=True).get(pk=strategy_id)
    if strategy.state != StrategyState.ACTIVE:
        raise StrategyArchived(
            _("“%(name)s” is archived. Choose an active strategy, or activate it first.") % {"name": strategy.name}
        )
    event = Event.objects.create(
        number=next_number(now),
        zone_id=strategy.zone_id,
        strategy=strategy,
        type_id=strategy.type_id,
        objective=strategy.objective,
        call_order=strategy.call_order,
        author=by,
        last_editor=by,
        **details.over(strategy),
    )
    for number, planned in enumerate(_default_stages(strategy, starts_at) if stages is None else stages, start=1):
        _add_planned(event, planned, number)
    Transition.objects.create(event=event, revision=1, to_state=EventState.NEW, at=now, by=by.username)
    announce_event(event, was="")
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
    """Change an event's fields and replace its stages; the event is New again, with every approval reset.

    `revision` is the one the person saw: raises EventChanged if the event has changed since, so that no edit is lost.
    """
    event = lock_event(event_id)
    require_editable(event)
    if revision is not None:
        require_unchanged(event, revision)
    for name, value in fields.items():
        setattr(event, name, value)
    event.save(update_fields=list(fields))
    if stages is not None:
        _replace_stages(event, stages)
    _note_edit(event, by, now, DETAILS_EDITED if stages is None else PLAN_EDITED)


def require_editable(event: Event) -> None:
    """Raise EventNotEditable outside New and Denied."""
    if event.state not in EDITABLE_STATES:
        raise EventNotEditable(
            _("%(number)s is %(state)s; only New and Denied events can be edited.")
            % {"number": event.number, "state": event.state},
            last_change(event),
        )


def _default_stages(strategy: Strategy, starts_at: datetime) -> list[PlannedStage]:
    names = ("program_id", "target_kw", "share_pct", "control", "control_value")
    planned = []
    for default in strategy.stages.prefetch_related("der_groups").order_by("number"):
        starts = default.begins(starts_at, strategy.zone.time_zone)
        window = {"starts_at": starts, "ends_at": starts + timedelta(minutes=default.length_minutes)}
        fields = {name: getattr(default, name) for name in names} | window
        planned.append(PlannedStage(None, fields, list(default.der_groups.all())))
    return planned


def _add_planned(event: Event, planned: PlannedStage, number: int) -> None:
    stage = Stage.objects.create(event=event, number=number, **planned.fields)
    stage.der_groups.set(planned.der_groups)


def _replace_stages(event: Event, stages: list[PlannedStage]) -> None:
    """Update stages that are still in the plan, keeping their uid, delete the others, and append new ones.

    They are numbered from 1 on in the order of the plan: no other system knows stages of an event that can be edited.
    """
    there = {stage.number: stage for stage in lock_stages(event)}
    event.stages.exclude(number__in=[planned.number for planned in stages if planned.number]).delete()
    event.stages.update(number=F("number") + OUT_OF_THE_WAY)  # no two may have the same number at any time
    for number, planned in enumerate(stages, start=1):
        if stage := there.get(planned.number or 0):
            for name, value in {**planned.fields, "number": number}.items():
                setattr(stage, name, value)
            stage.save(update_fields=[*planned.fields, "number"])
            stage.der_groups.set(planned.der_groups)
        else:
            _add_planned(event, planned, number)


def _note_edit(event: Event, by: Any, now: datetime, what: str) -> None:
    was = event.state
    event.edit(by)
    forget_expected(event)
    save_event(event, was=was, by=by, now=now, why=what)


def next_number(now: datetime) -> str:
    """Return the next event number, such as DR-2026-0142."""
    number = sql.value("SELECT nextval('derms_event_number')")
    return f"DR-{now.year}-{number:04}"
