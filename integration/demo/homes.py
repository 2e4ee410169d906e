"""Invented loads of homes: numpy over blocks of homes, the same for the same numbers, without a database.

A home draws what its rooms and its devices draw at each quarter of an hour. What its devices did in events takes some
of it away, and comes back in part afterwards. Nothing here is a real home's.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.choices import DeviceClass, Quality

QUARTER_S, QUARTERS = 900, 96
LEAST_KW = 0.05  # of a home without a battery
# How much of what an event saved comes back, over how many quarters after it: fading.
REBOUND = {
    DeviceClass.THERMOSTAT: (0.5, 8),
    DeviceClass.WATER_HEATER: (0.8, 8),
    DeviceClass.EV_CHARGER: (0.9, 12),
    DeviceClass.BATTERY: (1.1, 16),
}
GAPS, ESTIMATED = 0.004, 0.01  # shares of days with a gap, and up to here with estimated readings

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Homes(NamedTuple):
    """A block of homes by their numbers, which have batteries, and their devices: place of the home, class, kW."""

    numbers: Ints
    have_battery: NDArray[np.bool_]
    places: Ints
    classes: NDArray[Any]
    rated_kw: Floats


class Effects(NamedTuple):
    """What devices did in events: place of the home, seconds from and until, kW as reported, class, device."""

    places: Ints
    starts: Ints
    ends: Ints
    kw: Floats
    classes: NDArray[Any]
    devices: Ints


class Shape(NamedTuple):
    """A zone at each quarter: its load as a share of its highest, and each class's share of its rated power."""

    load: Floats
    factors: dict[str, Floats]


def uniform(*keys: Any) -> Floats:
    """Numbers from 0 to 1, drawn from whole numbers that are broadcast: the same for the same ones."""
    mixed = np.zeros(1, np.uint64)
    for key in keys:
        mixed = mixed ^ np.asarray(key, np.int64).astype(np.uint64)
        mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = mixed ^ (mixed >> np.uint64(27))
    return np.asarray(mixed >> np.uint64(40), np.float32) / np.float32(1 << 24)


def loads(homes: Homes, quarters: Ints, shape: Shape) -> Floats:
    """The kW of homes on average over each quarter (counted since 1970), without any event: (homes, quarters)."""
    size = 0.6 + 0.9 * uniform(homes.numbers, 1)[:, None]
    drawn = 0.7 + 0.6 * uniform(homes.numbers[:, None], 2, quarters)
    kw: Floats = np.asarray(size * (0.1 + 1.3 * shape.load**2) * drawn, np.float32)
    days = quarters // QUARTERS
    for number, device_class in enumerate(DeviceClass.values):
        if device_class == DeviceClass.BATTERY:
            continue  # it waits for events
        ours = np.flatnonzero(homes.classes == device_class)
        keys = homes.numbers[homes.places[ours], None] * 10 + number
        whims = (0.6 + 0.8 * uniform(keys, 3, days)) * (0.8 + 0.4 * uniform(keys, 4, quarters))
        np.add.at(kw, homes.places[ours], homes.rated_kw[ours, None] * shape.factors[device_class] * whims)
    return kw


def after_events(kw: Floats, homes: Homes, quarters: Ints, effects: Effects) -> Floats:
    """The same loads with what devices did in events, and what came back of it afterwards."""
    changed = kw.copy()
    true_kw = effects.kw * (0.8 + 0.25 * uniform(effects.devices, 5))  # what was reported is not quite what was
    first = effects.starts // QUARTER_S - quarters[0]
    longest = int(((effects.ends - effects.starts) // QUARTER_S).max(initial=0)) + 2
    for after in range(longest):
        begin = (quarters[0] + first + after) * QUARTER_S
        overlap = np.minimum(effects.ends, begin + QUARTER_S) - np.maximum(effects.starts, begin)
        _add(changed, effects.places, first + after, -true_kw * np.clip(overlap, 0, None) / QUARTER_S)
    kwh = true_kw * (effects.ends - effects.starts) / 3600
    next_quarter = -(-effects.ends // QUARTER_S) - quarters[0]
    for device_class, (share, length) in REBOUND.items():
        ours = effects.classes == device_class
        for after in range(length):
            fading = 2 * (length - after - 0.5) / length**2
            _add(changed, effects.places[ours], next_quarter[ours] + after, kwh[ours] * share * fading * 4)
    return np.asarray(np.where(homes.have_battery[:, None], changed, np.maximum(changed, LEAST_KW)), np.float32)


def readings(kw: Floats, homes: Homes, first_day: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Whole days of loads as Wh and qualities, (homes, days, quarters): a few have a gap, or are estimated."""
    days = kw.reshape(len(kw), -1, QUARTERS)
    wh = np.rint(np.asarray(days, np.float64) * 250.0)
    keys = homes.numbers[:, None], first_day + np.arange(days.shape[1])
    fate, start = uniform(*keys, 6), (uniform(*keys, 7) * QUARTERS).astype(np.int64)
    at = np.arange(QUARTERS)
    has_gap = (fate < GAPS)[..., None] & (at >= start[..., None]) & (at < start[..., None] + 12)
    is_estimated = ((fate >= GAPS) & (fate < ESTIMATED))[..., None]
    quality = np.where(is_estimated, Quality.ESTIMATED, np.zeros(wh.shape, np.uint8)).astype(np.uint8)
    wh[has_gap], quality[has_gap] = np.nan, Quality.MISSING
    return wh, quality


def _add(kw: Floats, places: Ints, columns: Ints, amount: Any) -> None:
    inside = (columns >= 0) & (columns < kw.shape[1])
    np.add.at(kw, (places[inside], columns[inside]), np.asarray(amount, np.float32)[inside])
