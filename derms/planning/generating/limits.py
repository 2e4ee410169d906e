"""What a plan must hold in each step, as arrays."""

from dataclasses import dataclass

import numpy as np

from .cells import Bools, Cells, Floats, Ints, missing_price
from .problem import Problem

TINY = 1e-9


@dataclass(frozen=True)
class Limits:
    """`need` are the kW needed; `least` is the least effect of each step: that, or less what may come back there.

    `feeder` is each cell's row in `feeder_rooms`, the kW by which a feeder's load may rise; -1 if it has no rating.
    """

    need: Floats
    least: Floats
    feeder: Ints
    feeder_rooms: Floats
    price: float  # of a missing kWh

    @property
    def needs(self) -> Bools:
        return np.asarray(self.need > TINY)


def limits_of(problem: Problem, cells: Cells) -> Limits:
    """Return the limits of a problem."""
    base, need = np.array(problem.base_kw), np.array(problem.need_kw, dtype=np.float64)
    room = base * problem.max_increase_pct / 100
    if problem.threshold_kw is not None:
        room = np.minimum(room, problem.threshold_kw - base)
    least = np.where(need > TINY, need, -room.clip(min=0.0))
    place = {pk: n for n, pk in enumerate(sorted(problem.feeders))}
    feeder = np.array([place.get(one.feeder, -1) for one in problem.cohorts], dtype=np.int64)[cells.cohort]
    rated = [problem.feeders[pk] for pk in place]
    rooms = np.array([one.rating_kw - np.array(one.base_kw) for one in rated]).reshape(len(rated), problem.steps)
    return Limits(need, least, feeder, rooms.clip(min=0.0), missing_price(cells, problem.hours))
