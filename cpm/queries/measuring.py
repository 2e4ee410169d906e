"""What is to be measured: program events whose readings came, and the devices of one with their places."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from cpm.choices import FINAL_STATES
from cpm.models.measuring import MOST_LOOKBACK_DAYS, BaselineRule, MeasuredPart, Measurement
from cpm.models.program_events import ProgramEvent
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


def at_the_same_time(program_event: ProgramEvent) -> list[int]:
    """Program events that ran at the same time and that CPM knew earlier."""
    others = ProgramEvent.objects.filter(starts_at__lt=program_event.ends_at, ends_at__gt=program_event.starts_at)
    return list(others.filter(pk__lt=program_event.pk, started_at__isnull=False).values_list("pk", flat=True))


def shares_of_time(program_event: ProgramEvent) -> dict[int, float]:
    """This program event and those at the same time that CPM knew later, each with the share of it that it runs."""
    others = ProgramEvent.objects.filter(starts_at__lt=program_event.ends_at, ends_at__gt=program_event.starts_at)
    later = others.filter(pk__gt=program_event.pk, started_at__isnull=False)
    begins, ends = program_event.starts_at, program_event.ends_at
    return {program_event.pk: 1.0} | {
        pk: (min(ends_at, ends) - max(starts_at, begins)) / (ends - begins)
        for pk, starts_at, ends_at in later.values_list("pk", "starts_at", "ends_at")
    }


def on_days(program_event: ProgramEvent, days: Sequence[date]) -> dict[int, int]:
    """Other program events that ran on some of the days, and on which: bit n stands for days[n]."""
    if not days:
        return {}
    zone = ZoneInfo(program_event.time_zone)
    since = program_event.starts_at - timedelta(days=MOST_LOOKBACK_DAYS + 2)
    ran = ProgramEvent.objects.filter(started_at__isnull=False, ends_at__gt=since, starts_at__lt=program_event.ends_at)
    found: dict[int, int] = {}
    for pk, starts_at, ends_at in ran.exclude(pk=program_event.pk).values_list("pk", "starts_at", "ends_at"):
        first, last = starts_at.astimezone(zone).date(), ends_at.astimezone(zone).date()
        if bits := sum(1 << bit for bit, day in enumerate(days) if first <= day <= last):
            found[pk] = bits
    return found


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
