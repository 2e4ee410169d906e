"""The power that could be called now, by program, as it was last counted."""

from datetime import datetime
from typing import NamedTuple

from django.core.cache import cache

KEY = "derms.available_power"


class Available(NamedTuple):
    """The free devices of a program, and the power in kW expected of them in this hour."""

    program: str
    devices: int
    kw: float


class AvailablePower(NamedTuple):
    """What each program could give, the most first; `whole` counts a device of several programs once."""

    counted_at: datetime
    programs: list[Available]
    whole: Available


def available_power() -> AvailablePower | None:
    """Return the latest count; None if there is none of the last quarter of an hour."""
    found: AvailablePower | None = cache.get(KEY)
    return found
