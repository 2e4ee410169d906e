"""Making, changing and deleting customers, device locations and devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cpm.choices import Whereabouts
from cpm.models.customers import Customer, Device, DeviceLocation, Kept
from integration.seam import sql
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version

from .device_facts import send_device_facts
from .enrollment_records import lock_lived_in, lock_location

K = TypeVar("K", Customer, DeviceLocation, Device)
# What DERMS chooses devices by; a change of it is sent there.
FACTS_OF_LOCATION = ("zone", "feeder", "transformer", "life_support")
FACTS_OF_DEVICE = ("device_class", "rated_w", "critical_care")
CONSENT = ("consents", "consent_source")
# What may refer to a row, as people read it.
REFERRING: Mapping[str, str | Promise] = {
    "cpm.DeviceLocation": gettext_lazy("device locations"),
    "cpm.Device": gettext_lazy("devices"),
    "cpm.Subscription": gettext_lazy("subscriptions"),
    "cpm.SubscribedDevice": gettext_lazy("subscriptions"),
    "cpm.Enrollment": gettext_lazy("enrollments"),
    "cpm.Notification": gettext_lazy("notifications"),
    "cpm.SelfServiceLink": gettext_lazy("self-service links"),
    "cpm.Unavailability": gettext_lazy("unavailability"),
    "cpm.PriorParticipation": gettext_lazy("participations of another system"),
    "cpm.Meter": gettext_lazy("meters"),
}


class AlreadyThere(Refused):
    """Another row has this number, account, service point or NIC id."""


class RowReferred(Refused):
    """Something refers to the row."""


@transaction.atomic
def save_customer(
    *, customer_id: int | None, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> Customer:
    """Make a customer or change one; `version` is the one the person saw. Raises AlreadyThere, SavedMeanwhile."""
    if customer_id is None:
        return _add(Customer, {**fields, "consent_at": now}, by, now)
    before = Customer.objects.get(pk=customer_id)
    if any(fields.get(name, getattr(before, name)) != getattr(before, name) for name in CONSENT):
        fields = {**fields, "consent_at": now}
    return _change(Customer.objects.filter(pk=customer_id), fields, by, now, version)


@transaction.atomic
def save_location(
    *,
    location_id: int | None,
    fields: dict[str, Any],
    by: str,
    now: datetime,
    customer_id: int | None = None,
    version: int | None = None,
) -> DeviceLocation:
    """Make a customer's device location or change one, and send DERMS what changed for its enrolled devices.

    Raises AlreadyThere, PlaceLeft, SavedMeanwhile.
    """
    if location_id is None:
        return _add(DeviceLocation, {**fields, "customer_id": customer_id}, by, now)
    before = lock_lived_in(location_id)
    location = _change(DeviceLocation.objects.filter(pk=location_id), fields, by, now, version)
    if any(getattr(before, name) != getattr(location, name) for name in FACTS_OF_LOCATION):
        device_ids = location.devices.values_list("pk", flat=True)
        send_device_facts(location_id=location_id, device_ids=list(device_ids), now=now)
    return location


@transaction.atomic
def save_device(
    *,
    device_id: int | None,
    fields: dict[str, Any],
    by: str,
    now: datetime,
    location_id: int | None = None,
    version: int | None = None,
) -> Device:
    """Install a device at a location or change one, and send DERMS what changed if it is enrolled.

    Raises AlreadyThere, PlaceLeft, SavedMeanwhile.
    """
    if device_id is None:
        location_id = lock_lived_in(location_id).pk if location_id else None
        return _add(Device, {**fields, "location_id": location_id, "installed_at": now}, by, now)
    before = Device.objects.get(pk=device_id)
    lock_location(before.location_id)
    before.refresh_from_db()
    if fields.get("whereabouts") == Whereabouts.REPAIR and before.repair_since is None:
        fields = {**fields, "repair_since": now}  # a fee goes by it, wherever the device is later
    device = _change(Device.objects.filter(pk=device_id), fields, by, now, version)
    if any(getattr(before, name) != getattr(device, name) for name in FACTS_OF_DEVICE):
        send_device_facts(location_id=device.location_id, device_ids=[device.pk], now=now)
    return device


@transaction.atomic
def delete_kept(*, of: type[Kept], pk: int, version: int | None = None) -> None:
    """Delete a customer, location or device that nothing refers to. Raises RowReferred, SavedMeanwhile."""
    found: Any = lock_version(of._default_manager.filter(pk=pk), version)
    if referring := referring_to(found):
        raise RowReferred(_still_used(found, referring))
    try:
        with transaction.atomic():
            found.delete()
            sql.execute("SET CONSTRAINTS ALL IMMEDIATE")  # finds what was added since the look
    except (IntegrityError, models.ProtectedError) as late:
        raise RowReferred(_still_used(found, referring_to(found))) from late


def referring_to(row: Kept) -> list[str]:
    """What refers to a row, as people read it."""
    relations: list[Any] = [one for one in row._meta.get_fields(include_hidden=True) if one.auto_created]
    found = [
        str(REFERRING[relation.related_model._meta.label])
        for relation in relations
        if not relation.concrete
        and relation.related_model._meta.label in REFERRING
        and relation.related_model._default_manager.filter(**{relation.field.name: row.pk}).exists()
    ]
    return list(dict.fromkeys(found))


def _add(of: type[K], fields: Mapping[str, Any], by: str, now: datetime) -> K:
    try:
        with transaction.atomic():
            return of._default_manager.create(**fields, saved_by=by, saved_at=now)
    except IntegrityError as taken:
        raise _already_there() from taken


def _change(rows: models.QuerySet[K], fields: Mapping[str, Any], by: str, now: datetime, version: int | None) -> K:
    row = lock_version(rows, version)
    try:
        with transaction.atomic():
            save_version(row, fields, by=by, now=now)
    except IntegrityError as taken:
        raise _already_there() from taken
    return row


def _already_there() -> AlreadyThere:
    return AlreadyThere(
        _("Somebody has just saved another row with one of these ids. Nothing was saved; look at it, then save again.")
    )


def _still_used(row: Model, referring: list[str]) -> str:
    return _("“%(row)s” can't be deleted, because there is something that refers to it: %(what)s.") % {
        "row": row,
        "what": ", ".join(referring),
    }
