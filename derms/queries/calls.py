"""Who was called this season, and who never answers: read from what a choice reads."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from derms.models import ControlZone
from integration.seam import sql
from integration.seam.sql import Sql, statement

SILENT = 3  # calls running; then a choice leaves a device out (sql/schema/candidates.sql)
PROBED_AFTER = timedelta(days=14)


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


class Silent(NamedTuple):
    """A device that was silent in its last three calls or more; `rated_w` is what it could draw, in W."""

    device_id: int
    head_end: str
    nic_id: str
    program: str
    zone: str
    rated_w: int
    last_called_on: date

    @property
    def called_again_on(self) -> date:
        """The day from which it may be called again, with nothing expected of it."""
        return self.last_called_on + PROBED_AFTER


def program_calls(now: datetime) -> list[ProgramCalls]:
    """The programs with enrolled devices, by code, each with the calls of its devices this season."""
    zones = list(ControlZone.objects.order_by("pk"))
    params = {"zones": [zone.pk for zone in zones], "seasons": [zone.season(now) for zone in zones], "now": now}
    rows = sql.rows(statement("derms", "program_calls"), params)
    return [
        ProgramCalls(code, name, [(events, devices) for *_of, events, devices in counts])
        for (code, name), counts in groupby(rows, key=lambda row: row[:2])
    ]


def never_answering(now: datetime, *, after: int = 0, limit: int) -> list[Silent]:
    """Devices that never answer, by id."""
    return [Silent(*row) for row in sql.rows(*_never_answering(now, after, limit))]


def never_answering_count(now: datetime, *, most: int) -> int:
    """How many devices never answer, counting at most so many."""
    return sql.count(*_never_answering(now, 0, most))


def _never_answering(now: datetime, after: int, limit: int) -> tuple[Sql, dict[str, object]]:
    params = {"silent": SILENT, "after": after, "now": now, "limit": limit}
    return statement("derms", "never_answering"), params
