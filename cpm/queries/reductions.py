"""How much the devices of a program event reduced, next to what was expected of them."""

from typing import NamedTuple

from cpm.models.program_events import ProgramEvent
from integration.seam import sql
from integration.seam.sql import statement

# Above this many devices a sample is read: its shares are right to a percent.
READ_UP_TO = 25_000
MOST_TENTHS = 15
NOTHING = -1


class Reductions(NamedTuple):
    """Devices with an outcome by tenths of what was expected: 10 means 100 to 110 %, MOST_TENTHS that or more.

    `one_in` is 1 if all of them were read, else one in so many; `unexpected` are devices of which nothing was expected.
    """

    devices: dict[int, int]
    unexpected: int
    one_in: int

    @property
    def total(self) -> int:
        """The devices of which something was expected, as far as they were read."""
        return sum(self.devices.values())

    def reached(self, tenths: int) -> int:
        """How many devices reduced at least so many tenths of what was expected."""
        return sum(count for reached, count in self.devices.items() if reached >= tenths)


def reductions(event: ProgramEvent) -> Reductions:
    """Return how much the devices of a program event reduced; of many devices, what a sample did."""
    one_in = 1
    while event.closed > one_in * READ_UP_TO:
        one_in *= 2
    params = {"program_event": event.pk, "most": MOST_TENTHS, "one_in": one_in}
    found: dict[int | None, int] = dict(sql.rows(statement("cpm", "reductions"), params))
    unexpected = found.pop(None, 0)
    return Reductions({tenths: count for tenths, count in found.items() if tenths is not None}, unexpected, one_in)
