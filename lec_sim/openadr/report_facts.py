"""What a report says, as facts: what devices do, and what was measured. Anything else is kept, and read by nobody."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from integration.seam.messages import MOST_W

from ..choices import Measure, Quality, Word
from ..models import LecStage
from ..operations import Measured, Said
from .periods import length_of, start_of
from .report_wire import AGGREGATED, ReportedResource, ReportRequest
from .wire import Interval

WORDS: Mapping[str, Word] = {
    "RUNNING_CURTAILED": Word.ANSWERED,
    "IDLE_CURTAILED": Word.ANSWERED,
    "NORMAL": Word.NORMAL,
    "RUNNING_NORMAL": Word.NORMAL,
    "IDLE_NORMAL": Word.NORMAL,
    "RUNNING_OPTED_OUT": Word.OPTED_OUT,
    "IDLE_OPTED_OUT": Word.OPTED_OUT,
    "ERROR": Word.ERROR,
    "SGD_ERROR_CONDITION": Word.ERROR,
}
MEASURES: Mapping[str, Measure] = {
    "USAGE": Measure.USAGE,
    "DEMAND": Measure.DEMAND,
    "DELTA_USAGE": Measure.DELTA_USAGE,
    "BASELINE": Measure.BASELINE,
}
QUALITIES = {"OK": Quality.OK, "ESTIMATED": Quality.ESTIMATED}
KWH, KW = "KWH", "KW"
MOST_TOGETHER_W = 1_000_000_000_000  # as in the message delivered_load


class Period(NamedTuple):
    """When an interval starts, and how long it is; None if the report doesn't say. Then it starts `later`."""

    start: datetime | None
    length: timedelta | None
    later: timedelta


@dataclass
class Facts:
    """What a report says of devices, and what it measured."""

    said: list[Said] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)


def facts_of(report: ReportRequest, stage: LecStage, *, now: datetime) -> Facts:
    """The facts of a report. Raises BadRequest with the place of a value that can't be one."""
    facts, reading = Facts(), _Reading(report, stage, now)
    for number, resource in enumerate(report.resources):
        nic_id = "" if resource.resourceName == AGGREGATED else resource.resourceName
        for interval, period, place in _intervals(resource, f"resources.{number}", now):
            if nic_id and (word := _word(interval, place)):
                facts.said.append(Said(nic_id, word, period.start or now))
            facts.measured.extend(reading.measures(nic_id, interval, period, place))
    return facts


def _intervals(resource: ReportedResource, place: str, now: datetime) -> Iterator[tuple[Interval, Period, str]]:
    """The intervals of a resource with their periods and places; one without a start follows those before it."""
    first = start_of(resource.intervalPeriod, now)
    common = length_of(resource.intervalPeriod, f"{place}.intervalPeriod")
    for number, interval in enumerate(resource.intervals):
        here = f"{place}.intervals.{number}"
        start = start_of(interval.intervalPeriod, now)
        length = length_of(interval.intervalPeriod, f"{here}.intervalPeriod")
        length = common if length is None else length
        later = number * (common or timedelta())
        yield interval, Period(start or (first and first + later), length, later), here


def _word(interval: Interval, place: str) -> Word | None:
    values = _values(interval, "OPERATING_STATE")
    if values is None:
        return None
    if not values or not isinstance(values[0], str):
        raise BadRequest(_("%(place)s: OPERATING_STATE must have a state as its value.") % {"place": place})
    return WORDS.get(values[0])


class _Reading:
    """Reads measured values in the units that a report names."""

    def __init__(self, report: ReportRequest, stage: LecStage, now: datetime) -> None:
        described = report.payloadDescriptors or []
        self.stage, self.now = stage, now
        self.units = {one.payloadType: one.units for one in described if one.units}
        self.forecasts = {one.payloadType for one in described if one.readingType == "FORECAST"}
        for number, one in enumerate(described):
            if one.payloadType in MEASURES and one.units not in (None, KWH, KW):
                raise BadRequest(
                    _("payloadDescriptors.%(number)s.units: %(name)s must be in KWH or KW, not in “%(value)s”.")
                    % {"number": number, "name": one.payloadType, "value": one.units}
                )

    def measures(self, nic_id: str, interval: Interval, period: Period, place: str) -> Iterator[Measured]:
        quality = _quality(interval)
        for name, measure in MEASURES.items():
            values = _values(interval, name)
            if values is None or name in self.forecasts or quality is None:
                continue
            number = _number(values, name, place)
            starts_at, length = self._when(period, name, place)
            unit = self.units.get(name, KW if measure == Measure.DEMAND else KWH)
            watts = number * 1000 * (1 if unit == KW else 3600 / length.total_seconds())
            most = MOST_W if nic_id else MOST_TOGETHER_W
            if abs(watts) > most:
                raise BadRequest(
                    _("%(place)s: %(name)s %(value)s is implausible: %(watts)s W, at most %(most)s W.")
                    % {"place": place, "name": name, "value": number, "watts": f"{watts:.3g}", "most": f"{most:,}"}
                )
            yield Measured(nic_id, measure, starts_at, starts_at + length, watts, quality)

    def _when(self, period: Period, name: str, place: str) -> tuple[datetime, timedelta]:
        """The interval of a measured value; one that the report gives no period is the event's."""
        if period.start is None and period.length is None:
            return self.stage.starts_at, self.stage.ends_at - self.stage.starts_at
        if not period.length:
            raise BadRequest(
                _("%(place)s: an interval with %(name)s needs a duration above 0.") % {"place": place, "name": name}
            )
        return period.start or self.stage.starts_at + period.later, period.length


def _quality(interval: Interval) -> Quality | None:
    """How far the values of an interval can be trusted, None if they are missing; an unknown word isn't trusted."""
    values = _values(interval, "DATA_QUALITY")
    if not values:
        return Quality.OK
    return None if values[0] == "MISSING" else QUALITIES.get(str(values[0]), Quality.BAD)


def _values(interval: Interval, name: str) -> Sequence[Any] | None:
    return next((one.values for one in interval.payloads if one.type == name), None)


def _number(values: Sequence[Any], name: str, place: str) -> float:
    found = values[0] if values else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise BadRequest(_("%(place)s: %(name)s must have a number as its value.") % {"place": place, "name": name})
    return float(found)
