"""What is to be measured: program events whose readings came, and the devices of one with their places."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from numpy.typing import NDArray

from cpm.choices import FINAL_STATES, ProgramEventState
from cpm.models.measuring import MOST_LOOKBACK_DAYS, BaselineRule, MeasuredPart, Measurement
from cpm.models.program_events import ProgramEvent, Transition
from integration.seam import sql
from integration.seam.sql import statement

REBOUND = timedelta(hours=4)
KEPT = timedelta(days=120)  # readings of older program events may be in PostgreSQL no more
RESTED, WAITED = timedelta(minutes=1), timedelta(hours=1)  # after the last file of readings, and after the first

Numbers = NDArray[np.int64]
Texts = NDArray[np.str_]
Mask = NDArray[np.bool_]


class Devices(NamedTuple):
    """Devices of a program event, an element each.

    `stands` says whether the device stands for its meter, `is_elsewhere` whether another stage does; `interval_s` is of
    the place's meters, 0 without any; `busy` are the like days, as bits, on which the place took part in an event.
    """

    device: Numbers
    location: Numbers
    stands: Mask
    is_elsewhere: Mask
    interval_s: Numbers
    busy: Numbers
    is_called: Mask
    groups: Mapping[str, Texts]

    def __len__(self) -> int:
        return len(self.device)


def measurement_ids_to_prepare_or_finish(now: datetime) -> QuerySet[Measurement, int]:
    """Measurements that are asked for, and those of which all parts are measured; `now` is not used."""
    open_parts = MeasuredPart.objects.filter(measurement=OuterRef("pk"), is_done=False)
    found = Measurement.objects.filter(~Exists(open_parts), finished_at=None)
    return found.values_list("pk", flat=True)


def measured_part_ids_to_measure(now: datetime) -> QuerySet[MeasuredPart, int]:
    """Parts of measurements that are not measured yet, the earliest first; `now` is not used."""
    return MeasuredPart.objects.filter(is_done=False).order_by("pk").values_list("pk", flat=True)


def program_events_to_measure(now: datetime) -> list[int]:
    """Program events that ran, and of whose days readings came since they were last measured."""
    params = {
        "final": [str(state) for state in FINAL_STATES], "since": now - KEPT, "rested_since": now - RESTED,
        "waited_since": now - WAITED, "after": REBOUND, "lookback": MOST_LOOKBACK_DAYS + 1,
    }  # fmt: skip
    return sql.column(statement("cpm", "program_events_to_measure"), params)


def rule_of(program_event: ProgramEvent) -> BaselineRule | None:
    """The rule that holds for a program event's baselines; None: the ready one."""
    day = program_event.starts_at.astimezone(ZoneInfo(program_event.time_zone)).date()
    holding = BaselineRule.objects.filter(program=program_event.program_id, effective_on__lte=day)
    return holding.order_by("effective_on", "number").last()


class Ran(NamedTuple):
    """A program event that ran: until its planned end, or until a person canceled it."""

    pk: int
    starts_at: datetime
    until: datetime
    planned_end: datetime


class Share(NamedTuple):
    """Of the measured hours: what counts of the W expected in a program event, and of the W reported.

    Reported W are energy divided by the planned hours, also of a stage that was canceled.
    """

    program_event: int
    of_expected: float
    of_reported: float


def ran_until(program_event: ProgramEvent) -> datetime:
    """When a program event that ran ended: as planned, or when a person canceled it."""
    (end,) = [one.until for one in _ran(ProgramEvent.objects.filter(pk=program_event.pk))]
    return end


def at_the_same_time(program_event: ProgramEvent) -> list[int]:
    """Program events that ran at the same time and that CPM knew earlier."""
    earlier = ProgramEvent.objects.filter(pk__lt=program_event.pk, started_at__isnull=False)
    return [one.pk for one in _ran_between(earlier, program_event.starts_at, ran_until(program_event))]


def shares_of_time(measurement: Measurement) -> list[Share]:
    """The measured program event and those at the same time that CPM knew later, with their shares of its hours."""
    event, begins, ends = measurement.program_event, measurement.starts_at, measurement.ends_at
    later = ProgramEvent.objects.filter(pk__gt=event.pk, started_at__isnull=False)
    own = Share(event.pk, 1.0, (event.ends_at - event.starts_at) / (ends - begins))
    return [own] + [
        Share(one.pk, share, share * ((one.planned_end - one.starts_at) / (one.until - one.starts_at)))
        for one in _ran_between(later, begins, ends)
        if (share := (min(one.until, ends) - max(one.starts_at, begins)) / (ends - begins)) > 0
    ]


def on_days(program_event: ProgramEvent, days: Sequence[date]) -> dict[int, int]:
    """Other program events that ran on some of the days, and on which: bit n stands for days[n]."""
    if not days:
        return {}
    zone = ZoneInfo(program_event.time_zone)
    since = program_event.starts_at - timedelta(days=MOST_LOOKBACK_DAYS + 2)
    others = ProgramEvent.objects.filter(started_at__isnull=False).exclude(pk=program_event.pk)
    found: dict[int, int] = {}
    for one in _ran_between(others, since, program_event.ends_at):
        first, last = one.starts_at.astimezone(zone).date(), one.until.astimezone(zone).date()
        if bits := sum(1 << bit for bit, day in enumerate(days) if first <= day <= last):
            found[one.pk] = bits
    return found


def _ran_between(found: QuerySet[ProgramEvent], since: datetime, until: datetime) -> list[Ran]:
    in_plan = found.filter(starts_at__lt=until, ends_at__gt=since)
    return [one for one in _ran(in_plan) if one.until > since]


def _ran(found: QuerySet[ProgramEvent]) -> list[Ran]:
    to_canceled = Transition.objects.filter(program_event=OuterRef("pk"), to_state=ProgramEventState.CANCELED)
    canceled_at = Subquery(to_canceled.order_by("-revision").values("at")[:1])
    rows = found.annotate(canceled_at=canceled_at).values_list("pk", "starts_at", "ends_at", "state", "canceled_at")
    return [
        Ran(pk, starts_at, _end(starts_at, ends_at, at if state == ProgramEventState.CANCELED else None), ends_at)
        for pk, starts_at, ends_at, state, at in rows
    ]


def _end(starts_at: datetime, ends_at: datetime, canceled_at: datetime | None) -> datetime:
    return max(starts_at + timedelta(seconds=1), min(ends_at, canceled_at)) if canceled_at else ends_at


def devices_of(part: MeasuredPart, *, busy: Mapping[int, int], earlier: Sequence[int]) -> Devices:
    """The devices of a part of a measurement."""
    measurement = part.measurement
    params = {
        "program_event": measurement.program_event_id, "first": part.first, "last": part.last,
        "earlier": list(earlier), "past": list(busy), "past_days": list(busy.values()),
        "ends_at": measurement.ends_at, "reads_from": measurement.ends_at - timedelta(days=MOST_LOOKBACK_DAYS + 2),
    }  # fmt: skip
    segment = statement("cpm", "participation_segment")
    rows = sql.rows(statement("cpm", "measure_devices", segment=segment), params)
    columns = list(zip(*rows, strict=True)) or [()] * 11
    numbers = [np.array(columns[at], np.int64) for at in (0, 1, 4, 5)]
    masks = [np.array(columns[at], np.bool_) for at in (2, 3, 6)]
    names = ("segment", "feeder", "head end", "device class")
    groups = {name: np.array(columns[7 + at], np.str_) for at, name in enumerate(names)}
    device, location, interval_s, busy_days = numbers
    stands, is_elsewhere, is_called = masks
    return Devices(device, location, stands, is_elsewhere, interval_s, busy_days, is_called, groups)
