"""Three plans of generated stages for an event that is typed: from its amount, zone, forecast and devices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from derms.choices import Objective
from derms.figures.targets import needed_steps
from derms.models import Event, LoadForecast, Program, Stage
from derms.objectives import OBJECTIVES
from derms.set_operations.choosing_together import kept_apart
from derms.set_operations.cohorts import Alike, ProgramControl, alike_devices
from derms.shapes import shape_of

from .call_rules import CallRules, call_rules
from .check import looking_only, within_patience
from .generating.generate import generate
from .generating.problem import Cohort, Plan, Problem, Weights
from .generating.size import merged
from .generating_reasons import ReasonInWords, in_words
from .reserve_margin import with_margin, without_margin

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEFORE_H, AFTER_H = 1, 5  # hours beside the window: what comes back is over by then
NO_FORECAST_KW = 1e9  # without any forecast nothing limits what comes back, nor does the zone's limit

VARIANTS: dict[str, tuple[str | Promise, str | Promise, Weights]] = {
    "fair": (_("Fair"), _("devices called least this season first"), Weights(fairness=0.05)),
    "fewest": (_("Fewest devices"), _("the strongest devices first"), Weights(energy=0.1, device=1.0)),
    "shortest": (_("Shortest calls"), _("no device longer than it must"), Weights(energy=0.1, square_hour=1.0)),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asks for beside the event itself."""

    starts_at: datetime
    hours: int
    programs: tuple[ProgramControl, ...]
    groups: tuple[dict[str, object], ...]
    step_minutes: int
    max_increase_pct: float
    most_stages: int
    least_kw: float
    fairness: float


class GeneratedStage(NamedTuple):
    """A stage of a variant. `target_kw` is what a choice of devices counts: with the reserve margin, it takes as many.

    `calls_before` is how often its devices were called this season, on average.
    """

    program: Program
    control: ProgramControl
    starts_at: datetime
    ends_at: datetime
    devices: int
    first_kw: float
    last_kw: float
    target_kw: float
    calls_before: float

    @property
    def calls_after(self) -> float:
        return self.calls_before + 1


class LoadStep(NamedTuple):
    """The zone's load in MW in a step without and with the plan, and the plan's reduction.

    What follows the window stands apart, as `rebound_mw`.
    """

    at: datetime
    before_mw: float | None
    after_mw: float | None
    rebound_mw: float | None
    needed_mw: float
    by_program_mw: list[float]


@dataclass(frozen=True)
class Variant:
    """One plan, as it is shown."""

    name: str
    label: str | Promise
    says: str | Promise
    plan: Plan
    stages: list[GeneratedStage]
    steps: list[LoadStep]
    programs: list[Program]  # that it calls
    all_programs: list[Program]

    @property
    def reasons_in_words(self) -> list[ReasonInWords]:
        """What stands in the way, and how much less would be missing without it."""
        return in_words(self.plan.reasons, self.all_programs)

    @property
    def energy_kwh(self) -> float:
        hours = (self.steps[2].at - self.steps[0].at) / HOUR
        return sum(self.plan.reduction_kw) * hours

    @property
    def rebound_kw(self) -> float:
        """The most that comes back in any step."""
        return max(0.0, -min(self.plan.effect_kw, default=0.0))

    @property
    def rebound_at(self) -> datetime:
        return self.steps[2 * self.plan.effect_kw.index(min(self.plan.effect_kw))].at

    @property
    def missing_at(self) -> datetime:
        return self.steps[2 * self.plan.missing_kw.index(self.plan.most_missing_kw)].at


class Generated(NamedTuple):
    """The variants; None if counting the devices took too long. `unknown` are hours without a forecast.

    `threshold_kw` is the event's, or if it has none the zone's limit: `is_limit`.
    """

    variants: list[Variant] | None
    unknown: int
    threshold_kw: float | None
    window: tuple[datetime, datetime]
    is_limit: bool

    @property
    def threshold_mw(self) -> float | None:
        return None if self.threshold_kw is None else self.threshold_kw / 1000


def generate_variants(event: Event, asked: Asked, now: datetime) -> Generated:
    """Return the plans for an event, saved or only typed; changes nothing."""
    window = (asked.starts_at, asked.starts_at + asked.hours * HOUR)
    forecast, unknown = _forecast(event, asked)
    is_limit = not OBJECTIVES[event.objective].follows_forecast
    limit = event.zone.limit_kw if is_limit else event.threshold_kw
    programs = {one.pk: one for one in Program.objects.filter(pk__in=[asked.program_id for asked in asked.programs])}
    rules = {
        pk: call_rules(event, program, (asked.starts_at, asked.hours), asked.step_minutes, now)
        for pk, program in programs.items()
    }
    found = within_patience(lambda: _alike(event, asked, rules, now))
    if found is None:
        return Generated(None, unknown, limit, window, is_limit)
    problem = _problem(event, asked, found, forecast, limit, rules)
    variants = [_variant(name, event, asked, problem, programs) for name in VARIANTS]
    return Generated(variants, unknown, limit, window, is_limit)


def _alike(event: Event, asked: Asked, rules: dict[int, CallRules], now: datetime) -> list[Alike]:
    lengths = {pk: min(HOUR, one.longest or HOUR) for pk, one in rules.items()}
    with kept_apart(needed=True), looking_only():
        return alike_devices(event, asked.programs, list(asked.groups), asked.starts_at, asked.hours, lengths, now)


def _first(asked: Asked) -> datetime:
    return asked.starts_at - BEFORE_H * HOUR


def _step_times(asked: Asked) -> list[datetime]:
    count = (BEFORE_H + asked.hours + AFTER_H) * 60 // asked.step_minutes
    return [_first(asked) + n * asked.step_minutes * MINUTE for n in range(count)]


def _forecast(event: Event, asked: Asked) -> tuple[dict[datetime, float], int]:
    """The kW of each hour, and how many have no forecast: there the nearest one stands in. Empty if none has."""
    times = _step_times(asked)
    rows = LoadForecast.objects.filter(zone=event.zone, hour__gt=times[0] - HOUR, hour__lte=times[-1])
    known = dict(rows.order_by("hour").values_list("hour", "forecast_kw"))
    hours = {event.zone.hour_of(at) for at in times}
    missing = len(hours - set(known))
    if not known:
        return {}, missing
    nearest = {hour: min(known, key=lambda one, hour=hour: abs(one - hour)) for hour in hours}  # type: ignore[misc]
    return {hour: float(known[one]) for hour, one in nearest.items()}, missing


def _problem(
    event: Event, asked: Asked, found: Sequence[Alike], forecast: dict[datetime, float], limit: float | None,
    rules: dict[int, CallRules],
) -> Problem:  # fmt: skip
    per_hour = 60 // asked.step_minutes
    first = BEFORE_H * per_hour
    window = (first, first + asked.hours * per_hour)
    control = {one.program_id: one.control for one in asked.programs}
    load = [forecast.get(event.zone.hour_of(at), NO_FORECAST_KW) for at in _step_times(asked)]
    asked_for = Problem(
        step_minutes=asked.step_minutes,
        window=window,
        need_kw=tuple(kw * with_margin(event) for kw in _needs(event, asked, window, forecast)),
        base_kw=tuple(load),
        cohorts=tuple(_cohort(one, control[one.program_id], len(load), first, per_hour) for one in found),
        threshold_kw=limit if forecast else None,
        max_increase_pct=asked.max_increase_pct,
        rules={pk: one.in_steps(first, asked.step_minutes) for pk, one in rules.items()},
        most_stages=asked.most_stages,
        least_kw=asked.least_kw,
        is_maximum=_is_maximum(event),
    )
    return merged(asked_for)


def _is_maximum(event: Event) -> bool:
    """Whether as much as possible is asked for; so it is of Manual, too, as long as no target is typed."""
    if event.objective == Objective.MAXIMUM_REDUCTION:
        return True
    return not OBJECTIVES[event.objective].follows_forecast and not event.target_kw


def _needs(event: Event, asked: Asked, window: tuple[int, int], forecast: dict[datetime, float]) -> tuple[float, ...]:
    times, aim = _step_times(asked), OBJECTIVES[event.objective]
    if not aim.follows_forecast:
        return tuple(float(event.target_kw or 0) if window[0] <= n < window[1] else 0.0 for n in range(len(times)))
    whole = Stage(pk=-1, event=event, starts_at=asked.starts_at, ends_at=asked.starts_at + asked.hours * HOUR)
    steps, length = needed_steps(event, [whole], forecast), asked.step_minutes * MINUTE
    return tuple(
        max((s.kw for s in steps if s.starts_at < at + length and s.ends_at > at), default=0.0)
        if window[0] <= n < window[1]
        else 0.0
        for n, at in enumerate(times)
    )


def _cohort(alike: Alike, control: str, steps: int, first: int, per_hour: int) -> Cohort:
    hours = [(n - first) // per_hour for n in range(steps)]
    return Cohort(
        program=alike.program_id,
        feeder=0,
        device_class=alike.device_class,
        band=alike.band,
        callable_in=sum(1 << n for n, hour in enumerate(hours) if hour >= 0 and alike.callable_in >> hour & 1),
        devices=alike.devices,
        kw=tuple(alike.watts_near(hour) / 1000 for hour in hours),
        shape=shape_of(alike.device_class, control),
        calls=float(alike.events),
    )


def _variant(name: str, event: Event, asked: Asked, problem: Problem, programs: dict[int, Program]) -> Variant:
    label, says, weights = VARIANTS[name]
    if name == "fair":
        weights = replace(weights, fairness=asked.fairness)
    plan, times = generate(replace(problem, weights=weights)), _step_times(asked)
    if not problem.is_maximum:
        plan = without_margin(plan, with_margin(event))
    used = [programs[pk] for pk in plan.by_program]
    stages, steps = _stages(event, asked, problem, plan, programs), _steps(problem, plan, times)
    return Variant(name, label, says, plan, stages, steps, used, list(programs.values()))


def _stages(
    event: Event, asked: Asked, problem: Problem, plan: Plan, programs: dict[int, Program]
) -> list[GeneratedStage]:
    times, found = _step_times(asked), []
    for one in plan.stages:
        control = next(control for control in asked.programs if control.program_id == one.program)
        starts_at, length = times[one.start], one.length * asked.step_minutes * MINUTE
        calls = [
            (called.devices, problem.cohorts[called.cohort].calls)
            for called in plan.called
            if (called.start, called.length) == (one.start, one.length)
            and problem.cohorts[called.cohort].program == one.program
        ]
        before = sum(devices * times_called for devices, times_called in calls) / one.devices
        found.append(
            GeneratedStage(
                programs[one.program], control, starts_at, starts_at + length, one.devices,
                one.kw[0], one.kw[-1], one.full_kw / with_margin(event), before,
            )
        )  # fmt: skip
    return found


def _steps(problem: Problem, plan: Plan, times: list[datetime]) -> list[LoadStep]:
    """Each step, drawn from its start to the second before the next one's."""
    after, found = problem.window[1], []
    for n, at in enumerate(times):
        base = problem.base_kw[n] if problem.base_kw[n] < NO_FORECAST_KW else None
        load = None if base is None else (base - plan.effect_kw[n]) / 1000
        step = LoadStep(
            at,
            None if base is None else base / 1000,
            load if n < after else None,
            load if n >= after else None,
            plan.need_kw[n] / 1000,
            [power[n] / 1000 for power in plan.by_program.values()],
        )
        found += [step, step._replace(at=at + problem.step_minutes * MINUTE - timedelta(seconds=1))]
    return found
