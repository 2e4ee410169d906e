"""Calls whole devices where they help most for what they cost: fills up a rounded plan, or makes one on its own."""

import numpy as np

from .cells import Bools, Cells, Floats, Ints
from .limits import TINY, Limits
from .problem import Problem

NO_LIMIT = float(np.iinfo(np.int32).max)


class Filling:
    """A plan in whole devices: `settle` takes some back until no limit is broken, `fill` adds where something lacks."""

    def __init__(
        self,
        problem: Problem,
        cells: Cells,
        limits: Limits,
        counts: Ints,
        most_stages: int,
        rivals: dict[int, frozenset[int]] | None = None,
    ) -> None:
        self.cells, self.limits, self.counts, self.most_stages = cells, limits, counts.copy(), most_stages
        self.rivals = rivals or {}
        self.each = cells.effect / cells.devices[:, None]
        self.cost = np.maximum(cells.cost / cells.devices, TINY)
        self.left = np.array([one.devices for one in problem.cohorts], dtype=np.int64)
        np.subtract.at(self.left, cells.cohort, counts)
        self.net = self.counts @ self.each
        self.of_feeder = np.zeros_like(limits.feeder_rooms)
        rated = limits.feeder >= 0
        np.add.at(self.of_feeder, limits.feeder[rated], self.counts[rated, None] * self.each[rated])

    def settle(self) -> None:
        """Take devices back while more comes back than may: rounding can take away what held against it."""
        while (lack := np.where(self.limits.needs, 0.0, self.limits.least - self.net)).max(initial=0.0) > TINY:
            self._take_back(int(lack.argmax()), float(lack.max()), np.ones(len(self.cells), dtype=bool))
        while (over := -self.of_feeder - self.limits.feeder_rooms).max(initial=0.0) > TINY:
            feeder, step = np.unravel_index(int(over.argmax()), over.shape)
            self._take_back(int(step), float(over.max()), self.limits.feeder == feeder)

    def fill(self) -> Ints:
        """Call more devices while something is missing and any of them helps; return how many of each cell."""
        shut = np.zeros(len(self.cells), dtype=bool)
        while len(self.cells):
            lack = np.where(self.limits.needs, self.limits.need - self.net, 0.0).clip(min=0.0)
            worth = np.where(self._open(shut), self._gain(lack) / self.cost, 0.0)
            best = int(np.argmax(worth))
            if lack.max(initial=0.0) <= TINY or worth[best] <= TINY:
                break
            if amount := min(int(self.left[self.cells.cohort[best]]), self._room(best), self._useful(best, lack)):
                self._call(best, amount)
            else:
                shut[best] = True
        return self.counts

    def _gain(self, lack: Floats) -> Floats:
        """By how much a device of each cell lessens what is missing, in kW over the steps; below 0 it adds."""
        needed = self.limits.needs
        return np.asarray(np.minimum(self.each[:, needed], lack[needed]).sum(axis=1))

    def _open(self, shut: Bools) -> Bools:
        """The cells that have devices left, in stages that there are or may be."""
        used = np.unique(self.cells.pattern[self.counts > 0])
        beside = [pattern for one in used for pattern in self.rivals.get(int(one), ())]
        may = (self.left[self.cells.cohort] > 0) & ~shut & ~np.isin(self.cells.pattern, beside)
        return may & np.isin(self.cells.pattern, used) if len(used) >= self.most_stages else may

    def _useful(self, cell: int, lack: Floats) -> int:
        """How many devices until it covers one of the steps."""
        each = self.each[cell]
        helped = (lack > TINY) & (each > TINY)
        return max(1, int((lack[helped] / each[helped]).min())) if helped.any() else 1

    def _room(self, cell: int) -> int:
        """How many devices until what comes back reaches a limit."""
        rise, quiet = -self.each[cell], ~self.limits.needs
        rooms = [(self.net - self.limits.least)[quiet & (rise > TINY)] / rise[quiet & (rise > TINY)]]
        if (feeder := self.limits.feeder[cell]) >= 0:
            room = self.limits.feeder_rooms[feeder] + self.of_feeder[feeder]
            rooms.append(room[rise > TINY] / rise[rise > TINY])
        return max(0, int(np.concatenate(rooms).min(initial=NO_LIMIT) + TINY))

    def _take_back(self, step: int, kw: float, of: Bools) -> None:
        rise = np.where(of & (self.counts > 0), -self.each[:, step], 0.0)
        worst = int(rise.argmax())
        self._call(worst, -min(int(self.counts[worst]), int(np.ceil(kw / rise[worst]))))

    def _call(self, cell: int, amount: int) -> None:
        self.counts[cell] += amount
        self.left[self.cells.cohort[cell]] -= amount
        self.net = self.net + amount * self.each[cell]
        if (feeder := self.limits.feeder[cell]) >= 0:
            self.of_feeder[feeder] += amount * self.each[cell]
