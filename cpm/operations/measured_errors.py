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
Errors = dict[str, dict[str, list[list[float]]]]


def add_errors(errors: Errors, devices: Devices, block: Block, starts_at: datetime) -> None:
    """Add a block's errors on like days: for each sum a list by day, (meters, Wh), or Wh by hour of the stage."""
    if not block.errors.size:
        return
    called = devices.is_called[block.at]
    by_day = block.errors.sum(axis=2, dtype=np.float64) * 1000
    counts = np.array([block.used >> day & 1 for day in range(block.errors.shape[1])], np.float64).T
    counts[block.why != ""] = 0
    _add(errors, SumOf.STAGE, np.where(called, "", "-"), counts, by_day)
    for of, names in devices.groups.items():
        # Those that left before the start belong to their segment alone.
        some = np.full(len(called), True) if of == SumOf.SEGMENT else called
        _add(errors, of, np.where(some, names[block.at], ""), counts, by_day)
    hours = _hours_of(block, starts_at)
    wh = block.errors[called].sum(axis=0, dtype=np.float64) * 1000
    for hour in np.unique(hours).tolist():
        _put(errors, BY_HOUR, str(hour), counts[called].sum(axis=0), wh[:, hours == hour].sum(axis=1))


def add_profile(profile: list[list[int]], devices: Devices, block: Block) -> None:
    """Add a block's baseline and metered energy of called devices to the sums by interval."""
    some = devices.is_called[block.at] & (block.why == "")
    after = some & has_hours_after(block)
    pairs = (some, block.baseline, block.metered), (after, block.baseline_after, block.metered_after)
    sums = {(row[0], row[1]): row for row in profile}
    at = int(block.starts_at.timestamp())
    for meters, baseline, metered in pairs:
        energies = (wh_of(one[meters]).sum(axis=0, dtype=np.int64).tolist() for one in (baseline, metered))
        for baseline_wh, metered_wh in zip(*energies, strict=True):
            row = sums.setdefault((at, block.interval_s), [at, block.interval_s, 0, 0, 0])
            row[2:] = row[2] + int(meters.sum()), row[3] + baseline_wh, row[4] + metered_wh
            at += block.interval_s
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


def _add(errors: Errors, of: str, names: NDArray[Any], counts: NDArray[Any], wh: NDArray[Any]) -> None:
    """Add up by name and day; what has no name, or the stage's “-”, is left out."""
    known, code = np.unique(names, return_inverse=True)
    for day in range(wh.shape[1]):
        n = np.bincount(code, weights=counts[:, day], minlength=len(known))
        total = np.bincount(code, weights=wh[:, day], minlength=len(known))
        for name, meters, energy in zip(known.tolist(), n.tolist(), total.tolist(), strict=True):
            if name != "-" and (name or of == SumOf.STAGE):
                _put_day(errors, of, name, day, meters, energy)


def _put(errors: Errors, of: str, name: str, counts: NDArray[Any], wh: NDArray[Any]) -> None:
    for day, (meters, energy) in enumerate(zip(counts.tolist(), wh.tolist(), strict=True)):
        _put_day(errors, of, name, day, meters, energy)


def _put_day(errors: Errors, of: str, name: str, day: int, meters: float, energy: float) -> None:
    days = errors.setdefault(str(of), {}).setdefault(name, [])
    while len(days) <= day:
        days.append([0.0, 0.0])
    days[day] = [days[day][0] + meters, days[day][1] + energy]


def _half_width(days: list[list[float]]) -> int | None:
    """Of the root mean square of the days' errors, each scaled to all meters; a day of few of them tells nothing."""
    most = max((meters for meters, _ in days), default=0)
    scaled = np.array([energy * most / meters for meters, energy in days if meters and meters >= most / 2])
    if len(scaled) < FEWEST_DAYS:
        return None
    free = len(scaled) - 1
    factor = T_90[free - 1] if free <= len(T_90) else NORMAL_90
    return round(factor * float(np.sqrt((scaled**2).mean())))
