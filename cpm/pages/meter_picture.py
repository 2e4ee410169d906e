"""The picture of a meter's day or week."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from cpm.choices import Quality
from cpm.models.meters import Meter
from cpm.queries.meters import meter_readings

SPANS = {"day": 1, "week": 7}


class Point(NamedTuple):
    """Mean power over an interval, None where there is no reading that counts; before a correction; what is known."""

    at: datetime
    kw: float | None
    before_kw: float | None
    quality: str


class Picture(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    points: list[Point]
    has_before: bool


def picture_of(meter: Meter, day: date, span: str, before: datetime | None) -> Picture:
    """The readings of a local day, or of the week that ends with it, and as they were at `before`, if given."""
    zone = ZoneInfo(meter.location.time_zone)
    begins = _moment(day - timedelta(days=SPANS[span] - 1), zone, meter.interval_s)
    ends = _moment(day + timedelta(days=1), zone, meter.interval_s)
    now = meter_readings([meter.pk], begins, ends, interval_s=meter.interval_s)
    then = meter_readings([meter.pk], begins, ends, interval_s=meter.interval_s, as_of=before) if before else None
    per_hour = 3600 / meter.interval_s
    points = [
        Point(
            begins + place * timedelta(seconds=meter.interval_s),
            _kw(now.kwh[0, place], per_hour),
            _kw(then.kwh[0, place], per_hour) if then else None,
            str(Quality(int(now.quality[0, place])).label) if now.quality[0, place] else "",
        )
        for place in range(now.kwh.shape[1])
    ]
    return Picture(begins, ends, points, then is not None)


def _moment(day: date, zone: ZoneInfo, interval_s: int) -> datetime:
    """The start of a local day; where the zone's clock is off by half an hour, that of the interval it falls into."""
    seconds = int(datetime.combine(day, time(), zone).timestamp())
    return datetime.fromtimestamp(seconds // interval_s * interval_s, UTC)


def _kw(kwh: np.float32, per_hour: float) -> float | None:
    return None if np.isnan(kwh) else float(kwh) * per_hour
