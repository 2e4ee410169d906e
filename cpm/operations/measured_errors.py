"""How far a sum of saved energy may be off: from the errors that the method makes on the like days.

Errors of meters on one day go together, so they are added up by day before looking at how far the days scatter. All
sums are kept by hour of the event for the whole stage, and over the event for each group.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpm.choices import SumOf
from cpm.queries.measuring import Devices

from .measured_blocks import HOUR_S, Block, has_hours_after, wh_of

# 5 % of Student's t with so many degrees of freedom lie above: an interval of 90 %. More are normal.
T_90 = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746,
    1.740, 1.734, 1.729, 1.725,
)  # fmt: skip
NORMAL_90 = 1.645
FEWEST_DAYS = 4
BY_HOUR = "hours"
_LEFT_OUT = "-"  # no name of a sum
Errors = dict[str, dict[str, list[list[float]]]]


class ErrorSums:
    """The errors on like days of some devices, added up: for each sum by day, and for the stage by hour too."""

    def __init__(self, devices: Devices, days: int, starts_at: datetime) -> None:
        self._called, self._days, self._starts_at = devices.is_called, days, starts_at
        # Those that left before the start belong to their segment alone.
        groups = {of: _names(names, self._called, of) for of, names in devices.groups.items()}
        groups[SumOf.STAGE] = np.where(self._called, "", _LEFT_OUT)
        self._names = {of: np.unique(names, return_inverse=True) for of, names in groups.items()}
        self._sums = {of: np.zeros((2, len(names), days)) for of, (names, _code) in self._names.items()}
        self._hours: dict[int, NDArray[np.float64]] = {}

    def add(self, block: Block) -> None:
        """Add a block's meters and Wh."""
        if not block.errors.size:
            return
        days = block.errors.shape[1]
        counts = (block.used[:, None] >> np.arange(days) & 1).astype(np.float64)
        counts[block.why != ""] = 0
        wh = block.errors.sum(axis=2, dtype=np.float64) * 1000
        for of, (names, code) in self._names.items():
            at = (code[block.at][:, None] * days + np.arange(days)).ravel()
            for sums, values in zip(self._sums[of], (counts, wh), strict=True):
                found = np.bincount(at, weights=values.ravel(), minlength=len(names) * days)
                sums[:, :days] += found.reshape(len(names), days)
        called = self._called[block.at]
        by_interval, hours = (
            block.errors[called].sum(axis=0, dtype=np.float64) * 1000,
            _hours_of(block, self._starts_at),
        )
        for hour in np.unique(hours).tolist():
            sums = self._hours.setdefault(hour, np.zeros((2, self._days)))
            sums[:, :days] += counts[called].sum(axis=0), by_interval[:, hours == hour].sum(axis=1)

    def as_lists(self) -> Errors:
        """For each sum a list by day of (meters, Wh)."""
        found: Errors = {BY_HOUR: {str(hour): sums.T.tolist() for hour, sums in self._hours.items()}}
        for of, (names, _code) in self._names.items():
            days = np.moveaxis(self._sums[of], 0, -1).tolist()
            found[str(of)] = {name: one for name, one in zip(names.tolist(), days, strict=True) if name != _LEFT_OUT}
        return found


def add_errors(errors: Errors, more: Errors) -> None:
    """Add the sums of more devices, in place."""
    for of, sums in more.items():
        known = errors.setdefault(of, {})
        for name, days in sums.items():
            before = known.get(name)
            known[name] = days if before is None else (np.array(before) + np.array(days)).tolist()


def add_profile(profile: list[list[int]], devices: Devices, block: Block) -> None:
    """Add a block's baseline and metered energy of called devices to the sums by interval."""
    some = devices.is_called[block.at] & (block.why == "")
    after = some & has_hours_after(block)
    pairs = (some, block.baseline, block.metered), (after, block.baseline_after, block.metered_after)
    rows, at = [], int(block.starts_at.timestamp())
    for meters, baseline, metered in pairs:
        energies = (wh_of(one[meters]).sum(axis=0, dtype=np.int64).tolist() for one in (baseline, metered))
        for baseline_wh, metered_wh in zip(*energies, strict=True):
            rows.append([at, block.interval_s, int(meters.sum()), baseline_wh, metered_wh])
            at += block.interval_s
    add_profiles(profile, rows)


def add_profiles(profile: list[list[int]], more: list[list[int]]) -> None:
    """Add sums by interval of more devices, in place."""
    sums = {(row[0], row[1]): row for row in profile}
    for at, interval_s, *values in more:
        row = sums.setdefault((at, interval_s), [at, interval_s, 0, 0, 0])
        row[2:] = [one + other for one, other in zip(row[2:], values, strict=True)]
    profile[:] = sorted(sums.values())


def by_hour(profile: list[list[int]], errors: Errors, starts_at: datetime, ends_at: datetime) -> list[list[Any]]:
    """The sums of the event by hour of the clock: see Measurement.hours."""
    hours: dict[int, list[Any]] = {}
    widths = half_widths(errors)
    begin, end = starts_at.timestamp(), ends_at.timestamp()
    for at, interval_s, meters, baseline_wh, metered_wh in profile:
        if not begin <= at or at + interval_s > end:
            continue
        hour = at // HOUR_S
        width = widths.get((BY_HOUR, str(hour - int(begin // HOUR_S))))
        row = hours.setdefault(hour, [hour * HOUR_S, {}, {}, 0, 0, width])
        row[1][interval_s] = row[1].get(interval_s, 0) + interval_s
        row[2][interval_s] = max(row[2].get(interval_s, 0), meters)
        row[3], row[4] = row[3] + baseline_wh, row[4] + metered_wh
    return [[at, max(took.values()), sum(meters.values()), *wh] for at, took, meters, *wh in hours.values()]


def half_widths(errors: Errors) -> dict[tuple[str, str], int]:
    """Half of the 90 % interval of each sum, Wh; none for sums of which too few days tell."""
    found = {(of, name): _half_width(days) for of, sums in errors.items() for name, days in sums.items()}
    return {key: width for key, width in found.items() if width is not None}


def _hours_of(block: Block, starts_at: datetime) -> NDArray[np.int64]:
    first = int(block.starts_at.astimezone(UTC).timestamp())
    moments = first + block.interval_s * np.arange(block.errors.shape[2])
    return np.asarray(moments // HOUR_S - int(starts_at.timestamp() // HOUR_S), np.int64)


def _names(names: NDArray[np.str_], called: NDArray[np.bool_], of: str) -> NDArray[np.str_]:
    known = np.where(names == "", _LEFT_OUT, names)
    return known if of == SumOf.SEGMENT else np.where(called, known, _LEFT_OUT)


def _half_width(days: list[list[float]]) -> int | None:
    """Of the root mean square of the days' errors, each scaled to all meters; a day of few of them tells nothing."""
    most = max((meters for meters, _ in days), default=0)
    scaled = np.array([energy * most / meters for meters, energy in days if meters and meters >= most / 2])
    if len(scaled) < FEWEST_DAYS:
        return None
    free = len(scaled) - 1
    factor = T_90[free - 1] if free <= len(T_90) else NORMAL_90
    return round(factor * float(np.sqrt((scaled**2).mean())))
