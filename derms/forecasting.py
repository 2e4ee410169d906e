"""The load of a control zone in the hours to come, learned from its metered hours.

Tables have a row per local day and a column per hour of the clock, 0 to 23; NaN: not known. Loads may have any unit.
For each hour and each day ahead there is a ridge regression of its own, of how far the load is from the mean of four
weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAYS_AHEAD = 7  # today and six more
LEAST_DAYS = 21  # with fewer known days, the forecast is that of like weekdays
LOOKED_BACK = 28  # days of which the band and the skill are
LEAST_BEFORE = 7  # days that have to be known before one that is learned from
LIKE_WEEKS = 4
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
WARM_C, COLD_C = 18.0, 15.0  # above and below, buildings are cooled and heated
BAND = (5.0, 95.0)  # per cent of the residuals
_HALF_LIFE_DAYS = 90.0  # an older day counts less
_PENALTY = 0.03
_KIND = 0.2  # a kind of day as a number: the size of what loads differ by, so that the penalty is fair


@dataclass(frozen=True)
class Days:
    """What is known of a zone. Row `today` is the day of the first hour that isn't known, `hour`; six rows follow it.

    load: (today + 7, 24), NaN from that hour on.
    temperature: the same shape, °C, with what is forecast; all NaN: there is none.
    kind: (today + 7,), the weekday of each day, Monday 0; a holiday is a Sunday.
    """

    load: Floats
    temperature: Floats
    kind: NDArray[np.int64]
    today: int
    hour: int


@dataclass(frozen=True)
class Forecast:
    """The load of today and six more days (7, 24) with the bounds of 90 %; NaN: no forecast, or no band yet.

    method: "ridge" or "like weekdays".
    errors, naive_errors: (24,) mean absolute errors in per cent of the load, day ahead over the last 28 known days, of
    this method and of like weekdays, each day as it would have been forecast the day before. NaN: not known.
    days: on how many days the errors are.
    """

    load: Floats
    low: Floats
    high: Floats
    method: str
    errors: Floats
    naive_errors: Floats
    days: int


def forecast_load(known: Days) -> Forecast:
    """Forecast the load of a zone; the same input gives the same forecast."""
    like = _like_weekdays(known)
    looked_at = np.arange(max(0, known.today - LOOKED_BACK), known.today)
    if np.isfinite(known.load).all(axis=1).sum() < LEAST_DAYS:
        past = np.broadcast_to(like[looked_at], (DAYS_AHEAD, len(looked_at), 24))
        return _with_band(known, _coming(like, known), past, like, looked_at, "like weekdays")
    load, past = _regressions(known, like, looked_at)
    return _with_band(known, load, past, like, looked_at, "ridge")


def _like_weekdays(known: Days) -> Floats:
    """The mean of the last four like days before each day, hour by hour; NaN where there is none a week before."""
    like = np.full_like(known.load, np.nan)
    for kind in range(7):
        days = np.flatnonzero(known.kind == kind)
        for place, day in enumerate(days):
            earlier = [d for d in days[:place] if d < min(day, known.today)][-LIKE_WEEKS:]
            like[day] = _mean(known.load[earlier]) if earlier else np.nan
    return like


def _coming(like: Floats, known: Days) -> Floats:
    """Like weekdays from today on; where there is none yet, the mean of the last days that are known at this hour."""
    latest = _mean(known.load[max(0, known.today - 7) : known.today + 1])
    coming = like[known.today :]
    return np.where(np.isfinite(coming), coming, latest)


def _regressions(known: Days, like: Floats, looked_at: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The load to come (7, 24), and that of past days (7, days, 24) as it would have been forecast so many days ahead.

    Each day is forecast from the days that were known by then alone: sums over the days before grow day by day.
    """
    scale = float(np.nanmean(np.abs(known.load))) or 1.0
    filled = _filled(known.load, like) / scale
    usual = np.stack([_mean_of_days(filled, ahead) for ahead in range(DAYS_AHEAD)])
    x = np.stack([_features(known, filled, usual[ahead], ahead) for ahead in range(DAYS_AHEAD)])
    y = known.load / scale - usual
    weight = np.isfinite(y).astype(float)
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    size, fading = x.shape[-1], 0.5 ** (1 / _HALF_LIFE_DAYS)
    penalty = np.diag([1e-6, *[_PENALTY] * (size - 1)])
    squares, products = np.zeros((DAYS_AHEAD, 24, size, size)), np.zeros((DAYS_AHEAD, 24, size))
    past = np.full((DAYS_AHEAD, len(looked_at), 24), np.nan)
    load = np.full((DAYS_AHEAD, 24), np.nan)
    for day in range(known.today + 1):  # what was learned before `day` forecasts it and the days after it
        if day >= looked_at[0]:
            with_neighbours = _with_neighbours(squares) + penalty, _with_neighbours(products)[..., None]
            learned = np.linalg.solve(*with_neighbours)[..., 0]
            for ahead in range(DAYS_AHEAD if day == known.today else min(DAYS_AHEAD, known.today - day)):
                to = day + ahead
                guess = (usual[ahead, to] + np.einsum("hp,hp->h", x[ahead, to], learned[ahead])) * scale
                if day == known.today:
                    load[ahead] = guess
                else:
                    past[ahead, to - looked_at[0]] = guess
        weighted = x[:, day] * weight[:, day, :, None]
        squares = fading * squares + weighted[..., :, None] * x[:, day, :, None, :]
        products = fading * products + weighted * y[:, day, :, None]
    return load, past


def _with_neighbours(sums: Floats) -> Floats:
    """Sums by hour with those of two hours before and after: an hour alone has few days to learn from."""
    return sum((np.roll(sums, shift, axis=1) * 0.5 ** abs(shift) for shift in (-2, -1, 1, 2)), start=sums)


def _mean_of_days(table: Floats, ahead: int) -> Floats:
    """For each day, the mean of the four weeks before it that are known so many days ahead; NaN before a first week."""
    sums = np.concatenate([np.zeros((1, 24)), np.cumsum(table, axis=0)])
    ends = np.maximum(np.arange(len(table)) - ahead, 0)
    begins = np.maximum(ends - LOOKED_BACK, 0)
    means = (sums[ends] - sums[begins]) / np.maximum(ends - begins, 1)[:, None]
    return np.where((ends >= LEAST_BEFORE)[:, None], means, np.nan)


def _features(known: Days, filled: Floats, usual: Floats, ahead: int) -> Floats:
    """What is known of each day so many days before it, at the hour at which today begins to be unknown.

    Loads are differences to the usual ones.
    """
    days = np.arange(len(known.load))
    latest = np.where(np.arange(24)[None, :] < known.hour, days[:, None] - ahead, days[:, None] - ahead - 1)
    until = (days - ahead) * 24 + known.hour
    flat, shape = filled.ravel(), filled.shape
    lately = _mean_before(flat, until, 6) - _mean_before(flat, until - 24, 6)  # warmer or colder than yesterday
    whole_day = _mean_before(flat, until, 24) - usual.mean(axis=1)
    is_off = (known.kind >= SATURDAY)[np.maximum(latest, 0)]
    parts = [np.ones(shape), _at(filled, latest) - usual, whole_day[:, None], lately[:, None], _KIND * is_off]
    parts += [_KIND * (known.kind == kind)[:, None] for kind in (MONDAY, FRIDAY, SATURDAY, SUNDAY)]
    if np.isfinite(known.temperature).any():
        parts += _of_temperature(known.temperature, latest, ahead)
    return np.stack([np.broadcast_to(part, shape).astype(float) for part in parts], axis=-1)


def _of_temperature(temperature: Floats, latest: NDArray[np.int64], ahead: int) -> list[Floats]:
    """How much warmer or colder than usual an hour and its day are, and the latest known such hour was.

    Unknown is as usual.
    """
    parts = []
    for degrees in (np.maximum(temperature - WARM_C, 0) / 10, np.maximum(COLD_C - temperature, 0) / 10):
        known = np.where(np.isfinite(degrees), degrees, _mean(degrees))
        change = np.where(np.isfinite(degrees), degrees - _mean_of_days(known, ahead), 0.0)
        parts += [change, change.mean(axis=1, keepdims=True), _at(change, latest)]
    return parts


def _at(table: Floats, rows: NDArray[np.int64]) -> Floats:
    """The values of the table at such rows, hour by hour; 0 before the first row."""
    rows = np.broadcast_to(rows, table.shape)
    found = table[np.clip(rows, 0, len(table) - 1), np.arange(24)[None, :]]
    return np.where(rows >= 0, found, 0.0)


def _mean_before(flat: Floats, until: NDArray[np.int64], hours: int) -> Floats:
    """The mean over so many hours before each place; NaN where they aren't all there."""
    sums = np.concatenate([[0.0], np.cumsum(flat)])
    ends = np.clip(until, hours, len(flat))
    means = (sums[ends] - sums[ends - hours]) / hours
    return np.where(until >= hours, means, np.nan)


def _filled(load: Floats, like: Floats) -> Floats:
    """The load with that of like weekdays in its gaps, or else the mean of the hour."""
    filled = np.where(np.isfinite(load), load, like)
    return np.where(np.isfinite(filled), filled, _mean(filled))


def _with_band(
    known: Days, load: Floats, past: Floats, like: Floats, looked_at: NDArray[np.int64], method: str
) -> Forecast:
    """Add the band: so much of the residuals of an hour and its neighbours, as many days ahead, lie within it."""
    metered = known.load[looked_at]
    residuals = metered[None] - past
    around = np.concatenate([np.roll(residuals, shift, axis=2) for shift in (-1, 0, 1)], axis=1)
    enough = np.isfinite(around).sum(axis=1) >= LEAST_DAYS
    around = np.where(enough[:, None, :], around, 0.0)
    low, high = np.nanpercentile(around, BAND, axis=1) if len(looked_at) else (np.nan, np.nan)
    enough = enough & np.isfinite(load)
    errors, days = _errors(metered, past[1])
    naive, _days = _errors(metered, like[looked_at])
    return Forecast(
        load,
        np.where(enough, load + np.minimum(low, 0), np.nan),
        np.where(enough, load + np.maximum(high, 0), np.nan),
        method,
        errors,
        naive,
        days,
    )


def _errors(metered: Floats, forecast: Floats) -> tuple[Floats, int]:
    """The mean absolute error of each hour in per cent of the load, and the days it is of."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(forecast - metered) / np.abs(metered) * 100
    error = np.where(np.isfinite(error), error, np.nan)
    return _mean(error), int(np.isfinite(error).any(axis=1).sum())


def _mean(rows: Floats) -> Floats:
    """The mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
