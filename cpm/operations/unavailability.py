"""Periods in which a customer's devices must not be used."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.customers import Device
from cpm.models.unavailability import Unavailability
from integration.pages.moments import moment_text
from integration.seam import outbox
from integration.seam.messages import CustomerUnavailability
from integration.seam.refusals import Refused
from integration.seam.systems import System
from integration.seam.versions import lock_version, require_version, save_version

from ..choices import UnavailabilityState


class UnavailabilityNotAllowed(Refused):
    """The program does not allow it, the period is over, or it overlaps another one of the device."""


@transaction.atomic
def schedule_unavailability(
    *, device_ids: list[int], starts_at: datetime, ends_at: datetime, reason: str, by: str, now: datetime
) -> list[Unavailability]:
    """Keep devices of one customer out of events in a period, all of them or none, and notify DERMS."""
    devices = _lock_devices(device_ids)
    zone = devices[0].location.time_zone
    _require_start(starts_at, zone, now)
    _require_length(starts_at, ends_at, zone)
    made = []
    for device in devices:
        _require_allowed(device)
        period = Unavailability(
            device=device, starts_at=starts_at, ends_at=ends_at, reason=reason, saved_by=by, saved_at=now
        )
        _require_free(period, starts_at, ends_at)
        period.save()
        _tell_derms(period)
        made.append(period)
    return made


@transaction.atomic
def change_unavailability(
    *,
    uid: UUID,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: str,
    now: datetime,
    version: int | None = None,
) -> None:
    """Change a period. A device that was released because of it is not reserved again.

    `version` is the one the person saw. Raises SavedMeanwhile and UnavailabilityNotAllowed.
    """
    period = _lock(uid, now, version)
    zone = period.device.location.time_zone
    if starts_at != period.starts_at:
        _require_start(starts_at, zone, now)
    elif ends_at <= now:
        raise UnavailabilityNotAllowed(
            _("The end %(ends)s has passed; cancel the period instead.") % {"ends": moment_text(ends_at, zone)}
        )
    _require_length(starts_at, ends_at, zone)
    _require_free(period, starts_at, ends_at)
    _save_changed(period, {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}, by, now)


@transaction.atomic
def cancel_unavailability(*, uid: UUID, by: str, now: datetime, version: int | None = None) -> None:
    """Cancel a period; the devices may be chosen again, but are not reserved again for stages they left.

    `version` is the one the person saw. Raises SavedMeanwhile and UnavailabilityNotAllowed.
    """
    _save_changed(_lock(uid, now, version), {"state": UnavailabilityState.CANCELED}, by, now)


def move_periods(*, old: Device, new: Device, by: str, now: datetime) -> None:
    """Move the periods that have not ended from a device to the one that replaces it, and notify DERMS of each.

    The customer is away whichever device is installed. Both devices are locked or new.
    """
    running = Unavailability.objects.select_for_update(no_key=True).filter(
        device=old, state=UnavailabilityState.ACTIVE, ends_at__gt=now
    )
    for period in running.order_by("pk"):
        _save_changed(period, {"device": new}, by, now)


def _save_changed(period: Unavailability, fields: dict[str, Any], by: str, now: datetime) -> None:
    if save_version(period, fields, by=by, now=now):
        _tell_derms(period)


def _lock(uid: UUID, now: datetime, version: int | None) -> Unavailability:
    """Lock a period after its device, as whoever replaces the device does."""
    Device.objects.select_for_update(no_key=True, of=("self",)).filter(unavailabilities__uid=uid).first()
    period = lock_version(Unavailability.objects.filter(uid=uid).select_related("device__location"), None)
    if period.state != UnavailabilityState.ACTIVE:
        raise UnavailabilityNotAllowed(_("The period is canceled; schedule a new one."))
    if period.ends_at <= now:
        raise UnavailabilityNotAllowed(
            _("The period ended on %(ends)s; schedule a new one.")
            % {"ends": moment_text(period.ends_at, period.device.location.time_zone)}
        )
    require_version(period, version)
    return period


def _lock_devices(device_ids: list[int]) -> list[Device]:
    """Lock the devices in the order of their ids; a household has a handful."""
    devices = Device.objects.select_for_update(no_key=True, of=("self",)).select_related("location").order_by("pk")
    if len(found := list(devices.filter(pk__in=device_ids, ended_at=None))) != len(set(device_ids)) or not found:
        raise UnavailabilityNotAllowed(_("Choose at least one device that is still installed."))
    return found


def _require_start(starts_at: datetime, zone: str, now: datetime) -> None:
    if starts_at < now:
        raise UnavailabilityNotAllowed(
            _("The start %(starts)s has passed; a period starts now (%(now)s) or later.")
            % {"starts": moment_text(starts_at, zone), "now": moment_text(now, zone)}
        )


def _require_length(starts_at: datetime, ends_at: datetime, zone: str) -> None:
    if ends_at <= starts_at:
        raise UnavailabilityNotAllowed(
            _("The end %(ends)s is not after the start %(starts)s.")
            % {"ends": moment_text(ends_at, zone), "starts": moment_text(starts_at, zone)}
        )


def _require_allowed(device: Device) -> None:
    allowed = device.subscribed.filter(
        subscription__ends_at=None, subscription__program__allow_customer_unavailability=True
    )
    if not allowed.exists():
        raise UnavailabilityNotAllowed(
            _("No program of device %(device)s allows customer unavailability.") % {"device": device}
        )


def _require_free(period: Unavailability, starts_at: datetime, ends_at: datetime) -> None:
    """Refuse a period that overlaps another one of the device.

    The device is locked, so nobody else adds one meanwhile. The database would refuse it too, with an error in its log.
    """
    Device.objects.select_for_update(no_key=True).get(pk=period.device_id)
    others = Unavailability.objects.filter(device=period.device_id, state=UnavailabilityState.ACTIVE)
    if others.exclude(pk=period.pk).filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise UnavailabilityNotAllowed(
            _("Device %(device)s is already unavailable in part of this period. Edit the other period instead.")
            % {"device": period.device}
        )


def _tell_derms(period: Unavailability) -> None:
    outbox.send(
        CustomerUnavailability(
            unavailability_uid=period.uid,
            head_end=period.device.head_end,
            nic_id=period.device.nic_id,
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            version=period.version,
            canceled=period.state == UnavailabilityState.CANCELED,
        ),
        sender=System.CPM,
    )
