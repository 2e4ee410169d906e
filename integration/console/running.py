"""What runs now and whether it holds: delivered power against the target of this moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from derms.choices import EventState
from derms.figures.powers import stage_powers
from derms.models import Event, Stage
from derms.pages.power import Power, power_of
from derms.queries.lists import events_for_list
from integration.pages.numbers import share_pct


class Running(NamedTuple):
    """A running event, and its power now."""

    event: Event
    power: Power

    @property
    def lacks_kw(self) -> float | None:
        """How much is delivered less than the target of this moment; negative if more; None without both."""
        delivering, aim = self.power.delivering_kw, self.power.aim_kw
        return aim - delivering if delivering is not None and aim is not None and self.power.has_target else None

    @property
    def is_below(self) -> bool:
        """Whether so little of the target is delivered that an alert is raised if it lasts."""
        delivering, aim = self.power.delivering_kw, self.power.aim_kw
        if delivering is None or not aim or not self.power.has_target:
            return False
        return share_pct(delivering, aim) < settings.DELIVERED_EXPECTED_PCT


class Delivering(NamedTuple):
    """All running events together in kW: their power at the same moment may be added up."""

    kw: float
    aim_kw: float
    below: int


def running_events(now: datetime) -> list[Running]:
    """Running events, the one that ends first first; always the same number of queries."""
    events = list(events_for_list().filter(state=EventState.IN_PROGRESS).order_by(F("ends_at"), "pk"))
    stages = list(Stage.objects.filter(event__in=events).order_by("number"))
    powers = dict(zip((stage.pk for stage in stages), stage_powers(stages), strict=True))
    found = []
    for event in events:
        own = [stage for stage in stages if stage.event_id == event.pk]
        found.append(Running(event, power_of(event, own, [powers[stage.pk] for stage in own], now)))
    return found


def delivering(running: Sequence[Running]) -> Delivering | None:
    """Return the sums; None if nothing is reported."""
    reported = [row.power for row in running if row.power.delivering_kw is not None]
    if not reported:
        return None
    below = sum(row.is_below for row in running)
    return Delivering(sum(p.delivering_kw or 0 for p in reported), sum(p.aim_kw or 0 for p in reported), below)


def next_event() -> Event | None:
    """Return the Scheduled event that starts next."""
    return events_for_list().filter(state=EventState.SCHEDULED).order_by(F("starts_at"), "pk").first()
