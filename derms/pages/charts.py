"""The data of an event's charts: the zone's load and the event's reduction, on one time axis.

Load is hourly: an hour's value belongs to its start, and values between two hours are interpolated linearly.
Reduction is what stages have reserved, in steps at their start and end, and what they deliver, minute by minute.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from derms.choices import StageState
from derms.models import DeliveredLoad, Event, LoadForecast, Stage
from integration.seam.outcomes import SILENT

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LEAST_EDGE, MOST_EDGE = 3 * MINUTE, 3 * HOUR
MEGA_FROM_KW = 1000


class LoadPoint(NamedTuple):
    """A zone's load in MW: forecast, forecast minus what is reserved, and metered minus what was delivered."""

    at: datetime
    before: float | None
    after: float | None
    actual: float | None


class ReductionPoint(NamedTuple):
    """An event's reduction: reserved per stage, the target of the stages running then, and delivered."""

    at: datetime
    reserved: list[float]
    target: float | None
    delivered: float | None


class Charts(NamedTuple):
    """Both charts from `starts_at` to `ends_at`; reduction is in `unit`, kW or MW, with `digits` decimals.

    `delivering_w` is from the latest reports of running stages, `answered` from each stage's outcomes or latest report.
    """

    starts_at: datetime
    ends_at: datetime
    limit_mw: float | None
    load: list[LoadPoint]
    stages: list[Stage]
    reduction: list[ReductionPoint]
    unit: str
    digits: int
    delivering_w: int | None
    answered: int | None


class Window(NamedTuple):
    """A stage as it is drawn: if it was canceled, up to its actual end."""

    stage: Stage
    starts_at: datetime
    ends_at: datetime
    kw: float
    goal_kw: float | None

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


class Delivered:
    """What each stage delivers at a moment, according to the latest report before it."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.reports: dict[int, list[tuple[datetime, int]]] = {}
        self._answered: dict[int, int] = {}
        rows = DeliveredLoad.objects.filter(stage__in=[s.pk for s in stages]).order_by("minute")
        for stage, minute, watts, answered in rows.values_list("stage", "minute", "reduction_w", "answered"):
            self.reports.setdefault(stage, []).append((minute, watts))
            self._answered[stage] = answered
        # A stage may end between two reports; its outcomes tell which devices had answered by then.
        closed = [stage for stage in stages if stage.outcomes]
        self._answered |= {s.pk: max(0, s.called - sum(s.outcomes.get(code, 0) for code in SILENT)) for s in closed}
        self.minutes = sorted({minute for reports in self.reports.values() for minute, _ in reports})

    def kw(self, windows: Iterable[Window], at: datetime) -> float | None:
        """The total at a moment; None before the first and after the last report of any stage."""
        if not self.minutes or not self.minutes[0] <= at <= self.minutes[-1]:
            return None
        return sum(self._of(w.stage.pk, at) for w in windows if w.holds(at)) / 1000

    def now_w(self, running: set[int]) -> int | None:
        """The total of the running stages, according to their latest reports."""
        last = [reports[-1][1] for stage, reports in self.reports.items() if stage in running]
        return sum(last) if last else None

    def answered(self) -> int | None:
        """How many devices have answered, according to each stage's outcomes or else its latest report."""
        return sum(self._answered.values()) if self._answered else None

    def _of(self, stage_id: int, at: datetime) -> int:
        reports = self.reports.get(stage_id, [])
        index = bisect_right(reports, at, key=lambda report: report[0])
        return reports[index - 1][1] if index else 0


def charts_of(event: Event, stages: list[Stage], now: datetime) -> Charts | None:
    """Return the charts of an event; None if it has no stage to draw."""
    windows = _windows(stages)
    if not windows:
        return None
    begins, ends = min(w.starts_at for w in windows), max(w.ends_at for w in windows)
    edge = min(MOST_EDGE, max(LEAST_EDGE, ends - begins))
    starts_at, ends_at = begins - edge, ends + edge
    running = {w.stage.pk for w in windows if w.stage.state == StageState.IN_PROGRESS}
    delivered = Delivered([w.stage for w in windows])
    times = _times(windows, starts_at, ends_at, delivered.minutes)
    reduction = [_reduction(windows, at, delivered) for at in times]
    unit, scale = _unit(reduction)
    return Charts(
        starts_at=starts_at,
        ends_at=ends_at,
        limit_mw=None if event.zone.limit_kw is None else event.zone.limit_kw / 1000,
        load=_load(event.zone_id, windows, times, delivered, now),
        stages=[w.stage for w in windows],
        reduction=[_scaled(point, scale) for point in reduction],
        unit=unit,
        digits=2 if unit == "MW" else 0,
        delivering_w=delivered.now_w(running),
        answered=delivered.answered(),
    )


def _windows(stages: list[Stage]) -> list[Window]:
    drawn = (s for s in stages if s.state != StageState.CANCELED or s.started_at)
    return [
        Window(
            s,
            s.starts_at,
            max(s.starts_at + SECOND, min(s.ends_at, s.ended_at or s.ends_at)),
            (s.reserved_w - s.removed_w) / 1000,
            s.goal_kw if s.goal_kw is not None else s.target_kw,
        )
        for s in drawn
    ]


def _times(windows: list[Window], starts_at: datetime, ends_at: datetime, minutes: list[datetime]) -> list[datetime]:
    """Every moment at which a line may bend: edges and the second before them, full hours, and reported minutes."""
    edges = {edge for w in windows for edge in (w.starts_at, w.ends_at)}
    hour = starts_at.replace(minute=0, second=0, microsecond=0) + HOUR
    hours = {hour + n * HOUR for n in range(int((ends_at - hour) / HOUR) + 1)}
    found = {starts_at, ends_at, *edges, *(edge - SECOND for edge in edges), *hours, *minutes}
    return sorted(at for at in found if starts_at <= at <= ends_at)


def _reduction(windows: list[Window], at: datetime, delivered: Delivered) -> ReductionPoint:
    goals = [w.goal_kw for w in windows if w.holds(at) and w.goal_kw is not None]
    reserved = [w.kw if w.holds(at) else 0.0 for w in windows]
    has_goals = any(w.goal_kw is not None for w in windows)
    return ReductionPoint(at, reserved, sum(goals) if has_goals else None, delivered.kw(windows, at))


def _unit(points: list[ReductionPoint]) -> tuple[str, float]:
    most = max(max(sum(p.reserved), p.target or 0, p.delivered or 0) for p in points)
    return ("MW", 1 / 1000) if most >= MEGA_FROM_KW else ("kW", 1.0)


def _scaled(point: ReductionPoint, scale: float) -> ReductionPoint:
    return ReductionPoint(
        point.at,
        [kw * scale for kw in point.reserved],
        None if point.target is None else point.target * scale,
        None if point.delivered is None else point.delivered * scale,
    )


def _load(
    zone_id: int, windows: list[Window], times: list[datetime], delivered: Delivered, now: datetime
) -> list[LoadPoint]:
    hours = LoadForecast.objects.filter(zone_id=zone_id, hour__gt=times[0] - HOUR, hour__lte=times[-1] + HOUR)
    rows = list(hours.values_list("hour", "forecast_kw", "metered_kw"))
    forecast = {hour: float(kw) for hour, kw, _ in rows}
    metered = {hour: float(kw) for hour, _, kw in rows if kw is not None}
    points = []
    for at in times:
        before, measured = _between(forecast, at), _between(metered, at) if at <= now else None
        reserved = sum(w.kw for w in windows if w.holds(at))
        points.append(
            LoadPoint(
                at,
                _mw(before),
                None if before is None else _mw(before - reserved),
                None if measured is None else _mw(measured - (delivered.kw(windows, at) or 0)),
            )
        )
    return points if rows else []


def _between(hours: dict[datetime, float], at: datetime) -> float | None:
    """Interpolate between two hours; the value is constant during an hour that has no following one."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    if hour not in hours:
        return None
    share = (at - hour) / HOUR
    return hours[hour] + (hours.get(hour + HOUR, hours[hour]) - hours[hour]) * share


def _mw(kw: float | None) -> float | None:
    return None if kw is None else kw / 1000
