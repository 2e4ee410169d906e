"""What meters would have shown without an event: baselines of many meters at once, in numpy, without a database.

The methods are those of NAESB's business practices for measurement and verification (WEQ-015): the mean of like days
(X of Y), adjusted to the hours before the event; meter before / meter after; and beside them a randomly held-out group.
Readings are kWh per interval, NaN where one is missing. A block is `meters` rows; what it returns has the same rows.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


class Pick(StrEnum):
    """Which of the latest like days count: by the energy in the event's hours, or by the day's temperature."""

    ALL = "all"
    HIGHEST = "highest"
    CLOSEST_TEMPERATURE = "closest temperature"


class Adjustment(StrEnum):
    """How a baseline follows the hours before the event: not, by the share or by the kWh that they differ."""

    NONE = "none"
    RATIO = "ratio"
    ADDITIVE = "additive"


class Why(StrEnum):
    """Why a meter has no baseline; empty if it has one."""

    MEASURED = ""
    TOO_FEW_DAYS = "too few days"
    EVENT_INCOMPLETE = "readings of the event are missing"
    HOURS_BEFORE_INCOMPLETE = "readings of the hours before the event are missing"


@dataclass(frozen=True)
class Method:
    """X of Y days: the mean of the `use` picked of the latest `of` like days, adjusted by at most `cap` of itself.

    `least` like days at least are needed. `cap` is a share, 0.2 for 20 %, up and down.
    """

    name: str
    of: int
    use: int
    pick: Pick = Pick.ALL
    adjustment: Adjustment = Adjustment.RATIO
    cap: float = 0.2
    least: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.use <= self.of or not 1 <= self.least <= self.of:
            raise ValueError(f"{self.name}: {self.use} of {self.of} days, and at least {self.least}, can't be.")
        if self.pick == Pick.ALL and self.use != self.of:
            raise ValueError(f"{self.name}: it has to say which {self.use} of {self.of} days count.")
        if self.cap < 0:
            raise ValueError(f"{self.name}: the cap is {self.cap}; it must be 0 or more.")


class Like(NamedTuple):
    """The like days of an event, the latest first, with the places of their readings in the block's columns.

    `window` (days, intervals) are the event's hours on each of them, `before` (days, intervals) the hours that the
    adjustment compares; `own_window` and `own_before` are the event's own. `temperatures` are the days', °C, and
    `own_temperature` the event day's, for CLOSEST_TEMPERATURE.
    """

    window: Numbers
    before: Numbers
    own_window: Numbers
    own_before: Numbers
    temperatures: Floats | None = None
    own_temperature: float = float("nan")


class Baselines(NamedTuple):
    """A block's baselines: kWh per interval (meters, intervals), NaN where there is none, and why (meters,).

    `unadjusted` is before the adjustment, `factor` what the adjustment came to (a share, or kWh per interval if
    additive), `is_capped` whether it would have been more; `used` (meters, days) tells which like days count.
    """

    baseline: Floats
    unadjusted: Floats
    factor: Floats
    is_capped: Mask
    used: Mask
    why: NDArray[np.str_]


def like_days(readings: Floats, like: Like, method: Method, busy: Mask | None = None) -> Baselines:
    """Return the X-of-Y baseline of each meter of a block.

    `readings` is (meters, columns); `busy` (meters, days) marks days on which a meter took part in another event. A day
    with a missing reading in the window or in the hours before doesn't count for that meter.
    """
    windows = readings[:, like.window]
    before = readings[:, like.before] if method.adjustment != Adjustment.NONE else windows
    complete = ~(np.isnan(windows).any(axis=2) | np.isnan(before).any(axis=2))
    valid = complete if busy is None else complete & ~busy
    latest = valid & (np.cumsum(valid, axis=1) <= method.of)
    used = _picked(latest, windows, like, method)
    unadjusted = _mean_of(windows, used)
    own, own_before = readings[:, like.own_window], readings[:, like.own_before]
    factor, is_capped = _adjustment(own_before, _mean_of(before, used), unadjusted, method)
    baseline = _adjusted(unadjusted, factor, method)
    why = _why(latest.sum(axis=1), own, own_before, method)
    baseline[why != Why.MEASURED] = np.nan
    return Baselines(baseline, unadjusted, factor, is_capped, used, why)


def in_other_hours(readings: Floats, hours: Numbers, found: Baselines, method: Method) -> Floats:
    """Return the baseline of other hours than the event's, by the same days and adjustment: (meters, intervals).

    `hours` (days, intervals) are their places in the block's columns. NaN where a day that counts has no reading.
    """
    return _adjusted(_mean_of(readings[:, hours], found.used), found.factor, method)


def errors_on_like_days(readings: Floats, like: Like, found: Baselines, method: Method) -> Floats:
    """Return by how much the method would have missed each of the days that count, had that day been the event's.

    Metered less the baseline that the other days give, kWh, (meters, days, intervals); 0 where a day doesn't count.
    Errors of meters on one day go together, as weather does: add up the meters before looking at how far days scatter.
    """
    windows = np.where(found.used[:, :, None], readings[:, like.window], 0)
    others = np.maximum(found.used.sum(axis=1) - 1, 1)[:, None].astype(readings.dtype)
    expected = (windows.sum(axis=1)[:, None] - windows) / others[:, :, None]
    if method.adjustment != Adjustment.NONE:
        before = np.where(found.used, readings[:, like.before].sum(axis=2), 0)
        usual = (before.sum(axis=1)[:, None] - before) / others
        if method.adjustment == Adjustment.RATIO:
            factor = np.divide(before, usual, out=np.ones_like(usual), where=usual > 0)
            expected = expected * np.clip(factor, 1 - method.cap, 1 + method.cap)[:, :, None]
        else:
            most = method.cap * np.abs(expected.mean(axis=2))
            expected = expected + np.clip((before - usual) / like.before.shape[1], -most, most)[:, :, None]
    errors: Floats = np.where(found.used[:, :, None], windows - expected, 0)
    return errors


def meter_before(readings: Floats, own_window: Numbers, before: int) -> Floats:
    """Return the reading just before the event (column `before`) for each of its intervals: batteries, generators."""
    return np.repeat(readings[:, [before]], len(own_window), axis=1)


class Difference(NamedTuple):
    """How much less the called used than the held out, kWh per interval and meter, and half of its 90 % interval."""

    saved: Floats
    half_width: Floats


def held_out(called: Floats, control: Floats) -> Difference:
    """Compare the called with a randomly held-out group, by the difference of means: no baseline is needed.

    Both are (meters, intervals) of the event's hours; meters with missing readings don't count. The interval is Welch's
    with the normal quantile, as both groups are large. NaN if either has fewer than two meters.
    """
    groups = [one[~np.isnan(one).any(axis=1)] for one in (called, control)]
    if min(len(one) for one in groups) < FEWEST_OF_A_GROUP:
        nothing = np.full(called.shape[1], np.nan)
        return Difference(nothing, nothing)
    saved = groups[1].mean(axis=0) - groups[0].mean(axis=0)
    variance = sum(one.var(axis=0, ddof=1) / len(one) for one in groups)
    return Difference(saved, NORMAL_90 * np.sqrt(variance))


FEWEST_OF_A_GROUP = 2
NORMAL_90 = 1.6448536269514722  # 5 % of a normal distribution lie above it


def _picked(latest: Mask, windows: Floats, like: Like, method: Method) -> Mask:
    """Which of the latest like days count."""
    if method.pick == Pick.ALL:
        return latest
    if method.pick == Pick.HIGHEST:
        order = -windows.sum(axis=2)
    else:
        if like.temperatures is None:
            raise ValueError(f"{method.name} needs the days' temperatures.")
        order = np.broadcast_to(np.abs(like.temperatures - like.own_temperature), latest.shape)
    # Days of the same energy or temperature: the later one first.
    place = np.where(latest, order, np.inf).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return latest & (place < method.use)


def _mean_of(days: Floats, used: Mask) -> Floats:
    """The mean over the used days of (meters, days, intervals); NaN without one."""
    count = used.sum(axis=1)
    total: Floats = np.einsum("mdi,md->mi", np.where(used[:, :, None], days, 0), used.astype(days.dtype))
    with np.errstate(invalid="ignore"):
        return total / np.where(count, count, np.nan)[:, None].astype(days.dtype)


def _adjustment(own_before: Floats, mean_before: Floats, unadjusted: Floats, method: Method) -> tuple[Floats, Mask]:
    """By how much the hours before the event differ from those of the like days, and whether that was too much.

    A share of nothing isn't known: where the hours before add up to 0 or less, as with solar power, it is 1.
    """
    if method.adjustment == Adjustment.NONE:
        return np.ones(len(own_before), own_before.dtype), np.zeros(len(own_before), np.bool_)
    if method.adjustment == Adjustment.ADDITIVE:
        wanted = own_before.mean(axis=1) - mean_before.mean(axis=1)
        most = method.cap * np.abs(unadjusted.mean(axis=1))
        return np.clip(wanted, -most, most), np.abs(wanted) > most
    usual = mean_before.sum(axis=1)
    wanted = np.divide(own_before.sum(axis=1), usual, out=np.ones_like(usual), where=usual > 0)
    return np.clip(wanted, 1 - method.cap, 1 + method.cap), np.abs(wanted - 1) > method.cap


def _adjusted(unadjusted: Floats, factor: Floats, method: Method) -> Floats:
    if method.adjustment == Adjustment.ADDITIVE:
        return unadjusted + factor[:, None]
    return unadjusted * factor[:, None]


def _why(days: NDArray[np.int64], own: Floats, own_before: Floats, method: Method) -> NDArray[np.str_]:
    """Why each meter has no baseline; the first reason that holds."""
    why = np.full(len(days), Why.MEASURED.value, dtype="U60")
    if method.adjustment != Adjustment.NONE:
        why[np.isnan(own_before).any(axis=1)] = Why.HOURS_BEFORE_INCOMPLETE
    why[np.isnan(own).any(axis=1)] = Why.EVENT_INCOMPLETE
    why[days < method.least] = Why.TOO_FEW_DAYS
    return why


READY = (
    Method("10 of 10", of=10, use=10),
    Method("10 of 10, additive", of=10, use=10, adjustment=Adjustment.ADDITIVE),
    Method("10 of 10, not adjusted", of=10, use=10, adjustment=Adjustment.NONE),
    Method("high 5 of 10", of=10, use=5, pick=Pick.HIGHEST),
    Method("5 of 10 by temperature", of=10, use=5, pick=Pick.CLOSEST_TEMPERATURE),
)
