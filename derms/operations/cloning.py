"""Cloning an event."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from integration.seam.localtime import days_later
from integration.seam.recorded import recorded

from ..choices import EventState
from ..models import Event, Stage, Transition
from ..objectives import OBJECTIVES
from .announcing import announce_event
from .events import next_number
from .locks import lock_event

CLONE = recorded("Clone of %(event)s")

EVENT_FIELDS = (
    "name", "description", "zone_id", "strategy_id", "type_id", "objective", "target_kw", "threshold_kw",
    "call_order", "overridden_rules",
)  # fmt: skip
DAYS = ("{d:%Y-%m-%d}", "{d:%d %b}", "{d.day} {d:%b}", "{d:%d %B}", "{d.day} {d:%B}", "{d:%d.%m.%Y}")  # in names
STAGE_FIELDS = ("program_id", "target_kw", "share_pct", "control", "control_value", "generated")


@transaction.atomic
def clone_event(*, event_id: int, by: Any, now: datetime, revision: int | None = None) -> Event:
    """Create a New event with the same plan at the same times of day, from the first day on that leaves the lead time.

    Each stage keeps its own times, whatever the clocks do between the days of the event. Where the objective follows
    the forecast, a generated stage becomes an ordinary one: its target came from the forecast of another day.
    `revision` is the event's as the person saw it. Raises EventChanged if there is another one by now.
    """
    source = lock_event(event_id, revision)
    stages = list(source.stages.order_by("number"))
    fields = {name: getattr(source, name) for name in EVENT_FIELDS}
    first = min((s.starts_at for s in stages), default=now)
    days = _days_between(first, source.zone.time_zone, now + timedelta(seconds=source.type.lead_time_s))
    fields["name"] = _name_on_another_day(source.name, source.zone.local_day(first), days)
    event = Event.objects.create(number=next_number(now), author=by, last_editor=by, **fields)
    for stage in stages:
        _copy_stage(stage, event, days)
    why = CLONE(event=source.number)
    Transition.objects.create(event=event, revision=1, to_state=EventState.NEW, at=now, by=by.username, why=why)
    announce_event(event, was="")
    return event


def _name_on_another_day(name: str, day: date, days: int) -> str:
    """The name of an event that starts so many days later: if it says the day, in one of DAYS, it says the new one."""
    for form in DAYS:
        was, will_be = (form.format(d=one) for one in (day, day + timedelta(days=days)))
        name = re.sub(rf"\b{re.escape(was)}\b", will_be, name)
    return name


def _copy_stage(source: Stage, event: Event, days: int) -> None:
    fields = {name: getattr(source, name) for name in STAGE_FIELDS}
    if source.generated and OBJECTIVES[event.objective].follows_forecast:
        fields |= {"generated": False, "target_kw": None}
    starts_at, ends_at = (
        days_later(moment, event.zone.time_zone, days) for moment in (source.starts_at, source.ends_at)
    )
    if ends_at <= starts_at:  # in an hour that the clocks skip or repeat
        ends_at = starts_at + (source.ends_at - source.starts_at)
    stage = Stage.objects.create(event=event, number=source.number, starts_at=starts_at, ends_at=ends_at, **fields)
    stage.der_groups.set(source.der_groups.all())


def _days_between(first: datetime, time_zone: str, earliest: datetime) -> int:
    """Return by how many days to move a start so that it isn't before `earliest`."""
    day, earliest_day = (moment.astimezone(ZoneInfo(time_zone)).date() for moment in (first, earliest))
    days = max(0, (earliest_day - day).days)
    return days if days_later(first, time_zone, days) >= earliest else days + 1
