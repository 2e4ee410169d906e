"""The power profile of an event: one step function over time, from which all figures of power are computed.

Power at different times is never added up: stages that run at the same moment are summed, stages that follow one
another are not. Pure Python without a database; `stage_powers` and `target_of` next to it read the rows.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

HOUR = timedelta(hours=1)
FAR_ABOVE = 2  # times the target: more than what devices that leave could explain


class Reading(NamedTuple):
    """A power in kW from a moment on."""

    at: datetime
    kw: float


class TargetStep(NamedTuple):
    """What an event has to reach during a period, in kW."""

    starts_at: datetime
    ends_at: datetime
    kw: float


@dataclass(frozen=True)
class StagePower:
    """What one stage reserved and delivered.

    `reserved_kw` is what Schedule reserved; `leavers` are the devices that have left since, as times and expected
    power. `reports` are what the executor reported as delivered minute by minute. `outcome_kw` is what its devices'
    outcomes, once all are in, add up to on average over its planned window. `target_kw` is the stage's own target, if
    the objective sets one per stage.
    """

    starts_at: datetime
    ends_at: datetime
    reserved_kw: float = 0.0
    target_kw: float | None = None
    leavers: tuple[Reading, ...] = ()
    reports: tuple[Reading, ...] = ()
    outcome_kw: float | None = None
    canceled_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When the stage stops counting: if canceled, at that moment, but not before its start."""
        return self.ends_at if self.canceled_at is None else max(self.starts_at, min(self.ends_at, self.canceled_at))

    def runs(self, at: datetime) -> bool:
        return self.starts_at <= at < self.until

    def reserved_at(self, at: datetime) -> float:
        """What is reserved without the devices that have left by then; those that left before the start never count."""
        return self.reserved_kw - sum(kw for left_at, kw in self.leavers if left_at <= max(at, self.starts_at))

    def delivered_at(self, at: datetime) -> float | None:
        """What the latest report up to a moment says; the last one holds to the stage's end. None before the first.

        A stage too short for a report delivered what its outcomes say.
        """
        if not self.reports:
            return self.closed_kw
        return next((kw for reported_at, kw in reversed(self.reports) if reported_at <= at), None)

    def counted_at(self, at: datetime) -> float | None:
        """What counts as energy: the outcomes once they are in, since reports miss what happens between them."""
        return self.delivered_at(at) if self.outcome_kw is None else self.closed_kw

    @property
    def closed_kw(self) -> float | None:
        """The outcomes' energy spread over the time that the stage counts."""
        if self.outcome_kw is None or self.until == self.starts_at:
            return None
        return self.outcome_kw * ((self.ends_at - self.starts_at) / (self.until - self.starts_at))


@dataclass(frozen=True)
class Target:
    """What an event has to reach: an amount of its own, steps over time, its stages' own targets, or nothing."""

    kw: float | None = None
    steps: tuple[TargetStep, ...] = ()
    is_per_stage: bool = False

    def at(self, moment: datetime, running: Sequence[StagePower]) -> float | None:
        """The target at a moment in kW; None if there is none."""
        if self.is_per_stage:
            own = [stage.target_kw for stage in running if stage.target_kw is not None]
            return sum(own) if own else None
        return None if self.kw is None and not self.steps else self.event_kw(moment)

    def event_kw(self, moment: datetime) -> float:
        """What the event's stages have to reach together at a moment in kW."""
        if self.steps:
            return next((step.kw for step in self.steps if step.starts_at <= moment < step.ends_at), 0.0)
        return self.kw or 0.0

    def missing_at(self, moment: datetime, running: Sequence[StagePower]) -> float:
        """How much the running stages are short. If each has its own target, a surplus of one makes up for no other."""
        if self.is_per_stage:
            lacks = (s.target_kw - s.reserved_at(moment) for s in running if s.target_kw is not None)
            return sum(max(0.0, kw) for kw in lacks)
        target = self.at(moment, running)
        return 0.0 if target is None else max(0.0, target - sum(s.reserved_at(moment) for s in running))


class Powers(NamedTuple):
    """What several stages reserve, deliver as charts draw it, and deliver as energy counts it, in kW."""

    reserved_kw: float
    delivered_kw: float | None
    counted_kw: float | None


class Step(NamedTuple):
    """A period in which nothing changes, in kW. There is no step while no stage runs.

    `aimed` are the powers that are compared with the target: if each stage has its own, of those that have one.
    """

    starts_at: datetime
    ends_at: datetime
    target_kw: float | None
    reserved_kw: float
    missing_kw: float
    delivered_kw: float | None  # at each moment, as charts draw it
    counted_kw: float | None  # the same in sum, as energy counts it
    aimed: Powers

    @property
    def hours(self) -> float:
        return (self.ends_at - self.starts_at) / HOUR


class Window(NamedTuple):
    """A period of a profile, and its highest figures in kW."""

    starts_at: datetime
    ends_at: datetime
    target_kw: float
    reserved_kw: float
    missing_kw: int


class Figures(NamedTuple):
    """An event's figures of power in kW, and its energy in kWh.

    `reserved_kw`, `target_kw` and `missing_kw` are the highest at any moment, `mean_kw` is the energy divided by the
    hours in which stages were planned to run; while the event runs, both are those so far. Delivered figures are None
    until something is reported. `target_kwh` is the target's energy while there is one, `toward_kwh` what was delivered
    then, at each moment at most the target: more than it at one moment makes up for no other. `reserved_kwh` is what
    would be delivered if every reserved device gave what is expected of it for as long as it was reserved.
    `missing_in` is when the most is missing, `surplus_in` when more than twice the target is reserved. `aimed_kw` is
    what is compared with the target of `reserved_kw`.
    """

    reserved_kw: float
    target_kw: float | None
    missing_kw: int
    energy_kwh: float | None
    mean_kw: float | None
    peak_kw: float | None
    target_kwh: float | None = None
    toward_kwh: float | None = None
    reserved_kwh: float = 0.0
    missing_in: Window | None = None
    surplus_in: Window | None = None
    aimed_kw: float = 0.0


def profile(stages: Sequence[StagePower], target: Target) -> list[Step]:
    """Return the steps of an event in chronological order."""
    edges = sorted(set(_edges(stages, target)))
    steps = (_step(start, end, stages, target) for start, end in itertools.pairwise(edges))
    return [step for step in steps if step is not None]


def figures_of(steps: Sequence[Step], *, now: datetime) -> Figures:
    """Return the figures of an event that lists, exports and alerts show. What is reported is counted up to now."""
    targets = [step.target_kw for step in steps if step.target_kw is not None]
    aimed, past = [step for step in steps if step.target_kw], _past(steps, now)
    delivered = [kw for step in past for kw in (step.delivered_kw, step.counted_kw) if kw is not None]
    energy, hours = _energy(past), sum(step.hours for step in past)
    return Figures(
        reserved_kw=max((step.reserved_kw for step in steps), default=0.0),
        target_kw=max(targets, default=None),
        missing_kw=whole_kw(max((step.missing_kw for step in steps), default=0.0)),
        energy_kwh=energy if delivered else None,
        mean_kw=energy / hours if delivered else None,
        peak_kw=max(delivered, default=None),
        target_kwh=sum(step.hours * (step.target_kw or 0.0) for step in aimed) if aimed else None,
        toward_kwh=_toward(_past(aimed, now)) if aimed and delivered else None,
        reserved_kwh=sum(step.hours * step.reserved_kw for step in steps),
        missing_in=_most_missing(steps),
        surplus_in=_far_above_target(steps),
        aimed_kw=max((step.aimed.reserved_kw for step in steps), default=0.0),
    )


def step_at(steps: Sequence[Step], at: datetime) -> Step | None:
    """Return the step that contains a moment; None if no stage runs then."""
    return next((step for step in steps if step.starts_at <= at < step.ends_at), None)


def whole_kw(kw: float) -> int:
    """Round a shortfall up to whole kW; less than half a watt is none."""
    return math.ceil(round(kw, 3))


def _most_missing(steps: Sequence[Step]) -> Window | None:
    """The first window in which as much is missing as at no other moment; None if nothing is."""
    worst = max(steps, key=lambda step: whole_kw(step.missing_kw), default=None)
    if worst is None or not whole_kw(worst.missing_kw):
        return None
    return _window(steps, worst, lambda step: whole_kw(step.missing_kw) == whole_kw(worst.missing_kw))


def _far_above_target(steps: Sequence[Step]) -> Window | None:
    """The window in which the most is reserved of more than FAR_ABOVE times the target; None if it never is."""
    far = [step for step in steps if step.target_kw is not None and step.aimed.reserved_kw > FAR_ABOVE * step.target_kw]
    if not far:
        return None
    return _window(steps, max(far, key=lambda step: step.aimed.reserved_kw), lambda step: step in far)


def _window(steps: Sequence[Step], worst: Step, belongs: Callable[[Step], bool]) -> Window:
    """The steps around the worst one that belong to it and follow one another."""
    first = last = list(steps).index(worst)
    while first and belongs(steps[first - 1]) and steps[first - 1].ends_at == steps[first].starts_at:
        first -= 1
    while last + 1 < len(steps) and belongs(steps[last + 1]) and steps[last].ends_at == steps[last + 1].starts_at:
        last += 1
    starts_at, ends_at = steps[first].starts_at, steps[last].ends_at
    return Window(starts_at, ends_at, worst.target_kw or 0.0, worst.reserved_kw, whole_kw(worst.missing_kw))


def _past(steps: Sequence[Step], now: datetime) -> list[Step]:
    """The steps up to now; the last one ends now."""
    return [step._replace(ends_at=min(step.ends_at, now)) for step in steps if step.starts_at < now]


def _energy(steps: Sequence[Step]) -> float:
    return sum(step.hours * (step.counted_kw or 0.0) for step in steps)


def _toward(steps: Sequence[Step]) -> float:
    """The energy that counts toward the target, in kWh."""
    return sum(step.hours * min(step.aimed.counted_kw or 0.0, step.target_kw or 0.0) for step in steps)


def _edges(stages: Sequence[StagePower], target: Target) -> Iterator[datetime]:
    """Every moment at which anything may change."""
    for stage in stages:
        yield from (stage.starts_at, stage.until)
        yield from (at for at, _ in (*stage.leavers, *stage.reports) if stage.starts_at < at < stage.until)
    if stages:
        first, last = min(s.starts_at for s in stages), max(s.until for s in stages)
        yield from (at for step in target.steps for at in (step.starts_at, step.ends_at) if first < at < last)


def _step(start: datetime, end: datetime, stages: Sequence[StagePower], target: Target) -> Step | None:
    running = [stage for stage in stages if stage.runs(start)]
    if not running:
        return None
    all_of_them = _powers(running, start)
    return Step(
        start,
        end,
        target.at(start, running),
        all_of_them.reserved_kw,
        target.missing_at(start, running),
        all_of_them.delivered_kw,
        all_of_them.counted_kw,
        _powers([s for s in running if s.target_kw is not None], start) if target.is_per_stage else all_of_them,
    )


def _powers(stages: Sequence[StagePower], at: datetime) -> Powers:
    delivered = [kw for stage in stages if (kw := stage.delivered_at(at)) is not None]
    counted = [kw for stage in stages if (kw := stage.counted_at(at)) is not None]
    reserved = sum(stage.reserved_at(at) for stage in stages)
    return Powers(reserved, sum(delivered) if delivered else None, sum(counted) if counted else None)
