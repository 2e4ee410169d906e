"""Who was called this season: read from what a choice reads."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from derms.models import ControlZone
from integration.seam import sql
from integration.seam.sql import statement


class ProgramCalls(NamedTuple):
    """The enrolled devices of a program by the number of this season's events that called them, fewest events first."""

    code: str
    name: str
    counts: Sequence[tuple[int, int]]

    @property
    def devices(self) -> int:
        return sum(devices for _events, devices in self.counts)

    @property
    def fewest(self) -> int:
        return self.counts[0][0]

    @property
    def most(self) -> int:
        return self.counts[-1][0]

    @property
    def median(self) -> int:
        """The events of the device in the middle."""
        left = self.devices / 2
        for events, devices in self.counts:
            left -= devices
            if left <= 0:
                return events
        return self.most


def program_calls(now: datetime) -> list[ProgramCalls]:
    """The programs with enrolled devices, by code, each with the calls of its devices this season."""
    zones = list(ControlZone.objects.order_by("pk"))
    params = {"zones": [zone.pk for zone in zones], "seasons": [zone.season(now) for zone in zones], "now": now}
    rows = sql.rows(statement("derms", "program_calls"), params)
    return [
        ProgramCalls(code, name, [(events, devices) for *_of, events, devices in counts])
        for (code, name), counts in groupby(rows, key=lambda row: row[:2])
    ]
