"""Columns of lists that have no file on pages."""

from collections.abc import Callable
from typing import Any

from integration.pages.columns import Column, Columns

from ..models.customers import Device, DeviceLocation, SubscribedDevice, Subscription
from ..models.unavailability import Unavailability


def _of_device(device: Callable[[Any], Device]) -> tuple[Column[Any], ...]:
    """The columns of a row's device."""
    return (
        Column("Head end", value=lambda row: device(row).head_end),
        Column("NIC id", value=lambda row: device(row).nic_id),
        Column("Class", value=lambda row: device(row).device_class),
        Column("Model", value=lambda row: device(row).model),
        Column("Rated (W)", value=lambda row: device(row).rated_w),
    )


# With the subscriptions that are open.
CUSTOMERS = Columns[Any](
    "",
    Column("Customer", value=lambda c: c.number),
    Column("Name", value=lambda c: c.name),
    Column("Account", value=lambda c: c.account),
    Column("Phone", value=lambda c: c.phone),
    Column("E-mail", value=lambda c: c.email),
    Column("Device locations", value=lambda c: [place.address for place in c.locations.all()]),
    Column("Programs", value=lambda c: [one.program.code for one in c.open_subscriptions]),
)
LOCATIONS = Columns[DeviceLocation](
    "",
    Column("Location", value=lambda at: at.pk),
    Column("Address", value=lambda at: at.address),
    Column("Time zone", value=lambda at: at.time_zone),
    Column("Control zone", value=lambda at: at.zone),
    Column("Substation", value=lambda at: at.substation),
    Column("Feeder", value=lambda at: at.feeder),
    Column("Transformer", value=lambda at: at.transformer),
    Column("Moved out", value=lambda at: at.left_at),
)
DEVICES = Columns[Device](
    "",
    Column("Device", value=lambda d: d.pk),
    *_of_device(lambda d: d),
    Column("Location", value=lambda d: d.location_id),
    Column("Installed", value=lambda d: d.installed_at),
    Column("Taken out", value=lambda d: d.ended_at),
)
SUBSCRIPTIONS = Columns[Subscription](
    "",
    Column("Subscription", value=lambda s: s.pk),
    Column("Enrollment", value=lambda s: s.enrollment.pk if hasattr(s, "enrollment") else None),
    Column("Program", value=lambda s: s.program.code),
    Column("Location", value=lambda s: s.location_id),
    Column("From", value=lambda s: s.starts_at),
    Column("Until", value=lambda s: s.ends_at),
)
UNAVAILABILITY = Columns[Unavailability](
    "",
    Column("Unavailability", value=lambda period: period.uid),
    Column("Version", value=lambda period: period.version),
    *_of_device(lambda period: period.device)[:2],
    Column("From", value=lambda period: period.starts_at),
    Column("Until", value=lambda period: period.ends_at),
    Column("Reason", value=lambda period: period.reason),
    Column("State", value=lambda period: period.state),
)
ENROLLED_DEVICES = Columns[SubscribedDevice](
    "",
    *_of_device(lambda one: one.device),
    Column("Answer", value=lambda one: one.answer),
    Column("Error", value=lambda one: one.error),
)
