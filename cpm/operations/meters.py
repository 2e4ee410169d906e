"""Making, changing and exchanging meters."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cpm.models.meters import Meter
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version

from .enrollment_records import lock_lived_in, lock_location


class MeterInTheWay(Refused):
    """Another meter has the number, or is at the place at the same time."""


@transaction.atomic
def save_meter(
    *,
    meter_id: int | None,
    fields: dict[str, Any],
    by: str,
    now: datetime,
    location_id: int | None = None,
    version: int | None = None,
) -> Meter:
    """Make a meter of a location or change one. Raises MeterInTheWay, PlaceLeft, SavedMeanwhile."""
    if meter_id is None:
        meter = Meter(location=lock_lived_in(location_id or 0), saved_by=by, saved_at=now)
        return _kept(meter, fields)
    lock_location(Meter.objects.values_list("location", flat=True).get(pk=meter_id))
    meter = lock_version(Meter.objects.filter(pk=meter_id), version)
    _require_room(meter, fields)
    save_version(meter, fields, by=by, now=now)
    return meter


@transaction.atomic
def exchange_meter(
    *, meter_id: int, at: datetime, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> Meter:
    """End a meter at a moment and make the one that follows it. Raises as save_meter does."""
    old = save_meter(meter_id=meter_id, fields={"ends_at": at}, by=by, now=now, version=version)
    following = {"ends_at": None, **fields, "starts_at": at}
    return save_meter(meter_id=None, location_id=old.location_id, fields=following, by=by, now=now)


def meter_in_the_way(meter: Meter, starts_at: datetime, ends_at: datetime | None) -> Meter | None:
    """Another meter that is at the place within this time."""
    others = Meter.objects.filter(location=meter.location_id).exclude(pk=meter.pk).exclude(ends_at__lte=starts_at)
    return (others.filter(starts_at__lt=ends_at) if ends_at else others).order_by("starts_at").first()


def _kept(meter: Meter, fields: dict[str, Any]) -> Meter:
    for name, value in fields.items():
        setattr(meter, name, value)
    _require_room(meter, fields)
    try:
        with transaction.atomic():
            meter.save()
    except IntegrityError as taken:
        raise MeterInTheWay(_("There is already a meter %(number)s.") % {"number": meter.number}) from taken
    return meter


def _require_room(meter: Meter, fields: dict[str, Any]) -> None:
    starts_at, ends_at = fields.get("starts_at", meter.starts_at), fields.get("ends_at", meter.ends_at)
    if other := meter_in_the_way(meter, starts_at, ends_at):
        raise MeterInTheWay(
            _("Meter %(other)s is at this place at the same time. End it first, or exchange it.") % {"other": other}
        )
