"""Cloning an event."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from integration.seam.recorded import recorded

from ..choices import EventState
from ..models import Event, Stage, Transition
from .events import next_number
from .locks import lock_event

CLONE = recorded("Clone of %(event)s")

EVENT_FIELDS = (
    "name", "description", "zone_id", "strategy_id", "type_id", "objective", "target_kw", "threshold_kw",
    "call_order", "overridden_rules",
)  # fmt: skip
STAGE_FIELDS = ("program_id", "target_kw", "share_pct", "control", "control_value")


@transaction.atomic
def clone_event(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> Event:
    """Create a New event with the same plan at the same times of day, on the first day that leaves the lead time.

    `revision` is the event's as the person saw it. Raises EventChanged if there is another one by now.
    """
    source = lock_event(event_id, revision)
    stages = list(source.stages.order_by("number"))
    fields = {name: getattr(source, name) for name in EVENT_FIELDS}
    event = Event.objects.create(number=next_number(now), author=by, last_editor=by, **fields)
    earliest = now + timedelta(seconds=source.type.lead_time_s)
    later = _days_later(min((s.starts_at for s in stages), default=now), source.zone.time_zone, earliest)
    for stage in stages:
        _copy_stage(stage, event, later)
    why = CLONE(event=source.number)
    Transition.objects.create(event=event, revision=1, to_state=EventState.NEW, at=now, by=by.username, why=why)
    return event


def _copy_stage(source: Stage, event: Event, later: timedelta) -> None:
    fields = {name: getattr(source, name) for name in STAGE_FIELDS}
    window = {"starts_at": source.starts_at + later, "ends_at": source.ends_at + later}
    stage = Stage.objects.create(event=event, number=source.number, **window, **fields)
    stage.der_groups.set(source.der_groups.all())


def _days_later(first: datetime, time_zone: str, earliest: datetime) -> timedelta:
    """Return how far to move a start so that it keeps its local time of day and isn't before `earliest`."""
    local = first.astimezone(ZoneInfo(time_zone))
    days = max(0, (earliest.astimezone(local.tzinfo).date() - local.date()).days)
    moved = local + timedelta(days=days)
    if moved < earliest:
        moved = local + timedelta(days=days + 1)
    return moved.astimezone(ZoneInfo("UTC")) - first
