"""What devices are doing at a moment, as DERMS knows it: a few queries per page, however many devices it shows."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from derms.choices import HOLDING_STAGE_STATES, StageState
from derms.models import Candidate, Departure, Device, DeviceUnavailability, Program, Reservation, Stage
from integration.seam.program_limits import Limit, LimitUse, limits_of


class CallsThisSeason(NamedTuple):
    """A device's response rate in per mille, and the events and hours of its calls since the utility's year began."""

    rate_pm: int
    events: int
    hours: float


class Used(NamedTuple):
    """A stage that used a device, or will, and when the device was released, if it was."""

    stage: Stage
    released_at: datetime | None

    @property
    def ran_from(self) -> datetime:
        return self.stage.started_at or self.stage.starts_at

    @property
    def time(self) -> timedelta:
        """How long it ran, or will: never longer than its window, because reports of an end come a little late."""
        ends = filter(None, (self.stage.ends_at, self.stage.ended_at, self.released_at))
        return max(min(ends) - self.ran_from, timedelta())


def device_states(devices: list[Device], now: datetime) -> dict[int, str]:
    """Return each device's state by its id: deregistered, unavailable, in a running stage, reserved or free."""
    held, away = _held(devices), set(_now([device.pk for device in devices], now))
    return {device.pk: _state(device, held.get(device.pk, set()), device.pk in away) for device in devices}


def coming_stages(device: Device, now: datetime) -> list[Stage]:
    """Return stages that hold the device and are not over, the next one first, without those it has left."""
    stages = _holding().filter(ends_at__gt=now).select_related("event__zone", "program").order_by("starts_at")
    return _of(device, list(stages))


def uses_of_limits(device: Device, programs: list[Program], now: datetime) -> list[tuple[Program, list[LimitUse]]]:
    """Return how much of each program's limits the device's stages use up, for programs that have any."""
    limits = {
        program.pk: limits_of(program.rules_on(device.zone.local_day(now)), now, device.zone.time_zone)
        for program in programs
    }
    limited = [program for program in programs if any(limit.is_set for limit in limits[program.pk])]
    if not limited:
        return []
    asked = [limit for program in limited for limit in limits[program.pk]]
    used = _used(device, limited, min(limit.starts_at for limit in asked), max(limit.ends_at for limit in asked))
    return [
        (program, [_use(limit, [u for u in used if u.stage.program_id == program.pk]) for limit in limits[program.pk]])
        for program in limited
    ]


def calls_this_season(device: Device, now: datetime) -> CallsThisSeason | None:
    """Return what a device's calls taught; nothing if it was never called."""
    known = Candidate.objects.filter(zone_id=device.zone_id, device_id=device.pk).first()
    if known is None or not known.was_called:
        return None
    counts = known.season == device.zone.season(now)
    events, quarters = (known.season_events, known.season_quarters) if counts else (0, 0)
    return CallsThisSeason(known.rate_pm, events, quarters / 4 if quarters % 4 else quarters // 4)


def _use(limit: Limit, used: list[Used]) -> LimitUse:
    within = [one for one in used if limit.starts_at <= one.ran_from < limit.ends_at]
    time = sum((one.time for one in within), timedelta())
    return LimitUse(limit, len({one.stage.event_id for one in within}), time / timedelta(hours=1))


def _used(device: Device, programs: list[Program], since: datetime, until: datetime) -> list[Used]:
    """The stages that used a device or its earlier registrations, or will, as sql/candidates.sql counts them."""
    counted = Stage.objects.filter(program__in=programs, ends_at__gt=since, starts_at__lt=until)
    counted = counted.exclude(state=StageState.NEW).exclude(state=StageState.CANCELED, started_at=None)
    first = device.limits_of_id or device.pk
    ids = Device.objects.filter(Q(pk=first) | Q(limits_of=first)).values_list("pk", flat=True)
    rows = {"device_id__in": list(ids), "stage_id__in": [stage.pk for stage in counted]}
    released = {
        (stage, pk): at
        for stage, pk, at in Departure.objects.filter(**rows).values_list("stage_id", "device_id", "released_at")
    }
    reserved = Reservation.objects.filter(**rows).values_list("stage_id", "device_id")
    stages = {stage.pk: stage for stage in counted}
    return [Used(stages[key[0]], released.get(key)) for key in reserved if released.get(key, since) is not None]


def _of(device: Device, stages: list[Stage]) -> list[Stage]:
    """Return the stages that hold the device and that it has not left."""
    held = _reserved([device.pk], [stage.pk for stage in stages])
    return [stage for stage in stages if (stage.pk, device.pk) in held]


def _holding() -> QuerySet[Stage]:
    """Stages that hold devices. There are few at a time, and each is one lookup in its own partition."""
    return Stage.objects.filter(state__in=HOLDING_STAGE_STATES)


def _held(devices: list[Device]) -> dict[int, set[str]]:
    """The states of the stages that hold each device."""
    states = dict(_holding().values_list("pk", "state"))
    held: dict[int, set[str]] = {}
    for stage_id, device_id in _reserved([device.pk for device in devices], list(states)):
        held.setdefault(device_id, set()).add(states[stage_id])
    return held


def _reserved(device_ids: list[int], stage_ids: list[int]) -> set[tuple[int, int]]:
    """Return which stages hold which devices, as (stage id, device id); a device that has left is not held."""
    rows = {"stage_id__in": stage_ids, "device_id__in": device_ids}
    reserved = set(Reservation.objects.filter(**rows).values_list("stage_id", "device_id"))
    return reserved - set(Departure.objects.filter(**rows).values_list("stage_id", "device_id"))


def _now(ids: list[int], now: datetime) -> list[int]:
    periods = DeviceUnavailability.objects.filter(
        device_id__in=ids, canceled=False, starts_at__lte=now, ends_at__gt=now
    )
    return list(periods.values_list("device_id", flat=True))


def _state(device: Device, held: set[str], is_away: bool) -> str:
    if device.ended_at:
        return _("Deregistered")
    if is_away:
        return _("Unavailable")
    if StageState.IN_PROGRESS in held:
        return _("In a running stage")
    return _("Reserved") if held else _("Free")
