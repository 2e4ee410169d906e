"""An event's power figures, as its page, its report and its plan check show them."""

from datetime import datetime
from typing import NamedTuple

from ..figures.powers import known_until, running_profile
from ..figures.profile import Figures, StagePower, figures_of, profile, step_at
from ..figures.targets import target_of
from ..models import Event, Stage


class Power(NamedTuple):
    """The figures over all moments, and what is delivered at this one, in kW.

    `aim_kw` is the target of this moment; if there is none, what is reserved. It is None while no stage runs. If each
    stage has its own target, what stages without one deliver counts no part of it.
    """

    figures: Figures
    delivering_kw: float | None
    aim_kw: float | None
    has_target: bool


def power_of(event: Event, stages: list[Stage], powers: list[StagePower], now: datetime) -> Power:
    """Return the figures of an event, saved or only planned. What is delivered now comes from LEC's reports."""
    target = target_of(event, stages)
    steps = profile(powers, target)
    figures = figures_of(steps, now=known_until(stages, now))
    step = step_at(running_profile(stages, powers, target), now)
    if step is None:
        return Power(figures, None, None, False)
    if step.target_kw is None:
        return Power(figures, step.delivered_kw, step.reserved_kw, False)
    return Power(figures, step.aimed.delivered_kw, step.target_kw, True)
