"""What of a file of readings looks wrong as a whole, said before it is applied: clocks that are off, odd amounts."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.choices import Quality
from cpm.meter_days import DAY_S, unpack, unpack_quality
from cpm.queries.meters import meter_readings
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose

CLOCKS = recorded(
    "From %(first)s to %(last)s, the readings follow those of %(others)s better when they are moved by %(hours)s h "
    "(correlation %(moved)s instead of %(as_is)s). Is the clock of the meters, or the file's time zone, an hour off?"
)
OTHER_METERS = recorded("other meters of their control zones")
OWN_PAST = recorded("the same meters a week before")
TINY = recorded("On average a meter uses %(wh)s Wh a day. Are the values kWh instead of Wh?")
DAYS, METERS, FEWEST = 7, 200, 3
BETTER_BY, GOOD = 0.05, 0.8
TINY_WH = 100
INNER = slice(1, 23)  # hours of a day that still are within it when it is moved by one
_DAYS = """
SELECT day FROM {staged} WHERE NOT is_reverse GROUP BY day HAVING count(*) >= {fewest}
 ORDER BY count(*) DESC, day LIMIT {days}
"""
_SAMPLE = """
SELECT s.meter_id, s.day, s.interval_s, s.scale, s.readings, s.quality
  FROM {staged} s
  JOIN (SELECT DISTINCT meter_id FROM {staged} WHERE NOT is_reverse ORDER BY meter_id LIMIT {meters}) chosen
 USING (meter_id)
 WHERE NOT s.is_reverse AND s.day = ANY(%(days)s)
"""
_OTHERS = """
SELECT m.id FROM cpm_meter m JOIN cpm_devicelocation l ON l.id = m.location_id
 WHERE l.zone IN (SELECT DISTINCT place.zone
                    FROM cpm_meter own JOIN cpm_devicelocation place ON place.id = own.location_id
                   WHERE own.id = ANY(%(meters)s))
   AND m.ends_at IS NULL AND NOT EXISTS (SELECT FROM {staged} s WHERE s.meter_id = m.id)
 ORDER BY m.id LIMIT {meters}
"""
_MEAN = """
SELECT avg(total_wh)::float8, count(DISTINCT meter_id) FROM (SELECT * FROM {staged} WHERE NOT is_reverse LIMIT 5000) s
"""
Profiles = NDArray[np.float64]


class _Sample(NamedTuple):
    """Some days of a file: its meters, and the mean kWh of each hour, (days, 24)."""

    days: list[date]
    meters: list[int]
    profiles: Profiles


def suspicions(staged: Sql) -> list[str]:
    """Sentences about a file's days, in `{staged}`; nothing is refused for them."""
    wh, meters = sql.row(compose(_MEAN, staged=staged))
    found: list[str] = [TINY(wh=round(wh, 1))] if meters >= FEWEST and 0 < wh < TINY_WH else []
    sample = _sample(staged)
    return found + (_clocks(sample, staged) if sample else [])


def _sample(staged: Sql) -> _Sample | None:
    limits = {"fewest": Sql(str(FEWEST)), "days": Sql(str(DAYS)), "meters": Sql(str(METERS))}
    days = sorted(sql.column(compose(_DAYS, staged=staged, **{name: limits[name] for name in ("fewest", "days")})))
    if not days:
        return None
    rows = sql.rows(compose(_SAMPLE, staged=staged, meters=limits["meters"]), {"days": days})
    sums, counts = np.zeros((len(days), 24)), np.zeros((len(days), 24))
    for _meter, day, *stored in rows:
        hourly = _hourly(*stored)
        is_there = ~np.isnan(hourly)
        sums[days.index(day)] += np.where(is_there, hourly, 0.0)
        counts[days.index(day)] += is_there
    with np.errstate(invalid="ignore", divide="ignore"):
        return _Sample(days, sorted({row[0] for row in rows}), sums / counts)


def _hourly(interval_s: int, scale: int, readings: Any, quality: Any) -> Profiles:
    intervals = DAY_S // interval_s
    known = unpack_quality(bytes(quality), days=1, intervals=intervals)[0]
    wh = unpack(bytes(readings), days=1, intervals=intervals, scale=scale)[0]
    wh = np.where(known < Quality.NEGATIVE, wh, np.nan)
    return np.asarray(wh.reshape(24, -1).sum(axis=1), np.float64)


def _clocks(sample: _Sample, staged: Sql) -> list[str]:
    others = sql.column(compose(_OTHERS, staged=staged, meters=Sql(str(METERS))), {"meters": sample.meters})
    for told, meters, back in ((OTHER_METERS, others, 0), (OWN_PAST, sample.meters, 7)):
        reference = _reference(meters, [day - timedelta(days=back) for day in sample.days])
        fits = {hours: _correlation(sample.profiles, reference, hours) for hours in (-1, 0, 1)}
        if np.isnan(fits[0]):
            continue
        best = max(fits, key=lambda hours: np.nan_to_num(fits[hours], nan=-1.0))
        if best and fits[best] > max(GOOD, fits[0] + BETTER_BY):
            first, last = sample.days[0], sample.days[-1]
            moved, as_is = f"{fits[best]:.2f}", f"{fits[0]:.2f}"
            return [CLOCKS(first=first, last=last, others=told(), hours=f"{-best:+d}", moved=moved, as_is=as_is)]
        return []
    return []


def _reference(meters: list[int], days: list[date]) -> Profiles:
    """The mean kWh of each hour of known readings, (days, 24), NaN where there are fewer than FEWEST."""
    found = np.full((len(days), 24), np.nan)
    for place, day in enumerate(days if len(meters) >= FEWEST else ()):
        start = datetime.combine(day, time(), UTC)
        kwh = meter_readings(meters, start, start + timedelta(days=1), interval_s=3600).kwh
        enough = (~np.isnan(kwh)).sum(axis=0) >= FEWEST
        found[place, enough] = np.nanmean(kwh[:, enough], axis=0)
    return found


def _correlation(profiles: Profiles, reference: Profiles, hours: int) -> float:
    """How alike the days are when the file's are read `hours` later; NaN if too little is known."""
    file = np.roll(profiles, -hours, axis=1)[:, INNER].ravel()
    known = reference[:, INNER].ravel()
    both = ~np.isnan(file) & ~np.isnan(known)
    if both.sum() < INNER.stop - INNER.start or not np.ptp(file[both]) or not np.ptp(known[both]):
        return float("nan")
    return float(np.corrcoef(file[both], known[both])[0, 1])
