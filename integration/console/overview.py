"""What Overview shows of each system to people who may see it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractUser
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from derms.choices import FINAL_STAGE_STATES, Approval, EventState, StageState
from derms.four_eyes import own_work
from derms.models import ControlZone, Event, LoadForecast, Stage
from derms.queries.forecast_ends import zones_with_forecast_end
from derms.queries.lists import events_for_list

AHEAD = timedelta(hours=24)
STAGES_SHOWN = 20
# A zone whose forecast ends sooner than this can't have events tomorrow.
FORECAST_SHORT = timedelta(hours=24)


class Waiting(NamedTuple):
    """An event that waits for the person, and what it waits for."""

    event: Event
    what: str | Promise


class StageBar(NamedTuple):
    """A stage as a bar of the day's Gantt chart."""

    stage: Stage
    label: str
    starts_at: datetime
    ends_at: datetime
    state: str


class Day(NamedTuple):
    """The first stages that run or come within a day on one axis, and how many more there are.

    In UTC if their zones' times differ.
    """

    bars: list[StageBar]
    more: int
    starts_at: datetime
    ends_at: datetime
    time_zone: str


class Zone(NamedTuple):
    """A zone: its load in this hour, the highest forecast of the next 24 (kW), and its forecast's first gap."""

    zone: ControlZone
    load_kw: int | None
    peak_kw: int | None
    peak_at: datetime | None
    forecast_until: datetime | None
    resumes_at: datetime | None
    ends_soon: bool

    @property
    def exceeds_limit(self) -> bool:
        return self.zone.limit_kw is not None and (self.peak_kw or 0) > self.zone.limit_kw


def waiting_for(person: AbstractUser, now: datetime) -> list[Waiting]:
    """The events whose next step only this person, or somebody with their role, can take."""
    found = [(event, what) for event in _events_that_wait(now) if (what := _what_it_waits_for(event, person))]
    own = own_work(person, [event for event, _what in found if event.state == EventState.SUBMITTED])
    return [Waiting(event, what) for event, what in found if not own.get(event.pk)]


def plans_past_start(now: datetime) -> QuerySet[Event]:
    """Plans that wait for nothing any more: Submitted or Approved, and their start has passed."""
    states = (EventState.SUBMITTED, EventState.APPROVED)
    return events_for_list().filter(Q(starts_at__lte=now), state__in=states).order_by(F("starts_at"), "pk")


def day_ahead(now: datetime) -> Day:
    starts_at, ends_at = now, now + AHEAD
    stages = (
        Stage.objects.select_related("event__zone", "program")
        .exclude(state__in=FINAL_STAGE_STATES)
        .exclude(event__state=EventState.CANCELED)
        .filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
        .order_by("starts_at", "pk")
    )
    bars = [StageBar(s, _label(s), s.starts_at, s.ends_at, _state(s)) for s in stages[:STAGES_SHOWN]]
    more = stages.count() - STAGES_SHOWN if len(bars) == STAGES_SHOWN else 0
    zones = {bar.stage.event.zone.time_zone for bar in bars}
    return Day(bars, more, starts_at, ends_at, zones.pop() if len(zones) == 1 else "UTC")


def zones(now: datetime) -> list[Zone]:
    """Every control zone with its load in this hour (metered if known, else as forecast) and its coming peak."""
    coming = LoadForecast.objects.filter(zone=OuterRef("pk"), hour__gt=now - timedelta(hours=1), hour__lt=now + AHEAD)
    this_hour = coming.filter(hour__lte=now)
    highest = coming.order_by("-forecast_kw", "hour")
    found = zones_with_forecast_end(now).annotate(
        forecast_kw=Subquery(this_hour.values("forecast_kw")[:1]),
        metered_kw=Subquery(this_hour.values("metered_kw")[:1]),
        peak_kw=Subquery(highest.values("forecast_kw")[:1]),
        peak_at=Subquery(highest.values("hour")[:1]),
    )
    return [_zone(zone, now) for zone in found]


def _events_that_wait(now: datetime) -> QuerySet[Event]:
    """Events on which somebody has to act. Nobody can approve or schedule one whose start has passed."""
    states = (EventState.SUBMITTED, EventState.DENIED, EventState.APPROVED)
    return events_for_list().filter(Q(starts_at__gt=now), state__in=states).order_by(F("starts_at"), "pk")


def _what_it_waits_for(event: Event, person: AbstractUser) -> str | Promise | None:
    if event.state == EventState.SUBMITTED:
        return _approval_it_waits_for(event, person)
    if not person.has_perm("derms.plan_event"):
        return None
    if event.state == EventState.DENIED and person.pk in (event.author_id, event.last_editor_id, event.submitter_id):
        return _("Denied: edit it and submit it again")
    if event.state == EventState.APPROVED and event.schedule_due_at is None:
        return _("Could not be scheduled")
    return None


def _approval_it_waits_for(event: Event, person: AbstractUser) -> str | Promise | None:
    asks = event.balance_authority_approval == Approval.REQUIRED
    if event.approval == Approval.REQUIRED and person.has_perm("derms.approve_event"):
        return _("Approve or deny")
    if asks and person.has_perm("derms.approve_event_as_balance_authority"):
        return _("Balance Authority approval")
    return None


def _label(stage: Stage) -> str:
    return f"{stage.event.number} · {stage.number} {stage.program}"


def _state(stage: Stage) -> str:
    """The state to draw: the event's state as long as the stage is New."""
    state: str = stage.event.state if stage.state == StageState.NEW else stage.state
    return state


def _zone(zone: Any, now: datetime) -> Zone:
    until = zone.forecast_until
    load = zone.forecast_kw if zone.metered_kw is None else zone.metered_kw
    ends_soon = until is None or until - now < FORECAST_SHORT
    return Zone(zone, load, zone.peak_kw, zone.peak_at, until, zone.forecast_resumes_at, ends_soon)
