"""Measured results as reports read them: of an event's stages, of one device, and of a program's season."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet

from cpm.choices import SumOf
from cpm.models.measuring import BaselineRule, MeasuredResult, MeasuredSum, Measurement
from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.event_steps import EventStep, steps_of
from integration.seam.sql import statement

HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
LEFT, SILENT, OVERRIDDEN = ("opted out", "released"), "D1ND", "D1IO"


@dataclass(frozen=True)
class MeasuredStage:
    """A program event with its latest finished measurement, and one that is under way; None where there is none."""

    event: ProgramEvent
    measurement: Measurement | None
    under_way: Measurement | None

    @property
    def total(self) -> MeasuredSum | None:
        """The sums of the devices that were called; None if there are none."""
        return next(iter(self.sums_of(SumOf.STAGE)), None)

    @property
    def rule(self) -> BaselineRule | None:
        return (self.measurement.rule or BaselineRule()) if self.measurement else None

    def sums_of(self, of: str) -> list[MeasuredSum]:
        return [one for one in self.measurement.sums.all() if one.of == of] if self.measurement else []


class EventTotals(NamedTuple):
    """An event's measured stages together. Energy in Wh; shares are of participations, None without any.

    Expected and reported are of the measured devices over the intervals measured, so that they compare with what they
    saved; where no device is measured there is none of these. Stages follow each other, but their errors may have one
    cause: the half widths are added.
    """

    participations: int
    called: int
    measured: int
    preliminary: int
    saved_wh: int | None
    half_width_wh: int | None
    expected_wh: int | None
    reported_wh: int | None
    rebound_wh: int | None
    opted_out: int
    silent: int
    overridden: int


class EventHour(NamedTuple):
    """An hour of the clock of an event: mean W while it ran, by who says so; None if nobody does.

    `measured_w` is of `meters` meters; the 90 % interval reaches `half_width_w` up and down.
    """

    starts_at: datetime
    committed_w: float | None
    expected_w: float | None
    reported_w: float | None
    measured_w: float | None
    half_width_w: float | None
    meters: int


def measured_stages(event_number: str) -> list[MeasuredStage]:
    """The stages of an event with what was measured of them, in order."""
    events = ProgramEvent.objects.filter(event_number=event_number).select_related("program__type")
    return with_measurements(list(events.order_by("stage_number")))


def with_measurements(events: Sequence[ProgramEvent]) -> list[MeasuredStage]:
    finished, under_way = _latest(events, finished_at__isnull=False), _latest(events, finished_at=None)
    return [MeasuredStage(event, finished.get(event.pk), under_way.get(event.pk)) for event in events]


def totals_of(stages: Sequence[MeasuredStage]) -> EventTotals:
    """The totals of the stages that are measured."""
    sums = [(stage, total) for stage in stages if (total := stage.total) and total.measured]
    segments = [one for stage in stages for one in stage.sums_of(SumOf.SEGMENT)]
    widths = [total.half_width_wh for _stage, total in sums]
    return EventTotals(
        participations=sum(one.participations for one in segments),
        called=sum(one.participations for one in segments if one.name not in LEFT),
        measured=sum(total.measured for _stage, total in sums),
        preliminary=sum(total.preliminary for _stage, total in sums),
        saved_wh=sum(total.saved_wh for _stage, total in sums) if sums else None,
        half_width_wh=None if None in widths or not widths else sum(width for width in widths if width is not None),
        expected_wh=sum(one.measured_expected_wh for _stage, one in sums) if sums else None,
        reported_wh=sum(one.measured_reported_wh for _stage, one in sums) if sums else None,
        rebound_wh=sum(total.rebound_wh for _stage, total in sums) if sums else None,
        opted_out=sum(one.participations for one in segments if one.name == LEFT[0]),
        silent=sum(one.participations for one in segments if one.name == SILENT),
        overridden=sum(one.participations for one in segments if one.name == OVERRIDDEN),
    )


def event_hours(stages: Sequence[MeasuredStage]) -> list[EventHour]:
    """The hours of an event: what DERMS committed to and expected, what was reported, and what was measured."""
    steps = steps_of(stages[0].event.event_uid) or _steps_of_stages(stages)
    measured: dict[int, list[tuple[float, float | None, int]]] = {}
    for stage in stages:
        for at, seconds, meters, baseline, metered, width in stage.measurement.hours if stage.measurement else []:
            watts = (baseline - metered) * 3600 / seconds, None if width is None else width * 3600 / seconds
            measured.setdefault(at, []).append((*watts, meters))
    hours = {int(one.timestamp()) for step in steps for one in _hours(step)} | measured.keys()
    return [_hour(datetime.fromtimestamp(at, UTC), steps, measured.get(at, [])) for at in sorted(hours)]


def result_of(event: ProgramEvent, device_id: int) -> tuple[Measurement, MeasuredResult] | None:
    """What was last measured of a device in a program event, if anything was."""
    measurement = _latest([event], finished_at__isnull=False).get(event.pk)
    if measurement is None:
        return None
    found = MeasuredResult.objects.filter(measurement_id=measurement.pk, device_id=device_id).first()
    return (measurement, found) if found else None


class Line(NamedTuple):
    """A participation's result with its device, place and what was expected and reported of it."""

    head_end: str
    nic_id: str
    device_class: str
    feeder: str
    meters: str
    segment: str
    status: str
    reason: str
    starts_at: datetime | None
    interval_s: int | None
    expected_w: int
    reported_w: int
    mean_w: int | None
    highest_drop_w: int | None
    saved_wh: int | None
    rebound_wh: int | None
    adjustment: float | None
    is_capped: bool
    days_used: int
    baseline_wh: str
    metered_wh: str
    device_id: int


def lines(measurement: Measurement, *, after: int = 0, limit: int) -> list[Line]:
    """Results in the order of devices, those after one of them."""
    params = {
        "measurement": measurement.pk, "program_event": measurement.program_event_id, "after": after, "limit": limit,
        "ends_at": measurement.ends_at,
    }  # fmt: skip
    query = statement("cpm", "measured_lines", segment=statement("cpm", "participation_segment"))
    return [Line(*row) for row in sql.rows(query, params)]


def season(program_id: int, begins: date, ends: date) -> list[MeasuredStage]:
    """The stages of a program that ran on the days of a season, up to the one before `ends`; the first of them first.

    A stage is of the day on which it starts where it is, which may be another one in UTC.
    """
    first, last = (datetime.combine(one, time(), UTC) for one in (begins, ends))
    near = {"starts_at__gte": first - ONE_DAY, "starts_at__lt": last + ONE_DAY}
    ran = ProgramEvent.objects.filter(program=program_id, started_at__isnull=False, **near)
    events = ran.select_related("program__type").order_by("starts_at", "pk")
    return with_measurements([one for one in events if begins <= _day_of(one) < ends])


def season_half_width(stages: Sequence[MeasuredStage]) -> int | None:
    """Half of the 90 % interval of a season, Wh: errors of stages of one day add up, those of days are independent."""
    by_day: dict[date, int] = {}
    for stage in stages:
        if stage.total and stage.total.measured:
            if stage.total.half_width_wh is None:
                return None
            day = _day_of(stage.event)
            by_day[day] = by_day.get(day, 0) + stage.total.half_width_wh
    return round(math.hypot(*by_day.values())) if by_day else None


def _day_of(event: ProgramEvent) -> date:
    return event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()


def _latest(events: Sequence[ProgramEvent], **conditions: object) -> Mapping[int, Measurement]:
    sums: QuerySet[MeasuredSum] = MeasuredSum.objects.order_by("of", "name")
    found = Measurement.objects.filter(program_event__in=[event.pk for event in events], **conditions)
    ordered = found.select_related("rule").prefetch_related(Prefetch("sums", sums)).order_by("version")
    return {one.program_event_id: one for one in ordered}


def _steps_of_stages(stages: Sequence[MeasuredStage]) -> list[EventStep]:
    """The steps of an event that was planned outside, by what its devices were expected to do and reported."""
    return [
        EventStep(stage.event.starts_at, stage.event.ends_at, None, total.expected_w, total.reported_w)
        for stage in stages
        if (total := stage.total)
    ]


def _hours(step: EventStep) -> list[datetime]:
    first = step.starts_at.replace(minute=0, second=0, microsecond=0)
    count = int((step.ends_at - first - timedelta(microseconds=1)) / HOUR) + 1
    return [first + n * HOUR for n in range(count)]


def _hour(at: datetime, steps: Sequence[EventStep], measured: Sequence[tuple[float, float | None, int]]) -> EventHour:
    parts = [(step, (min(step.ends_at, at + HOUR) - max(step.starts_at, at)) / HOUR) for step in steps]
    parts = [(step, share) for step, share in parts if share > 0]
    widths = [width for _watts, width, _meters in measured]
    return EventHour(
        at,
        _mean([(step.committed_w, share) for step, share in parts]),
        _mean([(step.expected_w, share) for step, share in parts]),
        _mean([(step.reported_w, share) for step, share in parts]),
        sum(watts for watts, _width, _meters in measured) if measured else None,
        None if not widths or None in widths else sum(width for width in widths if width is not None),
        sum(meters for _watts, _width, meters in measured),
    )


def _mean(parts: Sequence[tuple[float | None, float]]) -> float | None:
    known = [(watts, share) for watts, share in parts if watts is not None]
    return sum(watts * share for watts, share in known) / sum(share for _watts, share in known) if known else None
