"""Replace Device: the new one takes the old one's place in its programs."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.customers import Device, SubscribedDevice
from cpm.models.enrollments import Enrollment
from integration.pages.moments import day_text
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

from ..choices import SyncAnswer
from ..planning import Application
from .enrollment import require_free_nic_id, require_short, send_change
from .enrollment_records import (
    enrollment_of_subscription,
    lock_location,
    moment_of_change,
    require_met,
    save_enrollment,
)
from .unavailability import move_periods

REPLACED = recorded("Device %(old)s was replaced by %(new)s.")


class DeviceTakenOut(Refused):
    """The device was taken out."""


@transaction.atomic
def replace_device(
    *, device_id: int, nic_id: str, model: str, rated_w: int, now: datetime, make: str = "", by: str = "system"
) -> Device:
    """Replace an old device with a new one, which takes over the customer's coming unavailability.

    The old one's row stays, with an end, so that outcomes can be matched. An opt-out stays with it, too: a stage that
    somebody could opt out of has its reservations and does not choose the new device. Raises EnrollmentNotAllowed if a
    program that the old one is in does not take the new one.
    """
    nic_id = nic_id.strip()
    require_short(nic_id)
    lock_location(Device.objects.values_list("location", flat=True).get(pk=device_id))
    old = Device.objects.select_for_update(no_key=True, of=("self",)).select_related("location").get(pk=device_id)
    if old.ended_at:
        raise DeviceTakenOut(
            _("Device %(old)s was taken out on %(ended)s; it can't be replaced again.")
            % {"old": old, "ended": day_text(old.ended_at, old.location.time_zone)}
        )
    require_free_nic_id(old.head_end, nic_id)
    old.ended_at = now
    old.save(update_fields=["ended_at"])
    new = Device.objects.create(
        location=old.location,
        head_end=old.head_end,
        nic_id=nic_id,
        device_class=old.device_class,
        make=make,
        model=model,
        rated_w=rated_w,
        critical_care=old.critical_care,
        installed_at=now,
    )
    subscribed = old.subscribed.filter(subscription__ends_at=None).select_related("subscription__program__type")
    joined = [(one, enrollment_of_subscription(one.subscription)) for one in subscribed.order_by("pk")]
    require_met(*(Application(one.subscription.program, new.location, [new], its) for one, its in joined))
    for one, its in joined:
        _replace_in(one, its, new, by, now)
    move_periods(old=old, new=new, by=by, now=now)
    return new


def _replace_in(old: SubscribedDevice, enrollment: Enrollment, new: Device, by: str, now: datetime) -> None:
    at, was = moment_of_change(enrollment, now), enrollment.state
    old.answer, old.error = SyncAnswer.PENDING, ""
    old.save(update_fields=["answer", "error"])
    SubscribedDevice.objects.create(subscription=old.subscription, device=new)
    send_change("replace", old.subscription, new, at, replaces_nic_id=old.device.nic_id)
    enrollment.register()
    save_enrollment(enrollment, was=was, by=by, now=at, why=REPLACED(old=old.device.nic_id, new=new.nic_id))
