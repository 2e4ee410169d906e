"""How Live Energy Connect reaches the devices behind head ends: a driver each, by the name in a head end's profile."""

from ..models import HeadEndProfile
from .driver import Driver, Rows
from .simulated import Simulated

__all__ = ["DRIVERS", "Driver", "DriverMissing", "Rows", "driver_of", "drivers_in_use"]

DRIVERS: dict[str, Driver] = {driver.name: driver for driver in (Simulated(),)}


class DriverMissing(LookupError):
    """A head end has a driver that is not among DRIVERS."""


def drivers_in_use() -> list[Driver]:
    """The drivers that some head end has. Raises DriverMissing."""
    names = HeadEndProfile.objects.order_by("driver").values_list("driver", flat=True).distinct()
    return [_named(name) for name in names]


def driver_of(head_end: str) -> Driver | None:
    """The driver of one head end, None before it is met. Raises DriverMissing."""
    name = HeadEndProfile.objects.filter(head_end=head_end).values_list("driver", flat=True).first()
    return None if name is None else _named(name)


def _named(name: str) -> Driver:
    if name not in DRIVERS:
        raise DriverMissing(f"No driver is called “{name}”.")
    return DRIVERS[name]
