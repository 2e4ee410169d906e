"""How Live Energy Connect reaches devices: one driver per head end, by the name in the head end's profile."""

from ..models import HeadEndProfile
from .driver import Driver, Rows, Unaware
from .openadr import OpenADR
from .simulated import Simulated

__all__ = ["DRIVERS", "Driver", "DriverMissing", "Rows", "Unaware", "driver_of", "drivers_in_use"]

DRIVERS: dict[str, Driver] = {driver.name: driver for driver in (Simulated(), OpenADR())}


class DriverMissing(LookupError):
    """A head end's profile names a driver that is not in DRIVERS."""


def drivers_in_use() -> list[Driver]:
    """The drivers that head ends use. Raises DriverMissing."""
    names = HeadEndProfile.objects.order_by("driver").values_list("driver", flat=True).distinct()
    return [_named(name) for name in names]


def driver_of(head_end: str) -> Driver | None:
    """The driver of one head end; None if it has no profile yet. Raises DriverMissing."""
    name = HeadEndProfile.objects.filter(head_end=head_end).values_list("driver", flat=True).first()
    return None if name is None else _named(name)


def _named(name: str) -> Driver:
    if name not in DRIVERS:
        raise DriverMissing(f"There is no driver “{name}”.")
    return DRIVERS[name]
