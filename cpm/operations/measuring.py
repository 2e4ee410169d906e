"""Measuring a program event by its meters: asked by a person or by readings that came, done a part at a time."""

from datetime import datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cpm.choices import FINAL_STATES
from cpm.like_days import Hours, like_days
from cpm.models.holidays import Holiday
from cpm.models.measuring import BaselineRule, MeasuredPart, Measurement, ReadingsLoad
from cpm.models.program_events import ProgramEvent
from cpm.queries.measuring import (
    KEPT,
    REBOUND,
    at_the_same_time,
    devices_of,
    on_days,
    program_events_to_measure,
    ran_until,
    rule_of,
)
from integration.seam import outbox, sql
from integration.seam.binary_rows import copy_file
from integration.seam.delivery import NotYet
from integration.seam.loads import Partition
from integration.seam.nudges import tell_pages
from integration.seam.refusals import Refused
from integration.seam.sql import compose, identifier, identifiers

from .measured_blocks import COLUMNS, Task, measured_blocks, rows_of_block, rows_without_readings
from .measured_errors import ErrorSums, add_errors, add_profile, add_profiles, by_hour
from .measured_sums import add_up

RESULTS, KEY, PRIMARY_KEY = "cpm_measuredresult", "measurement_id", ("measurement_id", "device_id")
A_PART = 10_000  # devices measured in one transaction
_READINGS_ARE_WRITTEN = "SELECT NOT pg_try_advisory_xact_lock(hashtextextended('meter days', 0))"
_PARTS = """
SELECT min(device_id), max(device_id)
  FROM (SELECT device_id, (row_number() OVER (ORDER BY device_id) - 1) / %(size)s AS part
          FROM cpm_participation WHERE program_event_id = %(program_event)s) numbered
 GROUP BY part ORDER BY part
"""
_COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"


class CannotMeasure(Refused):
    """The program event has not ended, or is being measured already."""


def ask_measurement(program_event: ProgramEvent, *, by: str, now: datetime) -> Measurement:
    """Have a program event measured by the readings that are there; `by` is empty for the clock.

    Raises CannotMeasure.
    """
    if not is_over(program_event):
        raise CannotMeasure(_("The stage has not ended, or its outcomes are not loaded. Nothing can be measured yet."))
    last = program_event.measurements.order_by("version").last()
    hours = _hours(program_event, rule_of(program_event) or BaselineRule())
    measurement = Measurement(
        program_event=program_event,
        version=last.version + 1 if last else 1,
        rule=rule_of(program_event),
        asked_at=now,
        asked_by=by,
        starts_at=hours.starts_at,
        ends_at=hours.ends_at,
        rebound_until=hours.after_until,
    )
    try:
        with transaction.atomic():
            measurement.save()
    except IntegrityError as there:
        raise CannotMeasure(_("%(event)s is being measured already.") % {"event": program_event}) from there
    outbox.wake(outbox.BY_THE_CLOCK)
    return measurement


@transaction.atomic
def ask_measurements(*, now: datetime) -> None:
    """Have the program events measured of whose days readings came."""
    for program_event in ProgramEvent.objects.filter(pk__in=program_events_to_measure(now)).order_by("ends_at"):
        ask_measurement(program_event, by="", now=now)
    ReadingsLoad.objects.filter(loaded_at__lt=now - KEPT).delete()


def is_over(program_event: ProgramEvent) -> bool:
    """Whether it ran, ended, and its outcomes are loaded."""
    ran = program_event.started_at is not None and program_event.state in FINAL_STATES
    return ran and program_event.outcomes_loaded_at is not None


@transaction.atomic
def prepare_or_finish_measurement(measurement_id: int, *, now: datetime) -> None:
    """Prepare a measurement, after which its parts can be measured; or finish it, once all of them are."""
    found = Measurement.objects.select_for_update(no_key=True, of=("self",))
    measurement = found.select_related("program_event", "rule").get(pk=measurement_id)
    if measurement.readings_as_of is None:
        _prepare(measurement)
        outbox.wake(outbox.BY_THE_CLOCK)
    elif not measurement.finished_at and not measurement.parts.filter(is_done=False).exists():
        _finish(measurement, now)
    tell_pages(measurement.program_event.event_number)


@transaction.atomic
def measure_part(part_id: int, *, now: datetime) -> None:
    """Measure the devices of a part; parts of a measurement can be measured at the same time. `now` is not used."""
    found = MeasuredPart.objects.select_for_update(no_key=True, of=("self",)).filter(pk=part_id, is_done=False)
    part = found.select_related("measurement__program_event", "measurement__rule").first()
    if part is None:
        return
    devices = _measure(part)
    part.is_done = True
    part.save(update_fields=["is_done", "errors", "profile"])
    Measurement.objects.filter(pk=part.measurement_id).update(done=F("done") + devices)
    outbox.wake(outbox.BY_THE_CLOCK)
    tell_pages(part.measurement.program_event.event_number)


def partition_of(measurement: Measurement) -> Partition:
    return Partition(RESULTS, KEY, measurement.pk)


def _prepare(measurement: Measurement) -> None:
    """Choose the readings, hours and like days, once for all parts. Raises NotYet while somebody writes readings.

    Under the lock that writers hold, no readings up to this moment can appear later.
    """
    if sql.value(_READINGS_ARE_WRITTEN):
        raise NotYet("readings are being written")
    rule, program_event = _rule(measurement), measurement.program_event
    holidays = set(Holiday.objects.values_list("day", flat=True))
    hours = _hours(program_event, rule)
    days, out = like_days(hours, holidays=holidays, lookback=rule.lookback_days)
    measurement.readings_as_of = sql.value("SELECT clock_timestamp()")
    measurement.days, measurement.days_out = days, [[one.day.isoformat(), one.why] for one in out]
    measurement.starts_at, measurement.ends_at = hours.starts_at, hours.ends_at
    measurement.rebound_until = hours.after_until
    measurement.busy = list(on_days(program_event, days).items())
    measurement.earlier = at_the_same_time(program_event)
    measurement.participations = program_event.participations
    measurement.save()
    partition_of(measurement).create()
    parts = sql.rows(_PARTS, {"program_event": program_event.pk, "size": A_PART})
    MeasuredPart.objects.bulk_create(MeasuredPart(measurement=measurement, first=one, last=last) for one, last in parts)


def _measure(part: MeasuredPart) -> int:
    """Copy the results of a part's devices in, and add them up; returns how many devices."""
    measurement = part.measurement
    rule, hours = _rule(measurement), _hours_of(measurement)
    devices = devices_of(part, busy=dict(measurement.busy), earlier=measurement.earlier)
    task = Task(measurement.pk, rule, hours, measurement.days, measurement.readings_as_of)
    copy = compose(_COPY, table=identifier(partition_of(measurement).table), columns=identifiers(COLUMNS))
    errors = ErrorSums(devices, len(measurement.days), hours.starts_at)
    for block in measured_blocks(task, devices):
        sql.copy_in(copy, BytesIO(copy_file(rows_of_block(task, devices, block))), block=1 << 20)
        errors.add(block)
        add_profile(part.profile, devices, block)
    sql.copy_in(copy, BytesIO(copy_file(rows_without_readings(task, devices))), block=1 << 20)
    part.errors = errors.as_lists()
    return len(devices)


def _finish(measurement: Measurement, now: datetime) -> None:
    """Add the results up, and make them visible."""
    for part in measurement.parts.order_by("pk").iterator(chunk_size=1):
        add_errors(measurement.errors, part.errors)
        add_profiles(measurement.profile, part.profile)
    measurement.parts.all().delete()
    partition = partition_of(measurement)
    partition.finish(PRIMARY_KEY)
    sql.analyze(partition.table)  # what follows joins it
    add_up(measurement, partition.table)
    starts_at, ends_at = measurement.starts_at, measurement.ends_at
    measurement.hours = by_hour(measurement.profile, measurement.errors, starts_at, ends_at)
    measurement.finished_at = now
    measurement.save(update_fields=["errors", "profile", "distribution", "hours", "finished_at"])
    partition.attach()


def _rule(measurement: Measurement) -> BaselineRule:
    return measurement.rule or BaselineRule()


def _hours(program_event: ProgramEvent, rule: BaselineRule) -> Hours:
    """The hours that are looked at: the planned window until a person canceled; a rebound ends with the next stage."""
    ends_at = ran_until(program_event)
    after_until = ends_at + REBOUND
    following = ProgramEvent.objects.filter(
        program=program_event.program_id, started_at__isnull=False, starts_at__gte=ends_at, starts_at__lt=after_until
    )
    if first := following.order_by("starts_at").values_list("starts_at", flat=True).first():
        after_until = first
    return _with_hours_before(program_event, rule, ends_at, after_until)


def _hours_of(measurement: Measurement) -> Hours:
    """The hours that its preparation settled."""
    return _with_hours_before(
        measurement.program_event, _rule(measurement), measurement.ends_at, measurement.rebound_until
    )


def _with_hours_before(event: ProgramEvent, rule: BaselineRule, ends_at: datetime, after_until: datetime) -> Hours:
    before_until = event.starts_at - timedelta(minutes=rule.buffer_minutes)
    before_from = before_until - timedelta(minutes=rule.adjustment_minutes)
    return Hours(before_from, before_until, event.starts_at, ends_at, after_until, ZoneInfo(event.time_zone))
