"""Unavailability: the periods of a location's devices, what they would release, and what they released."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from cpm.models import Removal
from cpm.models.customers import Customer, Device, DeviceLocation
from cpm.models.program_events import ProgramEvent
from cpm.models.unavailability import Unavailability

from ..choices import FINAL_STATES, ParticipationStatus, UnavailabilityState
from .participations import ParticipationRow, participations
from .wanted import Wanted

SHOWN_AFTER_END = timedelta(days=30)
ROWS_SHOWN = 200
DAYS_AHEAD = 31
REASON = "customer unavailable"


class Release(NamedTuple):
    """A reservation that an unavailability overlaps; `answer` is what DERMS reported, empty until then."""

    program_event: ProgramEvent
    device: Device
    answer: str
    answered_at: datetime | None
    is_unconfirmed: bool = False


class Day(NamedTuple):
    """A local day: how many devices are unavailable in part of it, and how many reservations overlap it."""

    date: date
    unavailable: int
    reserved: int


def periods_of(devices: Iterable[int], now: datetime) -> QuerySet[Unavailability]:
    """Periods that are coming, under way or recently over, the latest first."""
    found = Unavailability.objects.filter(device__in=list(devices), ends_at__gt=now - SHOWN_AFTER_END)
    return found.select_related("device__location").order_by("-starts_at", "device__nic_id")


def unavailability_ahead(customer: Customer, now: datetime) -> QuerySet[Unavailability]:
    """The saved periods of a customer's devices that are not over, the next one first."""
    theirs = Unavailability.objects.filter(device__location__customer=customer, ends_at__gt=now)
    saved = theirs.filter(state=UnavailabilityState.ACTIVE).select_related("device__location")
    return saved.order_by("starts_at", "device__nic_id")


def reservations_in(devices: Iterable[int], starts_at: datetime, ends_at: datetime) -> list[ParticipationRow]:
    """Reservations of these devices that overlap a period: those that an unavailability would release."""
    wanted = Wanted(
        program_events=~Q(state__in=FINAL_STATES) & Q(starts_at__lt=ends_at, ends_at__gt=starts_at),
        device_ids=list(devices),
        status=ParticipationStatus.RESERVED,
    )
    return sorted(
        participations(wanted, limit=ROWS_SHOWN),
        key=lambda row: (row.program_event.starts_at, row.program_event.pk, row.device.pk),
    )


def month_ahead(devices: Iterable[int], periods: Iterable[Unavailability], now: datetime, zone: str) -> list[Day]:
    """Today and the next thirty days, by the zone's calendar."""
    today = now.astimezone(ZoneInfo(zone)).date()
    edges = [datetime.combine(today + timedelta(days=n), time(), ZoneInfo(zone)) for n in range(DAYS_AHEAD + 1)]
    reserved = [row.program_event for row in reservations_in(devices, now, edges[-1])]
    away = [period for period in periods if period.state == UnavailabilityState.ACTIVE]
    return [
        Day(
            date=begins.date(),
            unavailable=len({period.device_id for period in away if _reaches(period, begins, ends)}),
            reserved=sum(_reaches(event, begins, ends) for event in reserved),
        )
        for begins, ends in pairwise(edges)
    ]


def _reaches(what: Unavailability | ProgramEvent, begins: datetime, ends: datetime) -> bool:
    return what.starts_at < ends and what.ends_at > begins


def releases_of(devices: Iterable[Device], periods: Iterable[Unavailability]) -> list[Release]:
    """What became of the reservations that these periods overlap, the latest first; DERMS may still have to answer."""
    answered = _answered(list(devices))
    known = {(release.program_event.pk, release.device.pk) for release in answered}
    asked = [
        Release(row.program_event, row.device, "", None)
        for period in periods
        if period.state == UnavailabilityState.ACTIVE
        for row in reservations_in([period.device_id], period.starts_at, period.ends_at)
        if (row.program_event.pk, row.device.pk) not in known
    ]
    return sorted([*answered, *asked], key=lambda release: release.program_event.starts_at, reverse=True)


def devices_of(location: DeviceLocation) -> QuerySet[Device]:
    """The devices installed at a location."""
    return location.devices.filter(ended_at=None).order_by("nic_id")


def _answered(devices: list[Device]) -> list[Release]:
    keys = {(device.head_end, device.nic_id): device for device in devices}
    removals = Removal.objects.filter(nic_id__in=[nic_id for _, nic_id in keys], reason=REASON).exclude(answer="")
    latest = list(removals.order_by("-requested_at")[:ROWS_SHOWN])
    events = {
        event.stage_uid: event for event in ProgramEvent.objects.filter(stage_uid__in=[r.stage_uid for r in latest])
    }
    return [
        Release(events[r.stage_uid], keys[r.head_end, r.nic_id], r.answer, r.answered_at, r.is_unconfirmed)
        for r in latest
        if r.stage_uid in events and (r.head_end, r.nic_id) in keys
    ]
