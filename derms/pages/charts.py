"""The data of an event's charts: the zone's load and the event's reduction, on one time axis.

Both are steps. Load is hourly, and each value is the mean of its hour. Reduction comes from the event's power profile:
what stages have reserved, and what they deliver from each report until the next.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F

from derms.figures.profile import StagePower, Target
from derms.figures.rebound import Rebound, rebound_at, rebound_of
from derms.figures.targets import target_of
from derms.models import ControlZone, DeliveredLoad, Event, LoadForecast, MeteredLoad, Stage
from integration.seam.outcomes import SILENT, Outcome

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LEAST_EDGE, MOST_EDGE = 3 * MINUTE, 3 * HOUR
MEGA_FROM_KW = 1000
NO_PART = (*SILENT, Outcome.ERROR)


class LoadPoint(NamedTuple):
    """A zone's load in MW: forecast, forecast minus what is reserved, metered, and metered plus what was delivered.

    In nine of ten hours the load is between `low` and `high`, without the event; None where that isn't known.
    `rebound` is what `after` becomes while load comes back; None while none does.
    """

    at: datetime
    before: float | None
    after: float | None
    actual: float | None
    without: float | None
    low: float | None = None
    high: float | None = None
    rebound: float | None = None


class ReductionPoint(NamedTuple):
    """An event's reduction: reserved per stage, the target of the stages running then, and delivered."""

    at: datetime
    reserved: list[float]
    target: float | None
    delivered: float | None


class Charts(NamedTuple):
    """Both charts from `starts_at` to `ends_at`; reduction is in `unit`, kW or MW, with `digits` decimals.

    `taking_part` counts devices that answered and did not reject, by each stage's outcomes or latest report.
    """

    starts_at: datetime
    ends_at: datetime
    limit_mw: float | None
    load: list[LoadPoint]
    stages: list[Stage]
    reduction: list[ReductionPoint]
    unit: str
    digits: int
    taking_part: int | None

    @property
    def has_band(self) -> bool:
        """Whether it is known how far the load may be from its forecast, in any hour."""
        return any(point.low is not None for point in self.load)

    @property
    def has_rebound(self) -> bool:
        return any(point.rebound is not None for point in self.load)


class Window(NamedTuple):
    """A stage as it is drawn."""

    stage: Stage
    power: StagePower


def charts_of(event: Event, stages: list[Stage], powers: list[StagePower], now: datetime) -> Charts | None:
    """Return the charts of an event; None if it has no stage to draw."""
    windows = _windows(stages, powers)
    if not windows:
        return None
    begins, ends = min(w.power.starts_at for w in windows), max(w.power.until for w in windows)
    edge = min(MOST_EDGE, max(LEAST_EDGE, ends - begins))
    starts_at, ends_at = begins - edge, ends + edge
    drawn, target = [w.power for w in windows], target_of(event, stages)
    metered = _metered(event.zone, starts_at, ends_at, now)
    rebounds = [rebound_of(w.power, w.stage.class_w, w.stage.control) for w in windows]
    times = _times(drawn, rebounds, event.zone.hour_of(starts_at) + HOUR, starts_at, ends_at)
    times = sorted({*times, *(at for one in metered for at in (one.starts_at, one.ends_at - SECOND))})
    reduction = [_reduction(drawn, target, at, now) for at in times]
    unit, scale = _unit(reduction)
    return Charts(
        starts_at=starts_at,
        ends_at=ends_at,
        limit_mw=None if event.zone.limit_kw is None else event.zone.limit_kw / 1000,
        load=_load(event.zone, reduction, metered, rebounds, now),
        stages=[w.stage for w in windows],
        reduction=[_scaled(point, scale) for point in reduction],
        unit=unit,
        digits=2 if unit == "MW" else 0,
        taking_part=_taking_part([w.stage for w in windows]),
    )


def _windows(stages: list[Stage], powers: list[StagePower]) -> list[Window]:
    """The stages with their power, without those that were canceled before they could run."""
    both = zip(stages, powers, strict=True)
    return [Window(stage, power) for stage, power in both if power.until > power.starts_at]


def _taking_part(stages: list[Stage]) -> int | None:
    """How many devices have taken part, according to each stage's outcomes or else its latest report."""
    rows = DeliveredLoad.objects.filter(stage__in=[s.pk for s in stages]).order_by("at")
    found = dict(rows.values_list("stage", F("answered") - F("rejected")))
    # A stage may end between two reports; its outcomes tell which devices had answered by then.
    closed = [stage for stage in stages if stage.outcomes]
    found |= {s.pk: max(0, s.called - sum(s.outcomes.get(code, 0) for code in NO_PART)) for s in closed}
    return sum(found.values()) if found else None


def _times(
    powers: list[StagePower], rebounds: list[Rebound], hour: datetime, starts_at: datetime, ends_at: datetime
) -> list[datetime]:
    """Every moment at which a value changes, and the second before it: lines between them are drawn as steps.

    `hour` is the first full hour of the zone's time.
    """
    changes = {hour + n * HOUR for n in range(int((ends_at - hour) / HOUR) + 1)}
    for power in powers:
        changes |= {power.starts_at, power.until, *(at for at, _ in (*power.leavers, *power.reports))}
    changes |= {at for one in rebounds for at in one.edges}
    found = {starts_at, ends_at, *changes, *(at - SECOND for at in changes)}
    return sorted(at for at in found if starts_at <= at <= ends_at)


def _reduction(powers: list[StagePower], target: Target, at: datetime, now: datetime) -> ReductionPoint:
    running = [power for power in powers if power.runs(at)]
    reports = [kw for power in running if (kw := power.delivered_at(at)) is not None] if at <= now else []
    goal = target.at(at, running) if running else None if target.at(at, powers) is None else 0.0
    reserved = [power.reserved_at(at) if power.runs(at) else 0.0 for power in powers]
    return ReductionPoint(at, reserved, goal, sum(reports) if reports else None)


def _unit(points: list[ReductionPoint]) -> tuple[str, int]:
    most = max(max(sum(p.reserved), p.target or 0, p.delivered or 0) for p in points)
    return ("MW", 1000) if most >= MEGA_FROM_KW else ("kW", 1)


def _scaled(point: ReductionPoint, scale: int) -> ReductionPoint:
    return ReductionPoint(
        point.at,
        [kw / scale for kw in point.reserved],
        None if point.target is None else point.target / scale,
        None if point.delivered is None else point.delivered / scale,
    )


def _metered(zone: ControlZone, starts_at: datetime, ends_at: datetime, now: datetime) -> list[MeteredLoad]:
    """What the zone's meters said between these moments, whole times only."""
    rows = zone.metered.filter(starts_at__gte=starts_at, starts_at__lt=min(ends_at, now)).order_by("starts_at")
    return [one for one in rows if one.ends_at <= min(ends_at, now)]


def _actual(metered: list[MeteredLoad], at: datetime) -> int | None:
    place = bisect_right(metered, at, key=lambda one: one.starts_at) - 1
    return metered[place].load_kw if place >= 0 and at < metered[place].ends_at else None


def _load(
    zone: ControlZone,
    reduction: list[ReductionPoint],
    metered: list[MeteredLoad],
    rebounds: list[Rebound],
    now: datetime,
) -> list[LoadPoint]:
    """Values are means of their time, so they are drawn as steps: of minutes where meters say them, else of hours.

    Where minutes are known, an hour's mean doesn't stand in for one that is missing: it has the event in it as well.
    """
    hours = LoadForecast.objects.filter(zone=zone, hour__gt=reduction[0].at - HOUR, hour__lte=reduction[-1].at)
    rows = {hour: kw for hour, *kw in hours.values_list("hour", "forecast_kw", "metered_kw", "low_kw", "high_kw")}
    points = []
    for point in reduction:
        before, of_hour, low, high = rows.get(zone.hour_of(point.at), (None, None, None, None))
        actual = _actual(metered, point.at) if metered else of_hour if point.at <= now else None
        without = None if actual is None else actual + (point.delivered or 0)
        after = None if before is None else before - sum(point.reserved)
        back = rebound_at(rebounds, point.at)
        rebound = None if after is None or not back else after + back
        points.append(LoadPoint(point.at, *map(_mw, (before, after, actual, without, low, high, rebound))))
    return points if rows else []


def _mw(kw: float | None) -> float | None:
    return None if kw is None else kw / 1000
