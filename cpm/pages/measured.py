"""Pictures and sentences of measured results: hours side by side, baseline against metered, who saved how much."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from cpm.choices import Baseline, BaselineAdjustment, NotMeasured, Quality
from cpm.models.measuring import BaselineRule, MeasuredResult, Measurement
from integration.pages.drawing import Axis, Tick, percent
from integration.pages.moments import day
from integration.pages.numbers import NBSP, count_text, power_parts

from ..like_days import CLOCK_CHANGE, DAY_OFF, WORKING_DAY
from ..queries.measured import EventHour

HEIGHT_PX = 160
KINDS = ("committed", "expected", "reported", "measured")
_GAP = 0.2  # of an hour's width between two hours


class HourBar(NamedTuple):
    """A bar of an hour: who says so, x and width in percent, y and height in pixels, and the ends of its interval."""

    kind: str
    says: str
    x: str
    width: str
    y: str
    height: str
    middle: str
    band: tuple[str, str] | None


class Picture(NamedTuple):
    """Bars of hours, or lines as points of a picture 1,000 wide, with the axis and the place of 0."""

    bars: Sequence[HourBar]
    ticks: Sequence[Tick]
    zero_y: str
    highest: str
    lines: Sequence[tuple[str, str]] = ()


def kind_label(kind: str) -> str:
    """Who says so."""
    return {
        "committed": _("Committed (target)"),
        "expected": _("Expected"),
        "reported": _("Reported by Live Energy Connect"),
        "measured": _("Measured"),
    }[kind]


def hours_picture(hours: Sequence[EventHour], zone: str) -> Picture | None:
    """The four powers of each hour side by side, the measured one with its 90 % interval; None without any."""
    values = [watts for hour in hours for watts in _watts(hour) if watts is not None]
    if not values:
        return None
    ends = [end for hour in hours for end in _band(hour)]
    low, high = min([0.0, *values, *ends]), max([1.0, *values, *ends])
    bars = [bar for at, hour in enumerate(hours) for bar in _bars(at, hour, len(hours), low, high)]
    axis = Axis(hours[0].starts_at, hours[-1].starts_at + timedelta(hours=1))
    return Picture(bars, axis.ticks(zone), f"{_y(0, low, high)}", _power(high))


def profile_picture(measurement: Measurement, zone: str) -> Picture | None:
    """The mean power of the measured participants by the baseline and by the meters, with the hours after."""
    points = mean_profile(measurement)
    if not points:
        return None
    begins, ends = points[0][0], points[-1][0] + timedelta(seconds=points[-1][1])
    axis = Axis(begins, ends)
    low = min([0.0, *(watts for _at, _s, *both in points for watts in both)])
    high = max([1.0, *(watts for _at, _s, *both in points for watts in both)])
    lines = [(name, _stairs(points, column, axis, low, high)) for name, column in (("baseline", 2), ("metered", 3))]
    end_x = 1000 * axis.share(measurement.ends_at)
    lines.append(("end", f"{end_x:.1f},0 {end_x:.1f},{HEIGHT_PX}"))
    return Picture((), axis.ticks(zone), f"{_y(0, low, high)}", _power(high), lines)


def mean_profile(measurement: Measurement) -> list[tuple[datetime, int, float, float]]:
    """By interval: its start, its length in s, and the mean W of a meter by the baseline and by the meters.

    Meters of longer intervals are spread evenly over the shortest.
    """
    if not measurement.profile:
        return []
    shortest = min(row[1] for row in measurement.profile)
    sums: dict[int, list[float]] = {}
    for at, interval_s, meters, baseline_wh, metered_wh in measurement.profile:
        for part in range(at, at + interval_s, shortest):
            one = sums.setdefault(part, [0.0, 0.0, 0.0])
            one[:] = one[0] + meters, one[1] + baseline_wh * 3600 / interval_s, one[2] + metered_wh * 3600 / interval_s
    return [
        (datetime.fromtimestamp(at, UTC), shortest, baseline / meters, metered / meters)
        for at, (meters, baseline, metered) in sorted(sums.items())
        if meters
    ]


class SavedBar(NamedTuple):
    """A bar of the distribution: mean W saved, how many meters, x and width in percent, y and height in pixels."""

    label: str
    meters: int
    x: str
    width: str
    y: int
    height: int


def distribution_bars(measurement: Measurement) -> list[SavedBar]:
    """How many meters saved how much, mean over the event."""
    rows = measurement.distribution
    if not rows:
        return []
    width = rows[0][1] - rows[0][0]
    first, places = rows[0][0], (rows[-1][1] - rows[0][0]) // width
    highest = max(count for _from, _until, count in rows)
    return [
        SavedBar(
            f"{count_text(begins)}{NBSP}W … {count_text(until)}{NBSP}W",
            count,
            percent((begins - first) // width / places),
            percent(0.85 / places),
            HEIGHT_PX - round(HEIGHT_PX * count / highest),
            max(1, round(HEIGHT_PX * count / highest)),
        )
        for begins, until, count in rows
    ]


def method_sentences(rule: BaselineRule, measurement: Measurement) -> list[str]:
    """How the baselines were made, in words."""
    if rule.method == Baseline.METER_BEFORE:
        return [_("The baseline is the last reading before the event (meter before, meter after).")]
    by = _("at most %(cap)s %% up or down, by the %(hours)s minutes that end %(buffer)s minutes before the start") % {
        "cap": rule.cap_percent, "hours": rule.adjustment_minutes, "buffer": rule.buffer_minutes,
    }  # fmt: skip
    adjusted = f": {by}" if rule.adjustment != BaselineAdjustment.NONE else ""
    return [
        f"{rule.get_method_display()}.",
        _("Adjustment: %(how)s.") % {"how": f"{rule.get_adjustment_display()}{adjusted}"},
        _("Like days: %(days)s of the %(back)s days before, by the stage's local time; at least %(least)s must count.")
        % {"days": len(measurement.days), "back": rule.lookback_days, "least": rule.least_days},
    ]


def out_sentences(days_out: Iterable[Sequence[str]]) -> list[str]:
    """Which days were no like days, by the reason."""
    words = {
        DAY_OFF: _("weekends and holidays"), WORKING_DAY: _("working days"), CLOCK_CHANGE: _("the clock changes"),
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for moment, why in days_out:
        found.setdefault(why, []).append(day(datetime.fromisoformat(moment)))
    return [f"{words[why]}: {', '.join(reversed(days))}" for why, days in found.items()]


class LikeDay(NamedTuple):
    """A like day of a participation, and whether it counts or why not."""

    day: str
    says: str


def days_of(result: MeasuredResult, measurement: Measurement) -> list[LikeDay]:
    """What became of each like day of a participation; those that are too long ago are left out."""
    words = (
        (result.days_used, _("counts")),
        (result.days_busy, _("the place took part in an event")),
        (result.days_incomplete, _("readings are missing")),
    )
    return [
        LikeDay(day(datetime.combine(one, datetime.min.time())), says)
        for bit, one in enumerate(measurement.days)
        if (says := next((says for bits, says in words if bits >> bit & 1), ""))
    ]


class ShownInterval(NamedTuple):
    """An interval of a participation in Wh."""

    starts_at: datetime
    unadjusted_wh: int
    baseline_wh: int
    metered_wh: int
    saved_wh: int


class ShownResult(NamedTuple):
    """A participation's result as its page explains it."""

    result: MeasuredResult
    measurement: Measurement
    reason: str
    method: Sequence[str]
    days: Sequence[LikeDay]
    out: Sequence[str]
    intervals: Sequence[ShownInterval]
    quality: str
    adjusted_pct: int | None


def shown_result(measurement: Measurement, result: MeasuredResult) -> ShownResult:
    """Return what a participation's page says of its measured result."""
    rule = measurement.rule or BaselineRule()
    is_ratio = rule.adjustment == BaselineAdjustment.RATIO and result.adjustment is not None
    return ShownResult(
        result,
        measurement,
        reason_of(result),
        method_sentences(rule, measurement),
        days_of(result, measurement),
        out_sentences(measurement.days_out),
        _intervals(result),
        "" if result.quality is None else str(Quality(result.quality).label),
        round(100 * ((result.adjustment or 0) - 1)) if is_ratio else None,
    )


def _intervals(result: MeasuredResult) -> list[ShownInterval]:
    if result.starts_at is None or result.interval_s is None:
        return []
    columns = zip(result.unadjusted_wh or (), result.baseline_wh or (), result.metered_wh or (), strict=True)
    return [
        ShownInterval(result.starts_at + timedelta(seconds=n * result.interval_s), *wh, wh[1] - wh[2])
        for n, wh in enumerate(columns)
    ]


def reason_of(result: MeasuredResult) -> str:
    """Why a participation is not measured; empty if it is."""
    return str(NotMeasured(result.reason).label) if result.reason else ""


def _watts(hour: EventHour) -> tuple[float | None, ...]:
    return hour.committed_w, hour.expected_w, hour.reported_w, hour.measured_w


def _band(hour: EventHour) -> tuple[float, ...]:
    if hour.measured_w is None or hour.half_width_w is None:
        return ()
    return hour.measured_w - hour.half_width_w, hour.measured_w + hour.half_width_w


def _bars(at: int, hour: EventHour, hours: int, low: float, high: float) -> list[HourBar]:
    width = (1 - _GAP) / len(KINDS) / hours
    bars = []
    for place, (kind, watts) in enumerate(zip(KINDS, _watts(hour), strict=True)):
        if watts is None:
            continue
        x, y, zero = (at + _GAP / 2) / hours + place * width, _y(watts, low, high), _y(0, low, high)
        ends = _band(hour) if kind == "measured" else ()
        band = (f"{_y(ends[1], low, high)}", f"{_y(ends[0], low, high)}") if ends else None
        says = f"{kind_label(kind)}: {_power(watts)}"
        top, height = min(y, zero), max(1.0, abs(zero - y))
        bars.append(
            HourBar(kind, says, percent(x), percent(width), f"{top}", f"{height:.1f}", percent(x + width / 2), band)
        )
    return bars


def _stairs(
    points: Sequence[tuple[datetime, int, float, float]], column: int, axis: Axis, low: float, high: float
) -> str:
    """A line that holds each interval's power over the interval."""
    corners = []
    for point in points:
        y = _y(float(point[column]), low, high)  # type: ignore[arg-type]  # the columns of power
        for moment in (point[0], point[0] + timedelta(seconds=point[1])):
            corners.append(f"{1000 * axis.share(moment):.1f},{y}")
    return " ".join(corners)


def _y(watts: float, low: float, high: float) -> float:
    return round(HEIGHT_PX * (high - watts) / (high - low), 1)


def _power(watts: float) -> str:
    return NBSP.join(power_parts(watts / 1000))
