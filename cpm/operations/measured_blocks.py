"""Baselines of blocks of meters for one program event: from readings to rows of results, in numpy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.baselines import (
    Adjustment,
    Floats,
    Like,
    Mask,
    Method,
    Numbers,
    Pick,
    Why,
    errors_on_like_days,
    in_other_hours,
    like_days,
    meter_before,
)
from cpm.choices import Baseline, MeasuredStatus, NotMeasured, Quality
from cpm.like_days import Hours, Places, holds, places
from cpm.models.measuring import BaselineRule
from cpm.queries.measuring import Devices
from cpm.queries.meters import Readings, location_readings
from integration.seam.binary_rows import Column, block_of_rows

BLOCK = 2_048  # meters at once
SPARE_DAYS = 2  # like days that are read beyond those that count, before all are
HOUR_S = 3_600
_WHY = {
    Why.TOO_FEW_DAYS: NotMeasured.TOO_FEW_DAYS,
    Why.EVENT_INCOMPLETE: NotMeasured.EVENT_INCOMPLETE,
    Why.HOURS_BEFORE_INCOMPLETE: NotMeasured.BEFORE_INCOMPLETE,
}
_MAY_CHANGE = (Quality.ESTIMATED, Quality.QUESTIONABLE)


@dataclass(frozen=True)
class Task:
    """What all devices of a measurement share."""

    measurement_id: int
    rule: BaselineRule
    hours: Hours
    days: Sequence[date]
    as_of: datetime | None

    @property
    def method(self) -> Method | None:
        """The method of X of Y days; None: meter before."""
        cap, adjustment = self.rule.cap_percent / 100, Adjustment(self.rule.adjustment)
        least, name = self.rule.least_days, str(self.rule.method)
        match self.rule.method:
            case Baseline.TEN_OF_TEN:
                return Method(name, of=10, use=10, adjustment=adjustment, cap=cap, least=least)
            case Baseline.HIGH_FIVE:
                return Method(name, 10, 5, Pick.HIGHEST, adjustment, cap, least)
        return None


class Block(NamedTuple):
    """Results of meters: kWh per interval (meters, intervals), bits of days, and the errors on like days.

    `errors` are kWh (meters, days, intervals), `starts_at` the first interval. NaN where there is none.
    """

    at: NDArray[np.intp]  # the places in Devices
    starts_at: datetime
    interval_s: int
    unadjusted: Floats
    baseline: Floats
    metered: Floats
    baseline_after: Floats
    metered_after: Floats
    adjustment: Floats
    is_capped: Mask
    quality: NDArray[np.uint8]
    used: Numbers
    incomplete: Numbers
    why: NDArray[np.str_]
    errors: Floats


def measured_blocks(task: Task, devices: Devices) -> Iterator[Block]:
    """The results of the devices that stand for a meter with an interval that the event holds."""
    wanted = devices.stands & ~devices.is_elsewhere & (devices.interval_s > 0)
    for interval_s in np.unique(devices.interval_s[wanted]).tolist():
        if places(task.hours, (), interval_s) is None:
            continue
        at = np.flatnonzero(wanted & (devices.interval_s == interval_s))
        for begin in range(0, len(at), BLOCK):
            yield from _of_interval(task, devices, at[begin : begin + BLOCK], interval_s)


def rows_of_block(task: Task, devices: Devices, block: Block) -> Iterator[bytes]:
    """The rows of measured and unmeasured meters for COPY; rows with the same columns empty lie together."""
    is_measured = block.why == Why.MEASURED
    is_preliminary = np.isin(block.quality, _MAY_CHANGE)
    has_rebound = has_hours_after(block)
    for status, some in (
        (MeasuredStatus.MEASURED, is_measured & ~is_preliminary),
        (MeasuredStatus.PRELIMINARY, is_measured & is_preliminary),
    ):
        for rebounds in (True, False):
            if (here := np.flatnonzero(some & (has_rebound == rebounds))).size:
                columns = _measured_columns(task, devices, block, here, rebounds=rebounds)
                yield block_of_rows(_row(task, devices, block.at[here], status, "", columns), len(here))
    for why in np.unique(block.why[~is_measured]).tolist():
        here = np.flatnonzero(block.why == why)
        days = {"days_used": block.used[here], "days_incomplete": block.incomplete[here]}
        yield unmeasured_rows(task, devices, block.at[here], _WHY[Why(why)], days)


def rows_without_readings(task: Task, devices: Devices) -> Iterator[bytes]:
    """The rows of devices for which no readings are looked at."""
    reasons = np.full(len(devices), "", dtype="U20")
    for interval_s in np.unique(devices.interval_s).tolist():
        if interval_s and places(task.hours, (), interval_s) is None:
            reasons[devices.interval_s == interval_s] = NotMeasured.TOO_SHORT
    reasons[devices.is_elsewhere] = NotMeasured.OTHER_STAGE
    reasons[~devices.stands] = NotMeasured.SAME_METER
    reasons[devices.interval_s == 0] = NotMeasured.NO_METER
    for reason in np.unique(reasons[reasons != ""]).tolist():
        yield unmeasured_rows(task, devices, np.flatnonzero(reasons == reason), reason, {})


def has_hours_after(block: Block) -> Mask:
    """Whose hours after the event, if there are any, have all readings, (meters,)."""
    rebound = block.metered_after - block.baseline_after
    return np.asarray(~np.isnan(rebound).any(axis=1) & (rebound.shape[1] > 0), np.bool_)


def unmeasured_rows(
    task: Task, devices: Devices, at: NDArray[np.intp], reason: str, days: Mapping[str, Column]
) -> bytes:
    nothing = np.zeros(len(at), np.int64)
    columns = {"days_used": nothing, "days_incomplete": nothing, "is_capped": nothing.astype(np.bool_), **days}
    return block_of_rows(_row(task, devices, at, MeasuredStatus.NOT_MEASURED, reason, columns), len(at))


# In the order of the table.
COLUMNS = (
    "measurement_id", "device_id", "location_id", "status", "reason", "starts_at", "interval_s", "unadjusted_wh",
    "baseline_wh", "metered_wh", "saved_wh", "mean_w", "highest_drop_w", "rebound_wh", "adjustment", "is_capped",
    "quality", "days_used", "days_busy", "days_incomplete",
)  # fmt: skip


def _row(
    task: Task, devices: Devices, at: NDArray[np.intp], status: str, reason: str, columns: Mapping[str, Column]
) -> list[Column]:
    columns = {
        "measurement_id": np.full(len(at), task.measurement_id), "device_id": devices.device[at],
        "location_id": devices.location[at], "status": str(status), "reason": str(reason),
        "days_busy": devices.busy[at], **columns,
    }  # fmt: skip
    return [columns.get(name) for name in COLUMNS]


def _measured_columns(
    task: Task, devices: Devices, block: Block, here: NDArray[np.intp], *, rebounds: bool
) -> dict[str, Column]:
    baseline, metered = wh_of(block.baseline[here]), wh_of(block.metered[here])
    saved = baseline - metered
    hours = saved.shape[1] * block.interval_s / HOUR_S
    return {
        "starts_at": block.starts_at,
        "interval_s": np.full(len(here), block.interval_s, np.int32),
        "unadjusted_wh": wh_of(block.unadjusted[here]),
        "baseline_wh": baseline,
        "metered_wh": metered,
        "saved_wh": saved.sum(axis=1, dtype=np.int32),
        "mean_w": np.rint(saved.sum(axis=1) / hours).astype(np.int32),
        "highest_drop_w": np.rint(saved.max(axis=1) * (HOUR_S / block.interval_s)).astype(np.int32),
        "rebound_wh": _rebound_wh(block, here) if rebounds else None,
        "adjustment": block.adjustment[here].astype(np.float64),
        "is_capped": block.is_capped[here],
        "quality": block.quality[here].astype(np.int16),
        "days_used": block.used[here],
        "days_incomplete": block.incomplete[here],
    }


def _of_interval(task: Task, devices: Devices, at: NDArray[np.intp], interval_s: int) -> Iterator[Block]:
    """Read the latest like days, and all of them for the meters of which too few of these count."""
    method = task.method
    fits = holds(task.hours, task.days, interval_s)
    enough = method.of + SPARE_DAYS if method else 0
    for days in dict.fromkeys((min(enough, len(task.days)), len(task.days) if method else 0)):
        where = places(task.hours, task.days[:days], interval_s)
        if where is None or not at.size:
            return
        readings = location_readings(
            devices.location[at].tolist(), where.reads_from, where.reads_until, interval_s=interval_s, as_of=task.as_of
        )
        if method is None:
            yield _before(at, where, readings, interval_s)
            return
        busy = _mask(devices.busy[at], days) | ~fits[:days]
        block, counted = _like(at, where, readings, interval_s, method, busy)
        lacks = (counted < method.of) & (days < len(task.days))
        if (~lacks).any():
            yield _only(block, ~lacks)
        at = at[lacks]


def _like(
    at: NDArray[np.intp], where: Places, readings: Readings, interval_s: int, method: Method, busy: Mask
) -> tuple[Block, Numbers]:
    """The results by like days, and how many of them count for each meter."""
    if not where.like.own_before.size:
        method = replace(method, adjustment=Adjustment.NONE)
    kwh = readings.kwh
    found = like_days(kwh, where.like, method, busy)
    incomplete = _incomplete(kwh, where.like, method)
    errors = errors_on_like_days(kwh, where.like, found, method)
    errors[found.why != Why.MEASURED] = 0
    block = Block(
        at, where.starts_at, interval_s, found.unadjusted, found.baseline, kwh[:, where.like.own_window],
        in_other_hours(kwh, where.after, found, method), kwh[:, where.own_after], found.factor, found.is_capped,
        readings.quality[:, where.like.own_window].max(axis=1),
        _bits(found.used), _bits(incomplete), found.why, errors,
    )  # fmt: skip
    return block, (~incomplete & ~busy).sum(axis=1)


def _before(at: NDArray[np.intp], where: Places, readings: Readings, interval_s: int) -> Block:
    """The results by the reading before the event."""
    own, meters = where.like.own_window, len(at)
    baseline = meter_before(readings.kwh, own, int(own[0]) - 1)
    metered = readings.kwh[:, own]
    why = np.full(meters, Why.MEASURED.value, dtype="U60")
    why[np.isnan(baseline).any(axis=1)] = Why.HOURS_BEFORE_INCOMPLETE
    why[np.isnan(metered).any(axis=1)] = Why.EVENT_INCOMPLETE
    none, ones = np.zeros(meters, np.int64), np.ones(meters, np.float32)
    nothing = np.zeros((meters, 0), np.float32)
    return Block(
        at, where.starts_at, interval_s, baseline, baseline, metered, nothing, nothing, ones, none.astype(np.bool_),
        readings.quality[:, own].max(axis=1), none, none, why, np.zeros((meters, 0, len(own)), np.float32),
    )  # fmt: skip


def _incomplete(kwh: Floats, like: Like, method: Method) -> Mask:
    of_event, before = (np.isnan(kwh[:, hours]) for hours in (like.window, like.before))
    if method.adjustment == Adjustment.NONE:
        before[:] = False
    return np.asarray(of_event.any(axis=2) | before.any(axis=2), np.bool_)


def _only(block: Block, some: Mask) -> Block:
    arrays: dict[str, Any] = {name: one[some] for name, one in block._asdict().items() if isinstance(one, np.ndarray)}
    return block._replace(**arrays)


def _rebound_wh(block: Block, here: NDArray[np.intp]) -> NDArray[np.int32]:
    rebound: NDArray[np.int32] = wh_of(block.metered_after[here]) - wh_of(block.baseline_after[here])
    return np.asarray(rebound.sum(axis=1), np.int32)


def wh_of(kwh: Floats) -> NDArray[np.int32]:
    return np.rint(kwh.astype(np.float64) * 1000).astype(np.int32)


def _bits(mask: Mask) -> Numbers:
    bits: Numbers = (mask.astype(np.int64) << np.arange(mask.shape[1])).sum(axis=1)
    return bits


def _mask(bits: Numbers, days: int) -> Mask:
    return (bits[:, None] >> np.arange(days) & 1).astype(np.bool_)
